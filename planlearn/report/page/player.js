"use strict";
/* The step player: PL.player(element, {picture, onMove}) -> {load, go, position, state, pause, destroy}.
 *
 * picture: the spec of PL.picture, or null. onMove(position): called when the position changed, by a reader or by load() and go().
 * load(entry, {attempt, track, step, keep}): shows an entry (see planlearn/report/playback.py; attempts carry a "label", perhaps a "prompt" and a
 *   "note"). keep: stay at the position that the reader chose last, as far as the entry has it. Without a step it
 *   opens where the attempt first goes wrong.
 * go({attempt, track, step}): what is left out stays. position() -> {attempt, track, step}: step 0 is before the first step, n after step n.
 * state(): the facts that are true at the position, as texts; null after the failure.
 * Where there is more than one attempt and room, a second one can be set beside, which follows step by step (`beside`: this player is that one).
 * Arrow keys, Home and End move while the focus is inside; left and right also while the player is in view and no text field, list or scrolled text
 * has the focus.
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const { el } = PL;
  const MOST_TEXT = 20000;
  const MOST_FACTS = 60;
  const BEAT = 1400;

  const KINDS = {
    plan_syntax: "unreadable plan",
    unknown_action: "unknown action",
    wrong_arity: "wrong number of arguments",
    unknown_object: "unknown object",
    wrong_type: "wrong type",
    precondition: "precondition does not hold",
    numeric_undefined: "undefined number",
    numeric_conflict: "conflicting numbers",
    goal: "goal not reached",
    initial_state: "wrong first state",
    state_fact: "impossible fact in a state",
    transition: "wrong state after the action",
    claim: "wrong claim",
    plan_mismatch: "chain and plan differ",
  };
  const VIOLATIONS = {
    unsatisfied: "does not hold",
    unsatisfied_goal: "does not hold in the end",
    missing: "left out",
    extra: "in excess",
    missing_add: "not added, though the action adds it",
    missing_delete: "kept, though the action deletes it",
    frame_lost: "lost, though nothing deletes it",
    frame_gained: "gained, though nothing adds it",
    unknown_predicate: "no such predicate",
    unknown_object: "no such object",
    wrong_arity: "wrong number of arguments",
    wrong_type: "wrong type",
    said_true: "said to hold, and does not",
    said_false: "said not to hold, and does",
  };
  // What a chain's checker judges from the state that the chain claims before the step.
  const FROM_CLAIMS = new Set(["precondition", "transition", "claim", "goal", "numeric_undefined", "numeric_conflict"]);
  const SAID = new Set(["said_true", "said_false"]);
  const UNREAD = "Not known: the action cannot be read.";

  const kindOf = (kind) => (Object.hasOwn(KINDS, kind) ? KINDS[kind] : kind);
  const violationOf = (kind) => (Object.hasOwn(VIOLATIONS, kind) ? VIOLATIONS[kind] : kind);
  const hidden = (text) => el("span", { class: "visually-hidden", text });
  const sign = (text, cls) => el("span", { class: `pl-sign ${cls || ""}`, "aria-hidden": "true", text });
  const code = (text, most = 300) => {
    const shown = PL.short(text, most);
    return el("bdi", { class: "mono", title: shown === text ? null : PL.short(text, 2000) }, shown);
  };
  const section = (cls, title, ...content) => el("section", { class: `pl-section ${cls}` }, el("h3", { text: title }), content);

  function list(cls, items) {
    const made = el("ul", { class: `pl-list ${cls}` }, items.slice(0, MOST_FACTS));
    if (items.length > MOST_FACTS) {
      const more = el("button", {
        type: "button",
        class: "link",
        text: `show ${items.length - MOST_FACTS} more`,
        on: { click: () => (made.replaceChildren(...items), (made.tabIndex = -1), made.focus()) },
      });
      made.append(el("li", {}, more));
    }
    return made;
  }

  PL.player = function (element, { picture: spec = null, onMove = null, beside = false } = {}) {
    let entry = null;
    let at = { attempt: 0, track: 0, step: 0 };
    // The position that was chosen last; `at` is as much of it as the entry has.
    let wished = { ...at };
    let told = "";
    let views = null;
    let timer = 0;
    let whole = null;
    let width = 0;

    // ---- the parts, made once and filled again at every move

    const part = (tag, options, ...children) => el(tag, options, ...children);
    const live = part("div", { class: "visually-hidden", "aria-live": "polite", role: "status" });
    const verdict = part("div", { class: "pl-verdict" });
    const attempts = part("div", { class: "pl-tabs", role: "group", "aria-label": "Attempts" });
    const tracks = part("div", { class: "pl-tabs tracks", role: "group", "aria-label": "What is followed" });
    const faults = part("div", { class: "pl-faults" });
    const steps = part("ol", { class: "pl-steps" });
    const stepsBox = part("nav", { class: "pl-steps-box", "aria-label": "Steps" }, steps);
    // Not `disabled`, which would take the focus away.
    const able = (button) => button.getAttribute("aria-disabled") !== "true";
    const enable = (button, may) => button.setAttribute("aria-disabled", String(!may));
    const control = (label, text, act) => {
      const button = el(
        "button",
        { type: "button", class: "pl-control", "aria-label": label, title: label, on: { click: () => able(button) && act() } },
        PL.svg("svg", { viewBox: "0 0 16 16", class: "pl-glyph", "aria-hidden": "true" }, PL.svg("path", { d: text })),
      );
      return button;
    };
    const first = control("First: before any step", "M3 3v10M13 3v10L6 8z", () => move({ step: 0 }));
    const back = control("Previous step", "M11 3v10L4.5 8z", () => move({ step: at.step - 1 }));
    const next = control("Next step", "M5 3v10L11.5 8z", () => move({ step: at.step + 1 }));
    const final = control("Last step", "M13 3v10M3 3v10L10 8z", () => move({ step: Infinity }));
    const playText = el("span", { text: "Play" });
    const play = el(
      "button",
      { type: "button", class: "pl-control pl-play", on: { click: () => able(play) && (timer ? pause() : start()) } },
      playText,
    );
    const compareButton = el(
      "button",
      { type: "button", class: "pl-compare no-print", "aria-pressed": "false", "data-control": "compare", on: { click: () => compare() } },
      "Side by side",
    );
    const where = part("span", { class: "pl-where" });
    const controls = part(
      "div",
      { class: "pl-controls no-print", role: "group", "aria-label": "Move through the steps" },
      first,
      back,
      next,
      final,
      play,
      where,
    );
    const action = part("h3", { class: "pl-action" });
    const pictures = part("div", { class: "pl-pictures" });
    const details = part("div", { class: "pl-details" });
    const stage = part("div", { class: "pl-stage" }, controls, action, pictures, details);
    const texts = part("div", { class: "pl-texts" });
    const paper = part("div", { class: "pl-paper" });
    element.classList.add("pl-player");
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", beside ? "Another attempt" : "Step player");
    element.tabIndex = -1;
    const own = el("div", { class: "pl-own" }, verdict, attempts, tracks, faults, el("div", { class: "pl-main" }, stepsBox, stage), texts);
    const otherBox = el("div", { class: "pl-other" });
    element.replaceChildren(...(beside ? [own] : [live, own, otherBox, paper]));
    let other = null;

    // ---- another attempt beside this one

    function compare() {
      if (other) {
        other.destroy();
        other = null;
      } else {
        other = PL.player(otherBox, { picture: spec, beside: true });
      }
      element.classList.toggle("comparing", Boolean(other));
      compareButton.setAttribute("aria-pressed", String(Boolean(other)));
      if (other) other.load(entry, { attempt: at.attempt ? at.attempt - 1 : 1, step: at.step });
    }

    const figure = (cls, title) => {
      const caption = el("figcaption", {}, title);
      const body = el("div", { class: "pl-figure-body" });
      const box = el("figure", { class: `pl-figure ${cls}` }, caption, body);
      return { box, caption, body, picture: null };
    };

    // ---- what an attempt's track says at each position

    const attempt = () => entry.attempts[at.attempt] || EMPTY_ATTEMPT;
    const EMPTY_ATTEMPT = { outcome: "", message: "", feedback: "", text: "", faults: [], tracks: [], unread: [], label: "" };
    const EMPTY_TRACK = { name: "", first: null, steps: [], goal_end: [], states: null };

    // The true states along a track: before the first step, after each step that is done.
    function trackOf(one, number) {
      const made = one.tracks[number];
      if (!made) return { ...EMPTY_TRACK, states: [new Set(entry.problem.init)], failing: 0 };
      if (runs.has(made)) return runs.get(made);
      const states = [new Set(entry.problem.init)];
      let failing = 0;
      made.steps.forEach((step, place) => {
        if (failing || !step.done) {
          failing = failing || place + 1;
          return;
        }
        const state = new Set(states[place]);
        step.delete.forEach((fact) => state.delete(fact));
        step.add.forEach((fact) => state.add(fact));
        states.push(state);
      });
      const run = { ...made, states, failing };
      runs.set(made, run);
      return run;
    }
    let runs = new Map();

    const faultsAt = (one, track, step) => one.faults.filter((fault) => concerns(one, fault, track) && placeOf(fault, track) === step);
    // A fault of the whole plan stands after its last step.
    const placeOf = (fault, track) => (ofWhole(fault) ? track.steps.length : Math.min(fault.step, track.steps.length));
    const ofWhole = (fault) => fault.step === null || fault.step === undefined;
    const concerns = (one, fault, track) => fault.track === track.name || !track.name || homeOf(one, fault) === track.name;
    // Where a chain ends before its plan, the fault stands at the plan's step, too.
    function homeOf(one, fault) {
      const own = one.tracks.find((each) => each.name === fault.track);
      if (!own || ofWhole(fault) || fault.step <= own.steps.length) return fault.track;
      const longer = one.tracks.find((each) => each.steps.length >= fault.step);
      return longer ? longer.name : fault.track;
    }
    // A step's own faults, without those of the whole plan.
    const ownFaults = (one, track, step) => one.faults.some((fault) => fault.step === step && concerns(one, fault, track));
    const wrongClaim = (claim) => claim && (claim.missing.length || claim.extra.length);

    // What the last state that the text writes before a step says wrongly; null where it writes none.
    const claimBefore = (run, step) =>
      run.steps
        .slice(0, Math.max(0, step - 1))
        .map((each) => each.claim)
        .findLast(Boolean) || run.first;

    function startOf(one, track) {
      const own = one.faults.filter((fault) => concerns(one, fault, track)).map((fault) => placeOf(fault, track));
      return own.length ? Math.min(...own) : 0;
    }

    // ---- moving

    function load(made, { attempt: number, track, step, keep = false } = {}) {
      const held = keep && entry ? wished : null;
      const was = held ? attempt().outcome : null;
      pause();
      entry = made;
      runs = new Map();
      whole = null;
      const count = entry.attempts.length;
      const inside = (value, most) => Math.max(0, Math.min(value, most));
      at.attempt = inside(number ?? (held ? held.attempt : count - 1), Math.max(0, count - 1));
      const one = attempt();
      const broken = one.tracks.findIndex((each) => one.faults.some((fault) => fault.track === each.name));
      at.track = inside(track ?? (held ? held.track : Math.max(0, broken)), Math.max(0, one.tracks.length - 1));
      const run = trackOf(one, at.track);
      at.step = inside(step ?? (held ? held.step : startOf(one, run)), run.steps.length);
      wished = held ? { attempt: number ?? held.attempt, track: track ?? held.track, step: step ?? held.step } : { ...at };
      makePictures();
      holdFocus(fillAttempt);
      fillStep(false, !held ? "" : one.outcome === was ? null : `${PL.outcomeWord(one.outcome)}. `);
      if (other && entry.attempts.length < 2) compare();
      else if (other) other.load(entry, { step: at.step, keep: true });
      tell();
    }

    function move({ attempt: number = at.attempt, track, step }) {
      if (!entry) return;
      const asked = [number, track, step].join() !== [at.attempt, undefined, undefined].join();
      const before = { ...at };
      at.attempt = Math.max(0, Math.min(number, entry.attempts.length - 1));
      const one = attempt();
      const changed = at.attempt !== before.attempt;
      const broken = one.tracks.findIndex((each) => one.faults.some((fault) => fault.track === each.name));
      const chosen = track ?? (changed ? Math.max(0, broken) : at.track);
      at.track = Math.max(0, Math.min(chosen, one.tracks.length - 1));
      const run = trackOf(one, at.track);
      const another = changed || at.track !== before.track;
      at.step = Math.max(0, Math.min(step ?? (another ? startOf(one, run) : at.step), run.steps.length));
      if (asked) wished = { ...at };
      if (another) {
        whole = null;
        reserve();
        holdFocus(fillAttempt);
      } else if (at.step === before.step) return;
      if (at.step === run.steps.length || at.step < before.step) pause();
      fillStep(true);
      if (other) other.go({ step: at.step });
      tell();
    }

    // What is made anew takes the focus that its forerunner had.
    function holdFocus(act) {
      const had = own.contains(document.activeElement) ? document.activeElement : null;
      const key = had && had.dataset.control;
      act();
      if (!had || (had.isConnected && document.activeElement === had)) return;
      const there = (name) => [...own.querySelectorAll("[data-control]")].find((one) => one.dataset.control === name && one.getClientRects().length);
      (there(key) || there(`attempt ${at.attempt}`) || element).focus({ preventScroll: true });
    }

    function tell() {
      const key = `${at.attempt} ${at.track} ${at.step}`;
      if (key === told) return;
      told = key;
      if (onMove) onMove({ ...at });
    }

    function start() {
      const run = trackOf(attempt(), at.track);
      if (!run.steps.length) return;
      if (at.step >= run.steps.length) move({ step: 0 });
      timer = setInterval(() => move({ step: at.step + 1 }), BEAT);
      playText.textContent = "Pause";
    }

    function pause() {
      clearInterval(timer);
      timer = 0;
      playText.textContent = "Play";
    }

    // ---- pictures

    function makePictures() {
      // As wide as the pictures before them, so that they are laid out once.
      const seen = views ? views.before.picture.width() : 0;
      if (views) Object.values(views).forEach((view) => view.picture && view.picture.destroy());
      views = { before: figure("before", "Before"), after: figure("after", "After"), claimed: figure("claimed", "As the text claims") };
      if (seen) width = seen;
      else if (!width) width = Math.max(260, Math.min(520, (pictures.clientWidth || 640) / (pictures.clientWidth > 560 ? 2 : 1) - 30));
      for (const view of [views.before, views.after]) {
        view.picture = PL.picture(spec, entry.problem, { width });
        view.body.append(view.picture.element);
      }
      pictures.replaceChildren(...Object.values(views).map((view) => view.box));
      reserve();
    }

    function reserve() {
      const run = trackOf(attempt(), at.track);
      views.before.picture.reserve(run.states);
      views.after.picture.reserve(run.states);
      // A claimed state may be of any shape, and is seldom looked at: its room is found when it is.
      claimsReserved = false;
    }

    let claimsReserved = false;
    function reserveClaims(run) {
      if (claimsReserved) return;
      claimsReserved = true;
      const claims = [run.first, ...run.steps.map((step) => step.claim)];
      const wrong = claims.map((claim, step) => (wrongClaim(claim) ? claimedState(run, claim, step) : null)).filter(Boolean);
      views.claimed.picture.reserve([...run.states.slice(0, 30), ...wrong.slice(0, 30)]);
    }

    function claimedState(run, claim, step) {
      const state = new Set(run.states[Math.min(step, run.states.length - 1)]);
      claim.missing.forEach((fact) => state.delete(fact));
      claim.extra.forEach((fact) => state.add(fact));
      return state;
    }

    // ---- what an attempt shows at every step

    function fillAttempt() {
      const one = attempt();
      const run = trackOf(one, at.track);
      verdict.replaceChildren(
        one.outcome ? PL.badge(one.outcome) : "",
        el("p", { class: "pl-message" }, code(one.message, 600)),
        one.note ? el("p", { class: "muted", text: PL.short(one.note, 2000) }) : "",
      );
      attempts.hidden = entry.attempts.length < 2;
      attempts.replaceChildren(
        ...entry.attempts.map((each, number) =>
          el(
            "button",
            {
              type: "button",
              class: "pl-tab",
              "aria-pressed": String(number === at.attempt),
              "data-control": `attempt ${number}`,
              on: { click: () => move({ attempt: number }) },
            },
            sign(PL.outcomeSign(each.outcome), PL.outcomeClass(each.outcome)),
            PL.name(each.label || `attempt ${number + 1}`, 40),
            el("span", { class: "muted", text: PL.outcomeWord(each.outcome) }),
          ),
        ),
      );
      if (!beside) attempts.append(compareButton);
      tracks.hidden = one.tracks.length < 2;
      tracks.replaceChildren(
        ...one.tracks.map((each, number) =>
          el(
            "button",
            {
              type: "button",
              class: "pl-tab",
              "aria-pressed": String(number === at.track),
              "data-control": `track ${number}`,
              on: { click: () => move({ track: number }) },
            },
            each.name,
            el("span", { class: "muted", text: `${each.steps.length} ${each.steps.length === 1 ? "step" : "steps"}` }),
          ),
        ),
      );
      fillFaults(one, run);
      const item = (number, mark, cls, said, ...content) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: `pl-step ${cls}`, "data-control": `step ${number}`, on: { click: () => move({ step: number }) } },
            el("span", { class: "pl-number", "aria-hidden": "true", text: number || "" }),
            ...content,
            sign(mark, cls),
            said && hidden(` (${said})`),
          ),
        );
      const atStart = wrongClaim(run.first) ? "wrong claim" : ownFaults(one, run, 0) ? "with a fault" : "";
      steps.replaceChildren(
        item(0, atStart && "!", atStart && "claim", atStart, "Start"),
        ...run.steps.map((step, place) => {
          const number = place + 1;
          const faulty = ownFaults(one, run, number);
          const [mark, cls, said] =
            number === run.failing
              ? ["✗", "failing", "cannot be executed"]
              : run.failing && number > run.failing
                ? faulty
                  ? ["!", "behind claim", "not executed, with a fault"]
                  : ["·", "behind", "not executed"]
                : faulty || wrongClaim(step.claim)
                  ? ["!", "claim", "executed, with a fault"]
                  : ["✓", "done", "executed"];
          return item(number, mark, cls, said, code(step.action, 80));
        }),
      );
      fillTexts(one);
    }

    function fillFaults(one, run) {
      const others = one.faults.slice(0, 20).map((fault, place) => {
        const home = homeOf(one, fault);
        const number = one.tracks.findIndex((each) => each.name === home);
        const there = number < 0 ? null : { track: number, step: placeOf(fault, one.tracks[number]) };
        const of = fault.step === null || fault.step === undefined ? "Whole plan" : fault.step === 0 ? "First state" : `Step ${fault.step}`;
        const said = `${of}: ${kindOf(fault.kind)}`;
        const where = fault.line ? ` (line ${fault.line}, column ${fault.column})` : "";
        return el(
          "li",
          {},
          sign("✗", "bad"),
          there
            ? el("button", { type: "button", class: "link", text: said, "data-control": `fault ${place}`, on: { click: () => move(there) } })
            : el("span", { text: said }),
          el("span", { class: "muted", text: where + (one.tracks.length > 1 ? `, in the ${fault.track}` : "") }),
        );
      });
      if (one.faults.length > 20) others.push(el("li", { class: "muted", text: `and ${one.faults.length - 20} more` }));
      faults.hidden = !others.length;
      faults.replaceChildren(
        el("h3", { text: others.length === 1 ? "What is wrong" : `What is wrong (${one.faults.length})` }),
        el("ul", { class: "pl-list" }, others),
      );
    }

    function fillTexts(one) {
      const parts = [];
      if (one.feedback) parts.push(section("pl-feedback", "Feedback", cutText(one.feedback, "Feedback")));
      if (one.unread && one.unread.length)
        parts.push(
          section(
            "pl-unread",
            "Lines that could not be read",
            list(
              "",
              one.unread.map((each) => el("li", {}, code(each))),
            ),
          ),
        );
      if (one.prompt)
        parts.push(
          el(
            "details",
            { class: "pl-section pl-prompt" },
            el("summary", { text: `Prompt (${PL.byteSize(one.prompt.length)})` }),
            cutText(one.prompt, "Prompt"),
          ),
        );
      answer = null;
      if (one.text) {
        answer = el("pre", {
          class: "pl-answer",
          tabindex: "0",
          role: "region",
          "aria-label": "The text that was judged",
          "data-pl-scroll": true,
        });
        answerMore = el("div", {});
        parts.push(section("pl-text", "The text that was judged", answer, answerMore));
      }
      texts.replaceChildren(...parts);
    }
    let answer = null;
    let answerMore = null;

    function cutText(text, label) {
      const box = el("pre", { tabindex: "0", role: "region", "aria-label": label, "data-pl-scroll": true });
      box.append(PL.safe(text.slice(0, MOST_TEXT)));
      if (text.length <= MOST_TEXT) return box;
      const more = el("button", {
        type: "button",
        text: `show all (${PL.byteSize(text.length)})`,
        on: { click: () => (box.replaceChildren(PL.safe(text)), more.remove(), box.focus()) },
      });
      return [box, more];
    }

    // ---- what one position shows

    // said: what is told before the position; null: nothing is told.
    function fillStep(animate, said = "") {
      const one = attempt();
      const run = trackOf(one, at.track);
      const count = run.steps.length;
      const step = at.step ? run.steps[at.step - 1] : null;
      const failing = run.failing && at.step === run.failing;
      const behind = run.failing && at.step > run.failing;
      const claim = at.step ? step.claim : run.first;
      for (const button of [first, back]) enable(button, at.step > 0);
      for (const button of [next, final]) enable(button, at.step < count);
      enable(play, count > 0);
      const words = count
        ? at.step
          ? `Step ${at.step} of ${count}`
          : `Start, before ${count} ${count === 1 ? "step" : "steps"}`
        : "No steps";
      where.replaceChildren(words);
      const state = failing ? "cannot be executed" : behind ? "not executed" : at.step ? "executed" : "";
      action.replaceChildren(
        step ? code(step.action, 200) : "Start",
        state && el("span", { class: `badge ${failing ? "bad" : behind ? "" : "good"}` }, sign(failing ? "✗" : behind ? "·" : "✓"), state),
      );
      const claims = wrongClaim(claim) && !failing && !behind ? "; the text claims another state" : "";
      const spoken = PL.safe(`${said ?? ""}${words}${step ? `: ${PL.short(step.action, 200)} ${state}` : ""}${claims}`);
      if (said !== null && live.textContent !== spoken) live.replaceChildren(spoken);
      [...steps.children].forEach((each, place) =>
        place === at.step ? each.firstChild.setAttribute("aria-current", "step") : each.firstChild.removeAttribute("aria-current"),
      );
      showPictures(run, step, failing, behind, claim, animate);
      fillDetails(one, run, step, failing, behind, claim);
      fillAnswer(one, step);
      requestAnimationFrame(scrollAlong);
    }

    function showPictures(run, step, failing, behind, claim, animate) {
      const { before, after, claimed } = views;
      const last = run.states.length - 1;
      const none = new Set();
      before.box.hidden = behind;
      before.caption.textContent = step ? "Before" : run.steps.length ? "Before the first step" : "Initial state";
      if (!behind) {
        before.picture.show(run.states[Math.min(step ? at.step - 1 : 0, last)], {
          changed: { added: none, removed: new Set(step && !failing ? step.delete : []) },
          animate,
        });
      }
      after.box.hidden = !step;
      after.box.classList.toggle("failed", Boolean(failing || behind));
      after.caption.textContent = behind ? "Not executed" : "After";
      if (step && !failing && !behind) {
        if (after.note) after.note.remove();
        after.note = null;
        after.picture.element.hidden = false;
        after.picture.show(run.states[at.step], { changed: { added: new Set(step.add), removed: none }, animate });
      } else if (step) {
        after.picture.element.hidden = true;
        if (!after.note) after.body.append((after.note = el("div", { class: "pl-note" })));
        const unmet = step.needs.filter(([, held]) => held === false);
        after.note.replaceChildren(
          ...(behind
            ? [
                el("p", {}, sign("·"), `Step ${run.failing} cannot be executed, so no later step is.`),
                el("p", { text: `The last true state is the one before step ${run.failing}.` }),
              ]
            : [
                el("p", { class: "pl-note-head" }, sign("✗", "bad"), "The action cannot be executed here."),
                unmet.length ? el("p", { text: unmet.length === 1 ? "This does not hold:" : "These do not hold:" }) : "",
                unmet.length
                  ? list(
                      "",
                      unmet.map(([text]) => el("li", {}, sign("✗", "bad"), code(text))),
                    )
                  : "",
              ]),
        );
      }
      const wrong = wrongClaim(claim);
      claimed.box.hidden = !wrong;
      if (wrong) {
        if (!claimed.picture) {
          claimed.picture = PL.picture(spec, entry.problem, { width });
          claimed.body.append(claimed.picture.element);
        }
        reserveClaims(run);
        claimed.caption.textContent = failing || behind ? "As the text claims (marked against the last true state)" : "As the text claims";
        claimed.picture.show(claimedState(run, claim, at.step), {
          wrong: { missing: new Set(claim.missing), extra: new Set(claim.extra) },
          animate,
        });
      }
      pictures.dataset.count = String([before, after, claimed].filter((view) => !view.box.hidden).length);
    }

    const factItems = (numbers, mark, cls, said) =>
      numbers.map((number) => el("li", { class: cls }, sign(mark, cls), said && hidden(`${said}: `), code(entry.problem.facts[number])));

    // A chain's checker judges a step from the state that the chain claims before it. inClaim(kind, literal): whether what "does not hold" fails to hold
    // in what is claimed alone. note(fault): what to say of a fault that the true state, which is shown beside it, would not give.
    function judgedBy(run, step, failing, behind) {
      const claims = Boolean(run.first) || run.steps.some((each) => each.claim);
      const before = at.step ? claimBefore(run, at.step) : run.first;
      const needed = new Map(step ? step.needs : []);
      const inClaim = (kind, literal) => {
        if (!claims) return false;
        if (kind === "unsatisfied_goal") return run.goal_end[entry.problem.goal.findIndex((goal) => goal.text === literal)] === true;
        return kind === "unsatisfied" && (behind ? needed.has(literal) : needed.get(literal) === true);
      };
      const anyInClaim = (fault) => fault.violations.some(([kind, literal]) => inClaim(kind, literal));
      const note = (fault) => {
        if (!claims) return "";
        if (FROM_CLAIMS.has(fault.kind) && (behind || (failing && ofWhole(fault)))) return "Judged from what the text claims.";
        if (fault.kind === "goal") return anyInClaim(fault) ? "Judged against the last state that the text claims, which is not the true one." : "";
        if (fault.kind === "claim" && fault.violations.some(([kind]) => SAID.has(kind)))
          return wrongClaim(before) || (step && !failing && wrongClaim(step.claim))
            ? "Judged against the states that the text claims, which are not the true ones."
            : "";
        const other = fault.kind === "precondition" ? anyInClaim(fault) : fault.kind === "transition";
        return other && wrongClaim(before) ? "Judged against the state that the text claims before this step, which is not the true one." : "";
      };
      return { inClaim, note };
    }

    function fillDetails(one, run, step, failing, behind, claim) {
      const parts = [];
      const here = faultsAt(one, run, at.step);
      if (here.length) {
        const judged = judgedBy(run, step, failing, behind);
        parts.push(
          section(
            "pl-wrong",
            here.length === 1 ? "What is wrong here" : `What is wrong here (${here.length})`,
            here.slice(0, 20).map((fault) =>
              el(
                "div",
                { class: "pl-fault" },
                el("p", {}, sign("✗", "bad"), el("strong", { text: kindOf(fault.kind) })),
                el("p", { class: "pl-fault-message" }, code(fault.message, 1000)),
                judged.note(fault) && el("p", { class: "pl-judged", text: judged.note(fault) }),
                fault.violations.length
                  ? list(
                      "",
                      fault.violations.map(([kind, literal, cause]) =>
                        el(
                          "li",
                          {},
                          code(literal),
                          ` ${judged.inClaim(kind, literal) ? "does not hold in the claimed state" : violationOf(kind)}`,
                          cause && el("span", { class: "muted", text: ` — ${PL.short(cause, 400)}` }),
                        ),
                      ),
                    )
                  : "",
                fault.hint ? el("p", {}, "Did you mean ", code(fault.hint), "?") : "",
              ),
            ),
          ),
        );
      }
      if (step) {
        const unread = cannotBeRead(step);
        parts.push(
          section(
            "pl-needs",
            "Needs",
            step.needs.length
              ? list(
                  "",
                  step.needs.map(([text, held]) =>
                    el(
                      "li",
                      { class: held === false ? "bad" : "" },
                      sign(held === null ? "?" : held ? "✓" : "✗", held === null ? "" : held ? "good" : "bad"),
                      code(text),
                      held === false ? el("span", { text: " does not hold" }) : hidden(held ? " holds" : " not known"),
                    ),
                  ),
                )
              : el("p", { class: "muted", text: unread ? UNREAD : "Nothing." }),
            behind && step.needs.length ? el("p", { class: "muted", text: `Not known, since step ${run.failing} cannot be executed.` }) : "",
          ),
        );
        const would = failing || behind ? "would " : "";
        const effects = [
          ...factItems(step.add, "+", "added", `${would}${would ? "add" : "added"}`),
          ...factItems(step.delete, "−", "removed", `${would}${would ? "delete" : "deleted"}`),
        ];
        const numbers = (step.numbers || []).map(([fluent, old, now]) =>
          el("li", {}, sign("→"), code(fluent), ` ${old === null ? "undefined" : old} → ${now}`),
        );
        parts.push(
          section(
            "pl-does",
            would ? "Would do" : "Does",
            effects.length || numbers.length ? list("", [...effects, ...numbers]) : el("p", { class: "muted", text: unread ? UNREAD : "Nothing changes." }),
          ),
        );
      }
      if (claim) {
        const [missing, extra, words] =
          failing || behind
            ? ["not in the text", "only in the text", "− not in the text, true in the last true state; ? in the text, not true in it"]
            : ["left out", "in excess", "− left out, though true; ? in excess, though false"];
        const items = [...factItems(claim.missing, "−", "missing", missing), ...factItems(claim.extra, "?", "extra", extra)];
        const legend = el("p", { class: "muted" }, words);
        parts.push(
          section(
            "pl-claim",
            "The state that the text claims",
            items.length
              ? [list("", items), legend]
              : el("p", {}, sign("✓", "good"), failing || behind ? "The last true state." : "The true state."),
          ),
        );
      }
      const goals = entry.problem.goal;
      const state = behind ? null : run.states[Math.min(at.step, run.states.length - 1)];
      const end = at.step === run.steps.length && !run.failing;
      if (goals.length) {
        parts.push(
          section(
            "pl-goals",
            behind ? "Goals" : failing ? "Goals before this step" : at.step ? "Goals now" : "Goals at the start",
            list(
              "",
              goals.map((goal, place) => {
                const holds = !state
                  ? null
                  : goal.fact !== null
                    ? state.has(goal.fact) === goal.wanted
                    : end && run.goal_end.length
                      ? run.goal_end[place]
                      : null;
                return el(
                  "li",
                  { class: holds ? "good" : "" },
                  sign(holds === null ? "?" : holds ? "✓" : "○", holds ? "good" : ""),
                  code(goal.text),
                  hidden(holds === null ? " not known" : holds ? " holds" : " does not hold"),
                );
              }),
            ),
          ),
        );
      }
      details.replaceChildren(...parts);
    }

    // The text with the step's passage and the places of faults marked; offsets count code points.
    function fillAnswer(one, step) {
      if (!answer) return;
      const text = one.text;
      const index = offsets(text);
      const marks = [];
      if (step && step.at) marks.push([index(step.at[0]), index(step.at[1]), "step"]);
      for (const fault of one.faults.slice(0, 50))
        if (fault.at && fault.at[1] > fault.at[0]) marks.push([index(fault.at[0]), index(fault.at[1]), "fault"]);
      let low = 0;
      let high = text.length;
      if (text.length > MOST_TEXT && whole !== text) {
        const start = marks.length ? marks[0][0] : 0;
        low = start < MOST_TEXT - 2000 ? 0 : start - MOST_TEXT / 2;
        high = Math.min(text.length, low + MOST_TEXT);
      }
      const cuts = [...new Set([low, high, ...marks.flatMap(([a, b]) => [a, b])])]
        .filter((cut) => cut >= low && cut <= high)
        .sort((a, b) => a - b);
      const pieces = [];
      if (low) pieces.push(el("span", { class: "muted", text: `… ${PL.byteSize(low)} before …\n` }));
      for (let place = 0; place + 1 < cuts.length; place++) {
        const [a, b] = [cuts[place], cuts[place + 1]];
        const kinds = new Set(marks.filter((mark) => mark[0] <= a && mark[1] >= b).map((mark) => mark[2]));
        const piece = PL.safe(text.slice(a, b));
        pieces.push(
          kinds.size
            ? el("mark", { class: [...kinds].join(" "), title: kinds.has("fault") ? "a fault is here" : "this step" }, piece)
            : piece,
        );
      }
      if (high < text.length) pieces.push(el("span", { class: "muted", text: `\n… ${PL.byteSize(text.length - high)} more` }));
      answer.replaceChildren(...pieces);
      answerMore.replaceChildren();
      if (high - low < text.length) {
        answerMore.append(
          el("button", {
            type: "button",
            text: `show all (${PL.byteSize(text.length)})`,
            on: {
              click: () => ((whole = text), fillAnswer(one, at.step ? trackOf(one, at.track).steps[at.step - 1] : null), answer.focus()),
            },
          }),
        );
      }
    }

    function scrollAlong() {
      const current = steps.querySelector('[aria-current="step"]');
      if (current) keepInside(stepsBox, current);
      const mark = answer && (answer.querySelector("mark.step") || answer.querySelector("mark"));
      if (mark) keepInside(answer, mark);
    }

    // Scrolls a box, never the page.
    function keepInside(box, inner) {
      const outer = box.getBoundingClientRect();
      const own = inner.getBoundingClientRect();
      if (own.top < outer.top) box.scrollTop -= outer.top - own.top + 8;
      else if (own.bottom > outer.bottom) box.scrollTop += own.bottom - outer.bottom + 8;
      if (own.left < outer.left) box.scrollLeft -= outer.left - own.left + 8;
      else if (own.right > outer.right && own.width < outer.width) box.scrollLeft += own.right - outer.right + 8;
    }

    // ---- paper: every step of the attempt, made when it is printed

    function print() {
      if (!entry || !element.getClientRects().length) return;
      const one = attempt();
      const run = trackOf(one, at.track);
      const rows = [el("h3", { text: "All steps" })];
      for (let number = 0; number <= Math.min(run.steps.length, 200); number++) {
        const step = number ? run.steps[number - 1] : null;
        const claim = step ? step.claim : run.first;
        const failing = run.failing === number && number > 0;
        const behind = run.failing && number > run.failing;
        const said = step ? (failing ? "✗ cannot be executed" : behind ? "· not executed" : "✓ executed") : "";
        const parts = [el("h4", {}, step ? `${number}. ` : "Start", step && code(step.action, 200), ` ${said}`)];
        if (step && !behind) {
          parts.push(
            el(
              "p",
              {},
              "Needs: ",
              step.needs.map(([text, held], place) => [place ? ", " : "", held === null ? "? " : held ? "✓ " : "✗ ", code(text)]),
              step.needs.length ? "" : cannotBeRead(step) ? UNREAD : "nothing",
            ),
          );
          parts.push(
            el(
              "p",
              {},
              failing ? "Would do: " : "Does: ",
              step.add.map((fact) => ["+ ", code(entry.problem.facts[fact]), "  "]),
              step.delete.map((fact) => ["− ", code(entry.problem.facts[fact]), "  "]),
              cannotBeRead(step) ? UNREAD : "",
            ),
          );
        }
        if (wrongClaim(claim))
          parts.push(
            el(
              "p",
              {},
              failing || behind ? "The claimed state beside the last true one: " : "Claimed wrongly: ",
              claim.missing.map((fact) => [failing || behind ? "− not in the text " : "− left out ", code(entry.problem.facts[fact]), "  "]),
              claim.extra.map((fact) => [failing || behind ? "? only in the text " : "? in excess ", code(entry.problem.facts[fact]), "  "]),
            ),
          );
        for (const fault of faultsAt(one, run, number)) parts.push(el("p", {}, "✗ ", code(fault.message, 1000)));
        if (!failing && !behind) {
          const drawn = PL.picture(spec, entry.problem, { width: 420 });
          drawn.reserve(run.states);
          drawn.show(run.states[number], { changed: { added: new Set(step ? step.add : []) }, animate: false });
          drawn.destroy();
          parts.push(drawn.element);
        }
        rows.push(el("section", { class: "pl-paper-step" }, parts));
      }
      paper.replaceChildren(...rows);
    }
    const unprint = () => paper.replaceChildren();
    const media = window.matchMedia("print");
    const onMedia = () => (media.matches ? print() : unprint());

    // ---- keys

    const WIDGETS = ["listbox", "tablist", "menu", "grid", "slider", "radiogroup"].map((role) => `[role="${role}"]`);
    const ELSEWHERE = ["input", "textarea", "select", '[contenteditable]:not([contenteditable="false"])', "[data-pl-scroll]", ...WIDGETS].join();
    function onKey(event) {
      if (!entry || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (!element.isConnected || !element.getClientRects().length) return;
      if (event.target instanceof Element && event.target.closest(ELSEWHERE)) return;
      // Other keys, and those of who reads elsewhere, move the page.
      const { top, bottom } = element.getBoundingClientRect();
      const inView = bottom > 0 && top < window.innerHeight;
      if (!element.contains(document.activeElement) && !(inView && /^Arrow(Left|Right)$/.test(event.key))) return;
      const many = entry.attempts.length > 1;
      const to = {
        ArrowLeft: { step: at.step - 1 },
        ArrowRight: { step: at.step + 1 },
        Home: { step: 0 },
        End: { step: Infinity },
        ArrowUp: many && { attempt: at.attempt - 1 },
        ArrowDown: many && { attempt: at.attempt + 1 },
      }[event.key];
      if (!to) return;
      event.preventDefault();
      pause();
      move(to);
    }
    if (!beside) {
      document.addEventListener("keydown", onKey);
      window.addEventListener("beforeprint", print);
      window.addEventListener("afterprint", unprint);
      media.addEventListener("change", onMedia);
    }

    function destroy() {
      pause();
      if (other) other.destroy();
      document.removeEventListener("keydown", onKey);
      window.removeEventListener("beforeprint", print);
      window.removeEventListener("afterprint", unprint);
      media.removeEventListener("change", onMedia);
      if (views) Object.values(views).forEach((view) => view.picture && view.picture.destroy());
      element.replaceChildren();
      element.classList.remove("pl-player", "comparing");
      element.removeAttribute("role");
      element.removeAttribute("aria-label");
    }

    return {
      load,
      pause,
      destroy,
      go: (to) => move(to || {}),
      position: () => ({ ...at }),
      state: () => {
        if (!entry) return null;
        const run = trackOf(attempt(), at.track);
        const state = run.states[at.step];
        return state ? [...state].map((number) => entry.problem.facts[number]) : null;
      },
    };
  };

  // Of an action that the domain cannot bind nothing is known: neither what it needs nor what it does.
  function cannotBeRead(step) {
    return !step.done && !step.needs.length && !step.add.length && !step.delete.length && !step.numbers.length;
  }

  // Python counts code points, JavaScript UTF-16 units: the same but for texts with signs beyond the first plane.
  function offsets(text) {
    if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return (point) => point;
    const starts = [];
    for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) starts.push(unit);
    return (point) => (point < starts.length ? starts[point] : text.length);
  }
})();
