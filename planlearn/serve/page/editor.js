"use strict";
/* A text field with line numbers and marked places.
 *
 * PL.editor({id, label, onInput(text)}) -> {element, field, text(), set(text), marks([{at: [start, end], kind: "fault" | "now"}]), go(offset)}.
 * Offsets count code points, as the checker does. Only lines that hold a mark are written into the layer below the field.
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const LONGEST = 20000; // signs of a line that is marked
  const MOST_LINES = 20000; // that are numbered
  const MOST_MARKS = 200;

  /* Offsets in code points -> offsets in a string. */
  PL.units = (text, offset) => {
    if (!/[\ud800-\udfff]/.test(text)) return offset;
    let unit = 0;
    for (let point = 0; point < offset && unit < text.length; point++) unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
    return unit;
  };

  PL.editor = ({ id, label, onInput }) => {
    const numbers = PL.el("pre", {});
    const layer = PL.el("div", { class: "layer" });
    const field = PL.el("textarea", {
      id, "aria-label": label, spellcheck: "false", autocomplete: "off", autocapitalize: "off", wrap: "off", dir: "ltr",
      on: { input: changed, scroll: follow },
    });
    const element = PL.el("div", { class: "editor" },
      PL.el("div", { class: "gutter", "aria-hidden": "true" }, numbers), PL.el("div", { class: "field" }, PL.el("div", { "aria-hidden": "true" }, layer), field));
    let lines = 0;

    function number() {
      let count = 1;
      for (let at = field.value.indexOf("\n"); at >= 0 && count < MOST_LINES; at = field.value.indexOf("\n", at + 1)) count++;
      if (count === lines) return;
      lines = count;
      numbers.textContent = Array.from({ length: count }, (_, at) => at + 1).join("\n");
    }

    function follow() {
      numbers.style.transform = `translateY(${-field.scrollTop}px)`;
      layer.style.transform = `translate(${-field.scrollLeft}px, ${-field.scrollTop}px)`;
    }

    function changed() {
      number();
      layer.replaceChildren(); // what was marked may have moved
      onInput(field.value);
    }

    function height() {
      const style = getComputedStyle(field);
      return [parseFloat(style.lineHeight), parseFloat(style.paddingTop)];
    }

    function marks(places) {
      const text = field.value;
      const [line, top] = height();
      const drawn = [];
      for (const { at, kind } of places.slice(0, MOST_MARKS)) {
        let start = Math.min(PL.units(text, at[0]), text.length);
        let end = Math.min(PL.units(text, at[1]), text.length);
        let first = text.lastIndexOf("\n", start - 1) + 1;
        if (start > first && start === text.length) start -= 1; // the end of the text: its last sign
        const stop = text.indexOf("\n", start);
        const last = stop < 0 ? text.length : stop;
        if (last - first > LONGEST) continue;
        end = Math.max(Math.min(end, last), Math.min(start + 1, last));
        const number = text.slice(0, first).split("\n").length - 1;
        const row = document.createElement("div");
        const mark = document.createElement("mark");
        mark.className = kind;
        mark.textContent = text.slice(start, end) || " ";
        row.append(text.slice(first, start), mark);
        row.style.top = `${top + number * line}px`;
        drawn.push(row);
      }
      layer.replaceChildren(...drawn);
      follow();
    }

    return {
      element, field, marks,
      text: () => field.value,
      set(text) {
        if (field.value === text) return;
        field.value = text;
        number();
        layer.replaceChildren();
      },
      go(offset) {
        const at = PL.units(field.value, offset);
        const [line] = height();
        field.focus();
        field.setSelectionRange(at, at);
        const row = field.value.slice(0, at).split("\n").length - 1;
        if (row * line < field.scrollTop || (row + 2) * line > field.scrollTop + field.clientHeight) field.scrollTop = Math.max(0, (row - 3) * line);
      },
    };
  };
})();
