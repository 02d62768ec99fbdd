"use strict";
/* The page of `planlearn serve`. What it asks is told in `planlearn/serve/app.py`; what it shows is the player's entry. */
(function () {
  const PL = window.PL;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PAGE = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("");
  const KEPT = "planlearn-serve";
  const PAUSE = 20; // ms between the last key and the question
  const SAID = 600; // signs of a sentence that are shown
  const TRIES = 40; // while other requests are in the way
  const AGAIN = 250; // ms between them
  const SIGNS = { good: "✓", bad: "✗", mixed: "!", open: "·" };
  const PARTS = [["plan", "Plan or chain"], ["problem", "Problem"], ["domain", "Domain"]];
  const ERRORS = {
    precondition: "an action is taken where something that it needs does not hold",
    effect: "what the action changes is written wrong",
    frame: "a fact changes that the action leaves alone",
    goal: "every step holds, and the goal is missed",
  };

  const state = {
    number: 0, // of the newest check
    chosen: 0, // number of the newest question for options
    shown: 0, // of the check whose verdict is shown
    entry: null,
    go: null, // where the player goes once the next verdict is there
    exercise: null,
    question: null, // the AbortController of a plan or a fault that is asked for
    asking: null, // the AbortController of the model's answer
    undo: [],
    faults: [],
    wrong: null, // {where, at} of a text that cannot be read
  };

  // Texts.

  const editors = {};
  const tabs = {};
  for (const [part, label] of PARTS) {
    const editor = (editors[part] = PL.editor({ id: `text-${part}`, label, onInput: typed }));
    const panel = PL.el("div", { role: "tabpanel", id: `panel-${part}`, "aria-labelledby": `tab-${part}`, hidden: true }, editor.element);
    tabs[part] = PL.el("button", {
      type: "button", role: "tab", id: `tab-${part}`, "aria-controls": `panel-${part}`, "aria-selected": "false", tabindex: "-1", on: { click: () => open(part) },
    }, label, PL.el("span", { class: "flag" }));
    $("tabs").append(tabs[part]);
    $("editors").append(panel);
  }
  $("tabs").addEventListener("keydown", (event) => {
    const order = PARTS.map(([part]) => part);
    const at = order.findIndex((part) => tabs[part].getAttribute("aria-selected") === "true");
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // these keys move the player too
    const part = order[(to + order.length) % order.length];
    open(part);
    tabs[part].focus();
  });

  function open(part) {
    for (const [other] of PARTS) {
      tabs[other].setAttribute("aria-selected", String(other === part));
      tabs[other].tabIndex = other === part ? 0 : -1;
      $(`panel-${other}`).hidden = other !== part;
    }
    mark();
  }

  const texts = () => ({ domain: editors.domain.text(), problem: editors.problem.text(), plan: editors.plan.text() });

  function put(changes, { undo = true } = {}) {
    drop();
    if (undo) {
      state.undo.push(texts());
      if (state.undo.length > 100) state.undo.shift();
    }
    for (const [part, text] of Object.entries(changes)) editors[part].set(text);
    $("undo").disabled = !state.undo.length;
    keep();
  }

  function keep() {
    if (state.exercise) return;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(texts()));
    } catch {
      // Nothing is kept then.
    }
  }

  function kept() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEPT) || "null");
      return found && PARTS.every(([part]) => typeof found[part] === "string") ? found : null;
    } catch {
      return null;
    }
  }

  // Asking.

  async function ask(path, body, signal) {
    const text = JSON.stringify(body);
    if (new TextEncoder().encode(text).length > data.body) return { trouble: `The texts are too long: ${data.body.toLocaleString("en")} bytes at most.` };
    try {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Planlearn": data.token }, body: text, signal });
      return await answer.json();
    } catch (error) {
      if (error.name === "AbortError") return { superseded: true };
      return { trouble: "The server does not answer; is it still running?" };
    }
  }

  /* As `ask`, again and again while the server has too much to do. */
  async function insist(path, body, signal, onBusy = () => {}) {
    for (let tries = 1; ; tries++) {
      const said = await ask(path, body, signal);
      if (!said.busy || tries === TRIES) return said;
      onBusy();
      await new Promise((go) => setTimeout(go, AGAIN));
      if (signal.aborted) return { superseded: true };
    }
  }

  function say(text) {
    $("said").textContent = text ? PL.safe(PL.short(text, SAID)) : "";
  }

  function judge(tone, text) {
    const verdict = $("verdict");
    verdict.className = `verdict ${tone}`;
    verdict.replaceChildren(PL.el("span", { "aria-hidden": "true", text: SIGNS[tone] }), PL.el("span", { class: "words", text: PL.short(text, SAID) }));
  }

  // Checking while somebody types: the last text's verdict is the one that is shown.

  let timer = 0;
  let waiting = false;
  let inFlight = null;
  const timing = (PL.timing = { key: 0, latencies: [], requests: 0 }); // ms from a key to the verdict that is shown of it

  function typed() {
    timing.key = performance.now();
    say("");
    drop();
    keep();
    soon();
  }

  function soon() {
    clearTimeout(timer);
    waiting = true;
    timer = setTimeout(check, PAUSE);
  }

  async function check({ partial = false } = {}) {
    clearTimeout(timer);
    waiting = false;
    if (state.exercise) return;
    if (inFlight) inFlight.abort();
    const controller = (inFlight = new AbortController());
    const number = (state.number += 1);
    const key = timing.key;
    timing.requests += 1;
    const said = await insist("/check", { ...texts(), page: PAGE, number, partial }, controller.signal, () => {
      if (number === state.number && !state.exercise) judge("open", "Other texts are judged first.");
    });
    if (number < state.number || state.exercise) return;
    if (said.superseded) return void (inFlight = null); // by nothing that is known here
    inFlight = null;
    state.shown = number;
    show(said);
    if (key) timing.latencies.push(performance.now() - key);
    timing.key = 0;
  }

  let player = null;
  let pictured = "";
  let later = 0;
  let played = true;

  /* Whether the newest text is judged and shown. */
  PL.settled = () => !waiting && !inFlight && played && state.shown === state.number && !state.exercise;

  function show(said) {
    const entry = said.entry || null;
    state.wrong = said.error || null;
    $("stale").hidden = Boolean(entry) || !player;
    if (said.trouble) judge("mixed", said.trouble);
    else if (said.error) judge("bad", `The ${said.error.where} cannot be read: line ${said.error.line}.`);
    else judge(said.verdict.tone, said.verdict.text);
    state.faults = entry ? entry.attempts[0].faults : [];
    state.entry = entry || state.entry;
    flag();
    mark();
    // The verdict first: what there is to see of it may come a moment later.
    clearTimeout(later);
    played = !entry;
    if (entry) later = setTimeout(() => play(entry, said.picture), 0);
    else if (choosing()) options();
  }

  function play(entry, spec) {
    const picture = JSON.stringify(spec);
    if (!player || picture !== pictured) {
      pictured = picture;
      if (player) player.destroy();
      const box = PL.el("div", {});
      $("player").replaceChildren(box);
      player = PL.player(box, { picture: spec, onMove: moved });
    }
    player.load(entry, { keep: true });
    const go = state.go;
    state.go = null;
    if (go) player.go({ attempt: 0, ...go, ...(go.step === "last" ? { step: steps(go.track).length } : {}) });
    played = true;
    mark();
    if (choosing()) options();
  }

  const steps = (track) => state.entry?.attempts[0].tracks[track]?.steps ?? [];

  function moved() {
    if (!state.entry) return;
    mark();
    if (choosing()) options();
  }

  // Places.

  function faulty() {
    if (state.wrong) return [{ part: state.wrong.where, ...state.wrong }];
    return state.faults.map((fault) => ({ part: "plan", ...fault }));
  }

  function flag() {
    const places = faulty();
    for (const [part] of PARTS) {
      const first = places.find((one) => one.part === part);
      tabs[part].querySelector(".flag").textContent = first ? (first.line ? `✗ line ${first.line}` : "✗") : "";
      editors[part].field.setAttribute("aria-invalid", String(Boolean(first)));
    }
    const place = $("place");
    const first = places[0];
    place.hidden = !first;
    if (first) {
      const label = PARTS.find(([part]) => part === first.part)[1];
      const at = first.line ? `${label}, line ${first.line}, column ${first.column}: ` : "";
      const words = first.expected !== undefined ? `expected ${first.expected}, found ${first.found}` : first.message;
      place.replaceChildren(...[
        PL.el("strong", { text: at }), PL.el("bdi", { text: PL.short(words, SAID) }),
        first.hint && !words.includes("did you mean") ? PL.el("span", { text: `; did you mean ${first.hint}?` }) : null, " ",
        first.at ? PL.el("button", { type: "button", class: "link", id: "go", text: "Go there", on: { click: () => { open(first.part); editors[first.part].go(first.at[0]); } } }) : null,
      ].filter(Boolean));
    }
    let unseen = "";
    for (const [part, label] of PARTS) {
      const text = editors[part].text();
      const found = unseen ? -1 : hidden(text);
      if (found >= 0) unseen = `${label}, line ${text.slice(0, found).split("\n").length}: an invisible sign, ${PL.safe(String.fromCodePoint(text.codePointAt(found)))}.`;
    }
    $("unseen").textContent = unseen;
    $("unseen").hidden = !unseen;
  }

  /* Where the first sign stands that PL.safe shows as another, or -1. */
  function hidden(text) {
    const shown = PL.safe(text);
    if (shown === text) return -1;
    let at = 0;
    while (at < text.length && text[at] === shown[at]) at++;
    return at < text.length ? at : -1;
  }

  function mark() {
    const marks = { plan: [], problem: [], domain: [] };
    if (!state.exercise) {
      if (player && state.entry && !state.wrong) {
        const { track, step } = player.position();
        const now = steps(track)[step - 1];
        if (now && now.at) marks.plan.push({ at: now.at, kind: "now" });
      }
      for (const one of faulty()) if (one.at) marks[one.part].push({ at: one.at, kind: "fault" });
    }
    for (const [part] of PARTS) if (!$(`panel-${part}`).hidden) editors[part].marks(marks[part]);
  }

  // What could I do here?

  const choosing = () => $("options").getAttribute("aria-pressed") === "true";
  let choice = null;

  $("options").addEventListener("click", () => {
    $("options").setAttribute("aria-pressed", String(!choosing()));
    $("choices").hidden = !choosing();
    if (choosing()) options();
  });

  async function options() {
    const box = $("choices");
    if (choice) choice.abort();
    const controller = (choice = new AbortController());
    const readable = player && state.entry && !state.wrong;
    if (!readable || !(steps(0).length || state.entry.attempts[0].outcome !== "unreadable")) {
      box.replaceChildren(PL.el("p", { text: "The texts cannot be read yet, so it is not known what could be done." }));
      return;
    }
    const { track, step } = player.position();
    const calls = steps(track).slice(0, step).map((one) => one.action);
    const number = (state.chosen += 1);
    const said = await insist("/options", { domain: editors.domain.text(), problem: editors.problem.text(), calls, page: PAGE, number }, controller.signal);
    if (said.superseded || controller.signal.aborted || !choosing()) return;
    if (!said.actions) {
      box.replaceChildren(PL.el("p", { text: said.trouble || said.error.message }));
      return;
    }
    const where = step ? `after step ${step}` : "before the first step";
    const more = said.more ? `, and ${said.more} more` : "";
    box.replaceChildren(
      PL.el("h2", { text: `${said.actions.length + said.more} ${said.actions.length + said.more === 1 ? "action" : "actions"} ${where}${more ? `; ${said.actions.length} are listed` : ""}` }),
      PL.el("p", { class: "muted", text: "Choose one to put it into the plan there." }),
      PL.el("ul", { class: "choices" }, said.actions.map((call) =>
        PL.el("li", {}, PL.el("button", { type: "button", on: { click: () => insert(call, track, step) } }, PL.el("bdi", { text: PL.short(call, 120) }))))));
  }

  function insert(call, track, step) {
    const text = editors.plan.text();
    const done = steps(track);
    const name = state.entry.attempts[0].tracks[track]?.name ?? "plan";
    const points = (offset) => PL.units(text, offset);
    let changed;
    if (name === "plan" && done.every((one) => one.at) && /^\s*($|[(;])/.test(text)) {
      const end = step ? points(done[step - 1].at[1]) : 0;
      if (step) changed = `${text.slice(0, end)}\n${call}${text.slice(end)}`;
      else if (done.length) changed = `${text.slice(0, points(done[0].at[0]))}${call}\n${text.slice(points(done[0].at[0]))}`;
      else changed = `${text}${text && !text.endsWith("\n") ? "\n" : ""}${call}\n`;
      say("");
    } else {
      const calls = done.map((one) => one.action);
      calls.splice(step, 0, call);
      changed = calls.join("\n") + "\n";
      say("The chain became a plan: what it wrote about its states would no longer be true.");
    }
    state.go = { track: 0, step: step + 1 };
    put({ plan: changed });
    open("plan");
    check();
  }

  // Show me, and Spoil it: one question at a time, and its answer is for the texts that were sent.

  const TOOLS = ["options", "show", "spoil", "ask", "form", "domains", "examples"];
  const QUESTIONS = ["show", "spoil", "ask", "undo"];

  function busy(at) {
    for (const id of QUESTIONS) {
      $(id).setAttribute("aria-disabled", String(at !== null)); // not `disabled`, which would take the focus away
      $(id).setAttribute("aria-busy", String(id === at));
    }
  }

  /* Whether a tool may do nothing now. */
  const held = () => Boolean(state.question || state.exercise);

  /* The answer, or null where it is for nobody any more: a text has changed since, or an exercise is open. */
  async function question(tool, path, body) {
    const controller = (state.question = new AbortController());
    busy(tool);
    const said = await ask(path, body, controller.signal);
    if (state.question !== controller) return null;
    state.question = null;
    busy(null);
    if (state.exercise || said.superseded) return null;
    return said;
  }

  /* The texts change: what is asked about the old ones ends, here and on the server. */
  function drop() {
    if (!state.question) return;
    state.question.abort();
    state.question = null;
    busy(null);
    say("The texts changed, so what was asked about the old ones was dropped.");
  }

  const trouble = (said) => said.trouble || `The ${said.error.where} cannot be read: ${said.error.message}`;

  $("show").addEventListener("click", async () => {
    if (held()) return;
    say("The planner is looking for a plan.");
    const { domain, problem } = texts();
    const said = await question("show", "/show", { domain, problem, form: $("form").value });
    if (!said) return;
    if (said.text === undefined) return void say(trouble(said));
    put({ plan: said.text });
    open("plan");
    say("This is the reference planner’s plan.");
    state.go = { track: 0, step: 0 };
    check();
  });

  // Spoil it: what is wrong stays on the server until it is revealed.

  $("spoil").addEventListener("click", async () => {
    if (held()) return;
    say("A fault is being planted.");
    const sent = texts();
    const said = await question("spoil", "/spoil", sent);
    if (!said) return;
    if (!said.exercise) return void say(trouble(said));
    begin(said, sent.plan);
  });

  function begin(said, valid) {
    clearTimeout(timer);
    if (inFlight) inFlight.abort();
    state.exercise = { ...said, valid }; // from here on nothing is judged or kept: a reload gives the valid text
    put({ plan: said.text });
    open("plan");
    for (const id of TOOLS) $(id).disabled = true;
    $("undo").disabled = true;
    for (const [part] of PARTS) editors[part].field.readOnly = true;
    $("place").hidden = $("unseen").hidden = true;
    for (const [part] of PARTS) tabs[part].querySelector(".flag").textContent = "";
    $("options").setAttribute("aria-pressed", "false");
    $("choices").hidden = true;
    clearTimeout(later);
    // The player holds the valid text, which beside this one would be the answer.
    if (player) player.destroy();
    player = null;
    pictured = "";
    $("player").replaceChildren();
    $("player").hidden = $("stale").hidden = true;
    say("");
    judge("open", "A fault is hidden in this text. Which step fails, and why?");
    const radios = (name, legend, choices) =>
      PL.el("fieldset", {}, PL.el("legend", { text: legend }), choices.map(([value, ...content]) =>
        PL.el("label", {}, PL.el("input", { type: "radio", name, value }), PL.el("span", {}, content))));
    const kinds = said.form === "plan" ? ["precondition", "goal"] : data.errors;
    const picture = PL.picture(said.picture, said.problem);
    picture.show(new Set(said.problem.init), {});
    const answer = PL.el("p", { role: "status", id: "guessed" });
    $("exercise").replaceChildren(
      PL.el("h2", { text: "Find the fault", id: "find", tabindex: "-1" }),
      PL.el("p", { class: "muted", text: "The first state:" }), PL.el("div", { class: "picture", tabindex: "0", role: "group", "aria-label": "The first state" }, picture.element),
      PL.el("p", {}, PL.el("span", { class: "muted", text: "The goal: " }), PL.el("bdi", { text: said.problem.goal.map((goal) => goal.text).join(" ") })),
      radios("step", "Which step is the first that is wrong?", [
        ...said.steps.map((call, at) => [String(at + 1), `${at + 1}. `, PL.el("bdi", { class: "mono", text: PL.short(call, 200) })]), ["end", "none; the goal is missed at the end"]]),
      radios("error", "Why?", kinds.map((kind) => [kind, PL.el("strong", { text: kind }), ` — ${ERRORS[kind]}`])),
      PL.el("div", { class: "row" },
        PL.el("button", { type: "button", class: "primary", id: "guess", text: "Is that it?", on: { click: guess } }),
        PL.el("button", { type: "button", id: "reveal", text: "Reveal", on: { click: () => reveal("") } }),
        PL.el("button", { type: "button", id: "leave", text: "Back to the valid text", on: { click: leave } })),
      answer);
    $("exercise").hidden = false;
    $("find").focus(); // the button that had it is disabled
  }

  const chosen = (name) => document.querySelector(`#exercise input[name="${name}"]:checked`)?.value;

  async function guess() {
    const [step, error] = [chosen("step"), chosen("error")];
    if (!step || !error) {
      $("guessed").textContent = "Choose a step and a reason first.";
      return;
    }
    const said = await ask("/guess", { exercise: state.exercise.exercise, step: step === "end" ? null : Number(step), error });
    if (!state.exercise) return;
    if (said.trouble) $("guessed").textContent = said.trouble;
    else if (said.step && said.error) reveal("That is it! ");
    else $("guessed").textContent = said.step ? "✓ The step is right, ✗ the reason is another." : said.error ? "✗ Another step is the first; ✓ the reason is right." : "✗ Neither yet: look at what each step needs.";
  }

  async function reveal(praise) {
    const said = await ask("/reveal", { exercise: state.exercise.exercise });
    if (!state.exercise) return;
    if (said.trouble) {
      $("guessed").textContent = said.trouble;
      return;
    }
    end();
    say(`${praise}${said.step ? `Step ${said.step}` : "The end"}: ${said.error}, ${ERRORS[said.error]}.`);
    state.go = { track: 0, step: said.step || "last" };
    check();
  }

  function leave() {
    const { valid } = state.exercise;
    end();
    put({ plan: valid }, { undo: false });
    check();
  }

  function end() {
    const focused = $("exercise").contains(document.activeElement);
    state.exercise = null;
    for (const id of TOOLS) $(id).disabled = false;
    $("undo").disabled = !state.undo.length;
    for (const [part] of PARTS) editors[part].field.readOnly = false;
    $("exercise").hidden = true;
    $("exercise").replaceChildren();
    $("player").hidden = false;
    if (focused) $("spoil").focus();
    keep();
  }

  // Ask the model, and watch what it writes being judged.

  $("model-tool").hidden = !data.model;
  $("model-name").textContent = data.model ? `writes a chain, judged line by line: ${PL.safe(data.model)}` : "";
  $("ask").addEventListener("click", () => (state.asking ? state.asking.abort() : held() || answer()));

  async function answer() {
    const controller = (state.asking = new AbortController());
    $("ask").textContent = "Stop";
    say("The model reads the problem.");
    put({ plan: "" });
    open("plan");
    const locked = TOOLS.filter((id) => id !== "ask");
    for (const id of locked) $(id).disabled = true;
    for (const [part] of PARTS) editors[part].field.readOnly = true;
    let last = {};
    try {
      const { domain, problem } = texts();
      const response = await fetch("/ask", {
        method: "POST", headers: { "Content-Type": "application/json", "X-Planlearn": data.token }, body: JSON.stringify({ domain, problem }), signal: controller.signal,
      });
      for await (const line of lines(response.body)) {
        last = line;
        if (line.text === undefined) continue;
        put({ plan: line.text }, { undo: false });
        editors.plan.field.scrollTop = editors.plan.field.scrollHeight;
        say("The model is writing.");
        if (!line.done) {
          state.go = { track: 0, step: "last" };
          check({ partial: true });
        }
      }
    } catch (error) {
      last = error.name === "AbortError" ? { stop: "cancelled" } : { trouble: "The server does not answer; is it still running?" };
    }
    state.asking = null;
    $("ask").textContent = "Ask the model";
    for (const id of locked) $(id).disabled = false;
    for (const [part] of PARTS) editors[part].field.readOnly = false;
    const ends = { end: "The model has ended its answer.", cap: "The model was cut off: its answer is longer than it may be.", late: "The model was stopped: it took too long.", cancelled: "The model was stopped." };
    say(last.trouble || ends[last.stop] || "The model’s answer broke off.");
    check();
  }

  async function* lines(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      const parts = rest.split("\n");
      rest = parts.pop();
      for (const part of parts) if (part) yield JSON.parse(part);
    }
    if (rest.trim()) yield JSON.parse(rest);
  }

  // Undo.

  $("undo").addEventListener("click", () => {
    const before = held() ? null : state.undo.pop();
    if (!before) return;
    put(before, { undo: false });
    say("");
    name();
    check();
  });

  // What is offered.

  const groups = [...new Set(data.examples.map((one) => one.group))];
  const OWN = "";
  $("domains").append(...data.domains.map((one) => PL.el("option", { value: one.name, text: one.title })), PL.el("option", { value: OWN, text: "a text of your own" }));

  function name() {
    const domain = data.domains.find((one) => one.text === editors.domain.text());
    $("domains").value = domain ? domain.name : OWN;
    offer();
  }

  function offer(at = "") {
    const group = $("domains").value;
    const first = groups.filter((one) => one === group || !data.domains.some((domain) => domain.name === one));
    const others = groups.filter((one) => !first.includes(one));
    const label = (one) => (one.kind === "valid" ? one.title : `${one.kind}: ${one.title}`);
    $("examples").replaceChildren(PL.el("option", { value: "", text: "choose one of these" }), ...[...first, ...others].map((one) =>
      PL.el("optgroup", { label: data.domains.find((domain) => domain.name === one)?.title ?? one },
        data.examples.flatMap((each, number) => (each.group === one ? [PL.el("option", { value: String(number), text: label(each) })] : [])))));
    $("examples").value = at;
  }

  function take(number, options) {
    const { domain, problem, plan, kind } = data.examples[number];
    put({ domain, problem, plan }, options);
    name();
    $("examples").value = String(number);
    open(kind.startsWith("domain") || kind.startsWith("unsupported") ? "domain" : kind.startsWith("problem") ? "problem" : "plan");
    state.go = { track: 0, step: 0 };
    say("");
    check();
  }

  $("examples").addEventListener("change", () => $("examples").value !== "" && take(Number($("examples").value)));
  $("domains").addEventListener("change", () => {
    const group = $("domains").value;
    if (group !== OWN) take(data.examples.findIndex((one) => one.group === group));
    else {
      offer();
      open("domain");
      editors.domain.field.focus();
    }
  });

  const before = kept();
  if (before) {
    put(before, { undo: false });
    name();
    open("plan");
    check();
  } else {
    take(data.examples.findIndex((one) => one.kind === "precondition"), { undo: false });
  }
})();
