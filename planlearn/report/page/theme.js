"use strict";
/* What every page needs: DOM built by text alone, safe display of foreign text, facts read from their text.
 *
 * PL.el(tag, options, ...children): an element. options: `class`, `text`, `title`, `on: {click: f}`, and attributes; false, null and undefined
 *   leave an attribute out, true sets it empty. Strings among text, title, aria-label and children go through PL.safe.
 * PL.svg(tag, options, ...children): the same in the SVG namespace.
 * PL.safe(text): control and direction characters as visible escapes, "\u202e" as "⟨U+202E⟩".
 * PL.short(text, most): cut in the middle. PL.label(text, most): the same, and safe. PL.name(text, most): a <bdi> with the full name as its title.
 * PL.factParts("(on a b)") -> ["on", "a", "b"].
 * PL.badge(outcome): the outcome in a word and a sign. PL.outcomeWord(outcome), PL.outcomeSign(outcome), PL.outcomeClass(outcome).
 * PL.byteSize(n): "1.2 MB" for n characters.
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const SVG = "http://www.w3.org/2000/svg";
  // As val_bridge/check/visible.py: controls but tab and line feed, formatting marks (all marks of direction are among them), lone surrogates, separators.
  const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

  PL.safe = (text) =>
    String(text).replace(UNSEEN, (sign) => (sign === "\r" ? "" : `⟨U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`));

  PL.short = (text, most) => {
    if (text.length > 8 * most) text = text.slice(0, 4 * most) + text.slice(-4 * most);
    const signs = text.length > most ? Array.from(text) : [];
    if (signs.length <= most) return text;
    const tail = Math.floor((most - 1) / 3);
    return signs.slice(0, most - 1 - tail).join("") + "…" + (tail ? signs.slice(-tail).join("") : "");
  };

  function fill(element, options, children) {
    for (const [key, value] of Object.entries(options || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (key === "text") element.append(PL.safe(value));
      else if (key === "class") element.setAttribute("class", value);
      else if (key === "title" || key === "aria-label") element.setAttribute(key, PL.safe(value));
      else element.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children) add(element, child);
    return element;
  }

  function add(element, child) {
    if (child === undefined || child === null || child === false) return;
    if (Array.isArray(child)) child.forEach((one) => add(element, one));
    else element.append(child instanceof Node ? child : PL.safe(child));
  }

  PL.el = (tag, options, ...children) => fill(document.createElement(tag), options, children);
  PL.svg = (tag, options, ...children) => fill(document.createElementNS(SVG, tag), options, children);

  PL.label = (text, most) => PL.short(PL.safe(PL.short(text, most)), most);

  PL.name = (text, most = 60) => {
    const shown = PL.short(text, most);
    return PL.el("bdi", { title: shown === text ? null : PL.short(text, 2000) }, shown);
  };

  PL.factParts = (text) => text.replace(/[()]/g, " ").trim().split(/\s+/);

  const OUTCOMES = {
    valid: ["valid", "✓", "good"],
    invalid: ["invalid", "✗", "bad"],
    unreadable: ["unreadable", "?", "warn"],
    unsolvable: ["says: no plan", "∅", "warn"],
    checker_error: ["checker error", "!", "warn"],
  };
  const outcome = (name) => (Object.hasOwn(OUTCOMES, name) ? OUTCOMES[name] : [String(name), "·", ""]);
  PL.outcomeWord = (name) => outcome(name)[0];
  PL.outcomeSign = (name) => outcome(name)[1];
  PL.outcomeClass = (name) => outcome(name)[2];
  PL.badge = (name) =>
    PL.el(
      "span",
      { class: `badge ${PL.outcomeClass(name)}` },
      PL.el("span", { "aria-hidden": "true", text: PL.outcomeSign(name) }),
      PL.outcomeWord(name),
    );

  PL.byteSize = (n) => (n < 1000 ? `${n} characters` : n < 1e6 ? `${Math.round(n / 1e3)} KB` : `${(n / 1e6).toFixed(1)} MB`);
})();
