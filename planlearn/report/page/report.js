"use strict";
/* The report: summary, charts, the list of problems with its filters, the chosen problem step by step.
 *
 * Data as planlearn/report/runs.py writes it: {title, kind, made, planlearn, facts, notes, sections, pictures, index, entries}.
 * `entries` are JSON texts, parsed when one is looked at; `index` has what the list and its filters need:
 * [id, domain, size, outcome, kinds, labels, solvable, picture].
 * The hash #<key>/<attempt>/<step>[/<track>] names a step: attempt from 1, step 0 before the first.
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const { el } = PL;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PAGE = 50;
  const words = (name) => String(name).replace(/_/g, " ");

  /* ---- the theme ---- */
  const THEMES = ["auto", "light", "dark"];
  const store = {
    get: () => { try { return localStorage.getItem("planlearn-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("planlearn-theme", value); } catch { /* a page opened from a file may have no storage */ } },
  };
  function setTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    $("theme").replaceChildren(`Theme: ${name}`);
    $("theme").dataset.now = name;
  }
  setTheme(THEMES.includes(store.get()) ? store.get() : "auto");
  $("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf($("theme").dataset.now) + 1) % THEMES.length];
    setTheme(next);
    store.set(next);
  });

  /* ---- the summary ---- */
  $("title").append(PL.name(data.title, 120));
  $("made").append(PL.safe(`${data.kind}, report of planlearn ${data.planlearn}, ${data.made}`));

  const isNumber = (one) => typeof one === "string" && /^[-\d.,]+( %)?$/.test(one);
  function cell(one) {
    if (typeof one === "string") return el("td", { class: isNumber(one) ? "number" : null }, one.length > 60 ? PL.name(one, 60) : el("bdi", { text: one }));
    return el("td", {}, PL.interval(one));
  }
  function table(one) {
    const column = (name, place) => el("th", { scope: "col", class: one.rows.every((row) => isNumber(row.cells[place])) ? "number" : null, text: name });
    return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": one.title }, el("table", {},
      el("caption", { text: one.title }),
      el("thead", {}, el("tr", {}, one.columns.map(column))),
      el("tbody", {}, one.rows.map((row) => el("tr", { class: row.control ? "control" : null }, row.cells.map(cell))))));
  }
  function section(one) {
    return el("section", { class: "panel part" }, el("h2", { text: one.title }), one.text ? el("p", { text: one.text }) : null,
      one.tables.map(table),
      one.tables.some((t) => t.rows.some((row) => row.control))
        ? el("p", { class: "muted small", text: "In italics: what the others are to be compared with." }) : null,
      one.notes.length ? el("ul", { class: "notes" }, one.notes.map((note) => el("li", {}, el("bdi", { text: PL.short(note, 1000) })))) : null,
      one.charts.length ? el("div", { class: "charts" }, one.charts.map(PL.chart)) : null);
  }
  function facts(some) {
    const whole = (value) => el("bdi", { text: value });
    const folded = (value) => el("details", {}, el("summary", {}, whole(`${value.slice(0, 80)}…`)), whole(value));
    const row = ([name, value]) => [el("dt", { text: name }), el("dd", {}, value.length <= 120 ? whole(value) : folded(value))];
    return some.length ? el("dl", { class: "facts" }, some.map(row)) : null;
  }
  function drawSummary() {
    const parts = [data.notes.map((note) => el("p", { class: "note", role: "note" }, el("strong", { text: "Note: " }), note)), data.sections.map(section)];
    const told = facts(data.facts);
    const open = data.sections.length ? null : true;
    if (told) parts.splice(1, 0, el("details", { class: "panel part", open }, el("summary", {}, el("h2", { text: "The run" })), told));
    $("summary").append(...parts.flat());
    PL.drawCharts();
  }

  /* ---- entries ---- */
  const keys = [];
  const byKey = new Map();
  // A link holds no half of a surrogate pair.
  const linkable = (text) => text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  const entries = data.index.map(([id, domain, size, outcome, kinds, labels, solvable, picture], number) => {
    let key = linkable(id);
    const beside = linkable(`${id}@${Object.values(labels).join(",")}`);
    if (byKey.has(key)) key = beside;
    for (let more = 2; byKey.has(key); more++) key = `${beside}@${more}`;
    byKey.set(key, number);
    keys.push(key);
    return { number, id, domain, size, outcome, kinds, labels, solvable, picture, key };
  });
  // Of two answers that there is no plan one is right and one is wrong: outcomes of the list, each [word, sign, class].
  const SAYS = {
    "unsolvable, rightly": ["rightly says: no plan", "∅", "good"],
    "unsolvable, wrongly": ["wrongly says: no plan", "∅", "bad"],
  };
  function outcomeOf(one) {
    if (one.outcome !== "unsolvable" || one.solvable === null) return one.outcome;
    return `unsolvable, ${one.solvable ? "wrongly" : "rightly"}`;
  }
  const isSays = (name) => Object.hasOwn(SAYS, name);
  const outcomeWord = (name) => (isSays(name) ? SAYS[name][0] : name ? PL.outcomeWord(name) : "not judged");
  const failed = (one) => one.outcome !== "valid" && outcomeOf(one) !== "unsolvable, rightly";
  function badge(one) {
    const name = outcomeOf(one);
    if (!isSays(name)) return name ? PL.badge(name) : null;
    const [word, sign, kind] = SAYS[name];
    return el("span", { class: `badge ${kind}` }, el("span", { "aria-hidden": "true", text: sign }), word);
  }
  const parsed = new Map();
  function body(number) {
    if (!parsed.has(number)) {
      if (parsed.size > 200) parsed.clear();
      parsed.set(number, JSON.parse(data.entries[number]));
    }
    return parsed.get(number);
  }

  /* ---- filters ---- */
  const labelNames = [...new Set(entries.flatMap((one) => Object.keys(one.labels)))];
  const fields = [
    { name: "domain", of: (one) => [one.domain] },
    ...labelNames.map((name) => ({ name, of: (one) => (name in one.labels ? [one.labels[name]] : []) })),
    { name: "outcome", of: (one) => [outcomeOf(one)], said: outcomeWord },
    { name: "error", of: (one) => one.kinds, said: words },
    { name: "size", of: (one) => (one.size ? [one.size] : []) },
  ].filter((field) => {
    const values = new Set(entries.flatMap(field.of));
    return values.size > 1 || (field.name === "error" && values.size > 0);
  });
  const wanted = {};
  let query = "";
  let shown = entries;
  let at = 0;
  let current = -1;

  const haystacks = new Map();
  function haystack(number) {
    if (!haystacks.has(number)) {
      const { problem, attempts, labels } = body(number);
      const said = (one) => [one.label, one.text, one.feedback, one.message, ...one.faults.map((fault) => fault.message)];
      const texts = [keys[number], ...Object.values(labels), ...attempts.flatMap(said)];
      if (problem) texts.push(problem.domain, ...problem.objects.flat());
      haystacks.set(number, texts.join("\n").toLowerCase());
    }
    return haystacks.get(number);
  }
  function found(one, parts) {
    if (!parts.length) return true;
    if (!haystacks.has(one.number)) {
      // A look at the JSON text is cheaper than parsing it, and finds at least as much.
      const raw = data.entries[one.number].toLowerCase();
      if (!parts.every((part) => one.key.toLowerCase().includes(part) || raw.includes(JSON.stringify(part).slice(1, -1)))) return false;
    }
    const text = haystack(one.number);
    return parts.every((part) => text.includes(part));
  }
  const number = new Intl.Collator("en", { numeric: true });
  const selects = fields.map((field) => {
    const change = () => {
      wanted[field.name] = select.value === "" ? undefined : select.value.slice(1);
      at = 0;
      narrow();
    };
    const select = el("select", { id: `filter-${field.name}`, "data-field": field.name, on: { change } });
    return el("label", { class: "filter" }, el("span", { text: field.name }), select);
  });
  function narrow() {
    // What stands in quotes or parentheses is one part, so that a fact can be looked for.
    const parts = Array.from(query.toLowerCase().matchAll(/"([^"]+)"|\([^)]*\)|[^\s"]+/g), (found) => found[1] || found[0]);
    const matching = entries.filter((one) => found(one, parts));
    const passes = (one, field) => wanted[field.name] === undefined || field.of(one).includes(wanted[field.name]);
    shown = matching.filter((one) => fields.every((field) => passes(one, field)));
    fields.forEach((field, place) => {
      const counts = new Map();
      for (const one of entries) for (const value of field.of(one)) counts.set(value, counts.get(value) || 0);
      const others = matching.filter((one) => fields.every((other) => other === field || passes(one, other)));
      for (const one of others) for (const value of field.of(one)) counts.set(value, counts.get(value) + 1);
      const option = ([value, count]) => {
        const said = PL.short(PL.safe(field.said ? field.said(value) : value), 40);
        return el("option", { value: `=${value}`, selected: wanted[field.name] === value }, `${said} (${count})`);
      };
      const options = [...counts].sort(([a], [b]) => number.compare(a, b)).slice(0, 500).map(option);
      selects[place].querySelector("select").replaceChildren(el("option", { value: "" }, `all (${others.length})`), ...options);
    });
    drawList();
  }

  /* ---- the list ---- */
  const search = el("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { query = search.value; at = 0; narrow(); }, 120);
  });
  const status = el("p", { class: "muted small", role: "status", id: "count" });
  const items = el("ol", { class: "items", id: "items" });
  const before = el("button", { type: "button", id: "page-before", on: { click: () => { at -= PAGE; drawList(); } } }, "Previous");
  const behind = el("button", { type: "button", id: "page-behind", on: { click: () => { at += PAGE; drawList(); } } }, "Next");
  const place = el("span", { class: "muted small" });
  const clear = el("button", { type: "button", id: "clear", on: { click: () => {
    for (const name of Object.keys(wanted)) delete wanted[name];
    search.value = query = "";
    at = 0;
    narrow();
  } } }, "Clear filters");

  const labelled = (one) => Object.entries(one.labels).map(([name, value]) => `${name} ${value}`);
  function item(one) {
    const name = outcomeOf(one);
    const kind = isSays(name) ? SAYS[name][2] : PL.outcomeClass(name);
    const told = [outcomeWord(name), one.size, ...labelled(one), ...one.kinds.slice(0, 2).map(words)].filter(Boolean);
    const attributes = { type: "button", class: "item", "data-number": String(one.number), "aria-current": one.number === current ? "true" : null };
    return el("li", {}, el("button", { ...attributes, on: { click: () => choose(one.number, {}, true) } },
      el("span", { class: `sign ${kind}`, "aria-hidden": "true", text: PL.outcomeSign(one.outcome || "") }),
      el("span", { class: "what" }, PL.name(one.id, 40),
        el("span", { class: "muted small" }, told.map((text, place) => [place ? " · " : "", PL.name(text, 30)])))));
  }
  function drawList() {
    at = Math.max(0, Math.min(at, Math.floor(Math.max(0, shown.length - 1) / PAGE) * PAGE));
    items.replaceChildren(...shown.slice(at, at + PAGE).map(item));
    const [some, all] = [shown, entries].map((list) => list.length.toLocaleString("en"));
    status.textContent = shown.length ? `${some} of ${all} problems` : "No problem passes these filters.";
    before.disabled = at === 0;
    behind.disabled = at + PAGE >= shown.length;
    place.textContent = shown.length > PAGE ? `${at + 1}–${Math.min(at + PAGE, shown.length)}` : "";
    for (const one of [before, behind]) one.hidden = shown.length <= PAGE;
    drawNeighbours();
  }
  // Up, down, Home and End walk the list; left and right stay the player's.
  function listKeys(event) {
    const button = event.target.closest ? event.target.closest("button.item") : null;
    if (!button || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const all = [...items.querySelectorAll("button.item")];
    const here = all.indexOf(button);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (all[to]) all[to].focus();
    event.preventDefault();
  }

  /* ---- the chosen problem ---- */
  const head = el("header", { class: "chosen-head" });
  const told = el("div", { class: "told" });
  const bench = el("div", { class: "bench", id: "player" });
  const beside = el("section", { class: "beside", id: "beside", "aria-label": "Attempts beside each other" });
  const link = el("a", { class: "small no-print", id: "link", href: "#" }, "Link to this step");
  const newer = el("button", { type: "button", id: "problem-before", on: { click: () => step(-1) } }, "Previous problem");
  const older = el("button", { type: "button", id: "problem-behind", on: { click: () => step(1) } }, "Next problem");
  const players = new Map();
  let player = null;
  let moving = false;

  function hashOf(where) {
    const track = where.track ? `/${where.track}` : "";
    return `#${encodeURIComponent(keys[current])}/${where.attempt + 1}/${where.step}${track}`;
  }
  function readHash() {
    const parts = location.hash.slice(1).split("/");
    let key;
    try { key = decodeURIComponent(parts[0]); } catch { return null; }
    if (!byKey.has(key)) return null;
    const whole = (text, less) => (/^\d{1,6}$/.test(text || "") ? Math.max(0, Number(text) - less) : undefined);
    return { number: byKey.get(key), where: { attempt: whole(parts[1], 1), step: whole(parts[2], 0), track: whole(parts[3], 0) } };
  }
  function remember(hash, pushed) {
    link.setAttribute("href", hash);
    if (hash !== location.hash) history[pushed ? "pushState" : "replaceState"](null, "", hash);
  }
  function moved(position) {
    if (moving || current < 0) return;
    remember(hashOf(position), false);
    markBeside(position);
  }
  function step(by) {
    const here = shown.findIndex((one) => one.number === current);
    const next = shown[here < 0 ? 0 : here + by];
    if (!next) return;
    choose(next.number, {}, true);
    const to = shown.indexOf(next);
    if (to < at || to >= at + PAGE) { at = Math.floor(to / PAGE) * PAGE; drawList(); }
  }
  function drawNeighbours() {
    const here = shown.findIndex((one) => one.number === current);
    newer.disabled = here <= 0;
    older.disabled = !shown.length || here === shown.length - 1;
  }

  function doneSteps(attempt) {
    const track = attempt.tracks[0];
    return track ? `${track.steps.filter((one) => one.done).length} of ${track.steps.length} steps` : "";
  }
  function drawBeside(entry) {
    beside.replaceChildren();
    if (entry.attempts.length < 2) return;
    const call = (one) => el("li", { class: one.done ? "" : "undone" },
      el("span", { "aria-hidden": "true", text: one.done ? "✓ " : "✗ " }), PL.name(one.action, 40),
      one.done ? null : el("span", { class: "visually-hidden", text: " not done" }));
    const column = (attempt, number) => {
      const track = attempt.tracks[0];
      const fault = attempt.faults[0];
      return el("li", { class: "column", "data-attempt": String(number) },
        el("button", { type: "button", class: "column-head", on: { click: () => player && player.go({ attempt: number }) } },
          el("strong", {}, PL.name(attempt.label, 40)), attempt.outcome ? PL.badge(attempt.outcome) : null),
        el("p", { class: "small muted", text: doneSteps(attempt) }),
        track ? el("ol", { class: "calls" }, track.steps.slice(0, 60).map(call)) : null,
        track && track.steps.length > 60 ? el("p", { class: "small muted", text: `and ${track.steps.length - 60} more` }) : null,
        fault ? el("p", { class: "small" }, el("bdi", { text: PL.short(fault.message, 200) })) : null,
        attempt.feedback ? el("details", {}, el("summary", { text: "Feedback on it" }), el("pre", { text: attempt.feedback })) : null);
    };
    beside.append(el("h4", { text: "Attempts beside each other" }),
      el("ol", { class: "columns", tabindex: "0", "aria-label": "Attempts" }, entry.attempts.map(column)));
  }
  function markBeside(position) {
    for (const one of beside.querySelectorAll(".column")) one.classList.toggle("now", Number(one.dataset.attempt) === position.attempt);
  }
  /* An entry whose problem is not known: what was recorded, as text. */
  function drawTexts(entry) {
    const box = (label, options) => el("pre", { ...options, tabindex: "0", role: "region", "aria-label": label });
    told.replaceChildren(el("p", { class: "note", role: "note", text: entry.lacking }), ...entry.attempts.map((attempt, number) =>
      el("section", { class: "recorded", id: `recorded-${number + 1}` },
        el("h4", {}, PL.name(attempt.label, 40), " ", attempt.outcome ? PL.badge(attempt.outcome) : null),
        el("p", { class: "small muted" }, el("bdi", { text: attempt.message }), attempt.note ? [" ", el("bdi", { text: attempt.note })] : null),
        attempt.faults.length ? el("ul", {}, attempt.faults.slice(0, 20).map((fault) => el("li", {}, el("bdi", { text: fault.message })))) : null,
        attempt.feedback ? el("div", {}, el("h5", { text: "Feedback" }), el("pre", { text: attempt.feedback })) : null,
        el("h5", { text: "Answer" }), box(`Answer of ${PL.short(attempt.label, 40)}`, { class: "answer", text: attempt.text }),
        attempt.prompt ? el("details", {}, el("summary", { text: "Prompt" }), box("Prompt", { text: attempt.prompt })) : null)));
  }

  function playerFor(picture) {
    const name = String(picture);
    if (!players.has(name)) {
      const element = el("div", {});
      bench.append(element);
      players.set(name, { element, player: PL.player(element, { picture: picture === null ? null : data.pictures[picture], onMove: moved }) });
    }
    for (const [other, one] of players) one.element.hidden = other !== name;
    return players.get(name).player;
  }

  function choose(number, where, pushed) {
    const one = entries[number];
    const entry = body(number);
    current = number;
    for (const button of items.querySelectorAll("button.item")) {
      if (Number(button.dataset.number) === number) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const count = entry.attempts.length;
    const labels = [one.domain, one.size, ...labelled(one), entry.counted < count - 1 ? `${entry.attempts[entry.counted].label} of ${count} counts` : ""].filter(Boolean);
    const held = document.activeElement;
    head.replaceChildren(
      el("h3", { id: "chosen-title" }, PL.name(one.id, 80), " ", badge(one)),
      el("p", { class: "muted small" }, labels.map((text, place) => [place ? " · " : "", PL.name(text, 40)])),
      el("div", { class: "between no-print" }, newer, older, link));
    bench.hidden = !entry.problem;
    told.replaceChildren();
    drawBeside(entry);
    const attempt = where.attempt ?? entry.counted;
    let position = { attempt: Math.max(0, Math.min(attempt, count - 1)), track: 0, step: 0 };
    if (entry.problem) {
      moving = true;
      player = playerFor(one.picture);
      player.load(entry, { ...where, attempt }); // without a place it opens where the attempt that counts goes wrong
      moving = false;
      position = player.position();
    } else {
      player = null;
      drawTexts(entry);
    }
    markBeside(position);
    drawNeighbours();
    if (held === newer || held === older) (held.disabled ? (held === newer ? older : newer) : held).focus();
    if (pushed !== null) remember(hashOf(position), pushed);
    else link.setAttribute("href", hashOf(position));
  }
  function open() {
    const found = readHash();
    if (found) {
      if (found.number === current && player) {
        player.go({ ...found.where, track: found.where.track ?? 0 });
        remember(hashOf(player.position()), false);
      } else choose(found.number, found.where, null);
      return true;
    }
    return false;
  }

  // A link leads to its step, not to the summary above.
  function showChosen() {
    const { top } = $("chosen").getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 2) $("chosen").scrollIntoView();
  }

  /* ---- all of it ---- */
  drawSummary();
  if (entries.length) {
    const on = { submit: (event) => event.preventDefault(), keydown: (event) => event.stopPropagation() };
    const filters = el("form", { class: "filters", role: "search", "aria-label": "Filter the problems", on },
      el("label", { class: "filter wide-filter" }, el("span", { text: "search" }), search), selects, clear);
    $("list").append(filters, status, items, el("div", { class: "pages" }, before, place, behind));
    items.addEventListener("keydown", listKeys);
    $("chosen").append(head, told, bench, beside);
    if (entries.length === 1) $("problems").classList.add("single");
    const linked = readHash();
    const start = linked ? linked.number : Math.max(0, entries.findIndex(failed));
    at = Math.floor(start / PAGE) * PAGE;
    narrow();
    if (open()) showChosen();
    else {
      choose(start, {}, null);
      // A link to what is not here: say so instead of showing another problem in silence.
      const lost = "The link names a problem that is not in this report.";
      if (location.hash.length > 1 && location.hash !== "#problems") told.prepend(el("p", { class: "note", role: "note", text: lost }));
    }
    window.addEventListener("popstate", () => { if (!open() && location.hash === "") choose(start, {}, null); });
    window.addEventListener("hashchange", () => open() && showChosen());
  } else $("problems").hidden = true;
  $("skip").addEventListener("click", (event) => { event.preventDefault(); $("problems").focus(); });
  document.documentElement.dataset.ready = "true";
})();
