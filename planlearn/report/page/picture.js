"use strict";
/* States as pictures: PL.picture(spec, problem, {width}) -> {element, show(facts, options), describe(facts), reserve(states), width(),
 * destroy()}.
 *
 * spec: what `planlearn/report/pictures.py` makes of a domain's picture.yaml, or null: then a table of facts and a graph of the binary ones.
 * show(facts, {changed: {added, removed}, wrong: {missing, extra}, animate}): draws the state, a Set of fact numbers. What changed and is shown is marked
 *   "+" or "−"; what a claim has in excess "?"; what it leaves out stands below as text. Impossible states are drawn as far as they go: an object in
 *   two places twice, one without a place on a shelf of its own, and what cannot be drawn (a on b on a) stays as text; a legend says what "!" means.
 * reserve(states): room for all these states, so that nothing else moves from one to the next. width(): of the room for the picture, as last seen.
 * What is wider than its place at the least scale scrolls sideways, so that print is never too small to read.
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const NONE = new Set();
  const MOST_OBJECTS = 300;
  const MOST_NODES = 30;
  const MOST_CHIPS = 40;
  // At the least scale the smallest print has 9 px.
  const SCALES = [1.1, 1, 0.94, 0.88];
  const LEAST = SCALES[SCALES.length - 1];
  // Where pictures stand below each other they may be taller.
  const tallest = (available) => (available < 420 ? 560 : 380);
  const MOST_STATES = 60;
  const fitted = new WeakMap();
  let ids = 0;

  const signs = (text) => Array.from(text).length;
  const textWidth = (text, size) => signs(text) * size * 0.6;

  // Room around what is inside, least size, layer (what is drawn over what), and the longest label in signs.
  const GEOMETRY = {
    block: { layer: 3, h: 40, least: 46, pad: [22, 6, 6, 6], label: 10 },
    crate: { layer: 3, h: 32, least: 44, pad: [22, 6, 6, 6], label: 9 },
    package: { layer: 3, h: 26, least: 30, pad: [20, 4, 4, 4], label: 9 },
    thing: { layer: 3, h: 28, least: 34, pad: [22, 6, 6, 6], label: 12 },
    pallet: { layer: 2, h: 20, least: 56, pad: [20, 4, 4, 4], label: 10 },
    truck: { layer: 2, h: 54, least: 64, pad: [18, 26, 14, 8], label: 10, holds: true },
    plane: { layer: 2, h: 54, least: 76, pad: [22, 26, 12, 20], label: 10, holds: true },
    hoist: { layer: 2, h: 78, least: 64, pad: [24, 8, 20, 16], label: 10, holds: true, hangs: true },
    place: { layer: 1, h: 62, least: 84, pad: [28, 10, 12, 10], label: 14, holds: true },
    airport: { layer: 1, h: 62, least: 84, pad: [28, 10, 12, 10], label: 14, holds: true },
    depot: { layer: 1, h: 90, least: 100, pad: [36, 10, 12, 10], label: 14, holds: true },
    distributor: { layer: 1, h: 90, least: 100, pad: [36, 10, 12, 10], label: 14, holds: true },
    city: { layer: 0, h: 80, least: 120, pad: [30, 12, 12, 12], label: 20, holds: true },
    table: { layer: 1, h: 62, least: 130, pad: [8, 16, 30, 16], label: 20, holds: true },
    hand: { layer: 1, h: 84, least: 120, pad: [28, 18, 8, 18], label: 14, holds: true, hangs: true },
    box: { layer: 1, h: 70, least: 100, pad: [28, 10, 12, 10], label: 20, holds: true },
    shelf: { layer: 0, h: 70, least: 130, pad: [30, 12, 12, 12], label: 30, holds: true },
  };
  const REGIONS = new Set(["city", "place", "airport", "depot", "distributor"]);
  // What uses all the width there is.
  const FULL = new Set(["table", "city", "shelf"]);
  // In a place, what stays comes first, so that what comes and goes moves nothing else.
  const RANK = { hoist: 0, pallet: 1, truck: 2, plane: 2 };
  const GAP = 8;
  // A table's rows are boards with legs and the table's name below each.
  const rowGap = (shape) => (shape === "table" ? 36 : GAP * 1.5);

  PL.picture = function (spec, problem, options) {
    const facts = problem.facts.map((text) => {
      const [name, ...args] = PL.factParts(text);
      return { text, name, args, rule: null };
    });
    const parts = { problem, facts, isStatic: new Set(problem.static || []), width: (options && options.width) || 420 };
    return spec && problem.objects.length <= MOST_OBJECTS ? drawn(spec, parts) : tabled(parts);
  };

  // ---- facts as text, below a picture

  function chip(kind, sign, text, said) {
    return PL.el(
      "li",
      { class: `pl-chip ${kind}`, title: said },
      sign && PL.el("span", { class: "pl-sign", "aria-hidden": "true", text: sign }),
      sign && PL.el("span", { class: "visually-hidden", text: `${said}: ` }),
      PL.el("bdi", { class: "mono" }, PL.label(text, 120)),
    );
  }

  function fillChips(list, chips) {
    list.replaceChildren(...chips.slice(0, MOST_CHIPS));
    if (chips.length > MOST_CHIPS) {
      const more = PL.el("button", {
        type: "button",
        class: "link",
        text: `and ${chips.length - MOST_CHIPS} more`,
        on: { click: () => (list.replaceChildren(...chips), (list.tabIndex = -1), list.focus()) },
      });
      list.append(PL.el("li", {}, more));
    }
    list.hidden = !chips.length;
  }

  // ---- a picture by a domain's rules

  function drawn(spec, { problem, facts, isStatic, width }) {
    for (const fact of facts) {
      const rule = Object.hasOwn(spec.rules, fact.name) ? spec.rules[fact.name] : null;
      fact.rule = rule && rule.arity === fact.args.length ? rule : null;
    }
    const rank = new Map(Object.keys(spec.rules).map((name, place) => [name, place]));
    const looks = lookOf(spec, problem, facts);
    const rankOf = new Map(problem.objects.map(([name], place) => [name, place]));
    const tint = new Map(problem.objects.map(([name], place) => [name, place % 8]));
    const shapes = new Map(spec.areas.map((area) => [area.name, area.shape]));
    const areaKeys = new Map(spec.areas.map((area) => [area.name, ` ${area.name}`]));
    const tagWidth = Math.max(
      0,
      ...Object.entries(spec.rules).map(([name, rule]) => (rule.kind === "tagged" ? textWidth(PL.label(`+${name}`, 12), 10.5) + 8 : 0)),
    );
    const labels = labelsOf(problem, looks);
    const widths = labelWidths(problem, looks, labels, tagWidth);

    const svg = PL.svg("svg", { class: "pl-svg", role: "img" });
    const layers = [0, 1, 2, 3].map(() => svg.appendChild(PL.svg("g", {})));
    const chips = PL.el("ul", { class: "pl-chips", "aria-label": "Facts beside the picture" });
    const scroll = PL.el("div", { class: "pl-scroll" }, svg);
    const legend = PL.el("p", { class: "pl-legend" });
    const element = PL.el("div", { class: "pl-picture" }, scroll, chips, legend);
    const groups = new Map();
    let reserved = null;
    let last = null;
    let available = width;

    function tree(state, extra = NONE) {
      const nodes = new Map();
      const notes = { chips: [], undrawn: [] };
      const node = (key, name, shape, extra) => {
        let made = nodes.get(key);
        if (!made)
          nodes.set(
            key,
            (made = { key, name, shape, inside: [], above: [], parent: null, tags: [], open: null, order: nodes.size, ...extra }),
          );
        return made;
      };
      for (const area of spec.areas) node(areaKeys.get(area.name), area.label, area.shape, { area: true });
      for (const [name] of problem.objects) node(name, name, looks.get(name) || "thing", {});
      const object = (name) => node(name, name, looks.get(name) || "thing", { unknown: !looks.has(name) });
      const target = (fact) =>
        typeof fact.rule.target === "string" ? nodes.get(areaKeys.get(fact.rule.target)) : object(fact.args[fact.rule.target]);

      const wanted = new Map();
      const shown = [...state].sort((a, b) => (rank.get(facts[a]?.name) ?? 0) - (rank.get(facts[b]?.name) ?? 0) || a - b);
      for (const number of shown) {
        const fact = facts[number];
        if (!fact) continue;
        if (!fact.rule) notes.chips.push(number);
        else if (fact.rule.kind === "tagged") object(fact.args[fact.rule.subject]).tags.push(number);
        else if (fact.rule.kind === "open") {
          const free = target(fact);
          if (free) free.open = number;
        } else if (fact.rule.kind === "in" || fact.rule.kind === "above") {
          const subject = object(fact.args[fact.rule.subject]);
          const onto = target(fact);
          if (!wanted.has(subject)) wanted.set(subject, []);
          wanted.get(subject).push({ number, onto, how: fact.rule.kind, weak: fact.rule.weak });
        }
      }
      const weak = [];
      for (const [subject, all] of wanted) {
        const strong = all.filter((one) => !one.weak);
        // What is true comes first: a wrong place is drawn beside the right one.
        const used = (strong.length ? strong : all).sort((a, b) => extra.has(a.number) - extra.has(b.number));
        if (strong.length) weak.push(...all.filter((one) => one.weak).map((one) => [subject, one]));
        subject.parent = used[0].onto;
        subject.how = used[0].how;
        subject.by = used[0].number;
        used.slice(1).forEach((one, place) => {
          const copy = node(`${subject.key} ${place + 2}`, subject.name, subject.shape, { copy: true, twice: true });
          copy.parent = one.onto;
          copy.how = one.how;
          copy.by = one.number;
          subject.twice = true;
        });
      }
      // What stands on itself in the end is cut where its first object stands.
      const checked = new Set();
      for (const start of nodes.values()) {
        const path = new Set();
        let at = start;
        while (at && !checked.has(at) && !path.has(at)) {
          path.add(at);
          at = at.parent;
        }
        if (at && path.has(at)) {
          let first = at;
          for (let on = at.parent; on !== at; on = on.parent) if (on.order < first.order) first = on;
          notes.undrawn.push(first.by);
          first.parent = null;
          first.by = undefined;
        }
        path.forEach((one) => checked.add(one));
      }
      for (const [subject, one] of weak) {
        let at = subject.parent;
        while (at && at !== one.onto) at = at.parent;
        if (!at) notes.undrawn.push(one.number);
      }
      const roots = [];
      const lost = [];
      for (const one of nodes.values()) {
        if (one.parent) one.parent[one.how === "above" ? "above" : "inside"].push(one);
        else if (one.area || REGIONS.has(one.shape)) roots.push(one);
        else lost.push(one);
      }
      for (const one of nodes.values()) {
        if (one.inside.length > 1 && REGIONS.has(one.shape))
          one.inside.sort((a, b) => (RANK[a.shape] ?? 3) - (RANK[b.shape] ?? 3) || a.order - b.order);
      }
      if (lost.length) {
        const shelf = node("  shelf", "nowhere", "shelf", { area: true });
        lost.forEach((one) => (one.parent = shelf));
        shelf.inside = lost;
        roots.push(shelf);
      }
      return { nodes, roots, notes };
    }

    // -- sizes and places; every node gets x, y, w, h

    function measure(one, room) {
      const shape = GEOMETRY[one.shape];
      const [top, right, bottom, left] = shape.pad;
      const least = reserved && reserved.get(one.key);
      let w =
        one.area || !widths.has(one.shape)
          ? Math.max(shape.least, textWidth(PL.short(one.name, shape.label), 12) + 24)
          : widths.get(one.shape);
      let h = shape.h;
      if (one.tags.length) h = Math.max(h, 40 + 12 * (one.tags.length - 1));
      let children = one.inside;
      if (one.shape === "table" && least && least.slots) children = slots(one, least.slots);
      one.rows = null;
      if (children.length) {
        const most = Math.max(40, room - left - right);
        for (const child of children) if (!child.gap) measure(child, most);
        flow(one, children, least && !FULL.has(one.shape) ? Math.max(40, least.w - left - right) : innerRoom(one, children, most));
        w = Math.max(w, one.contentW + left + right);
        h = Math.max(h, one.contentH + top + bottom);
      }
      if (least) {
        w = Math.max(w, least.w);
        h = Math.max(h, least.h);
      }
      one.w = w;
      one.h = h;
      let aboveW = 0;
      let aboveH = 0;
      for (const upper of one.above) {
        measure(upper, room);
        aboveW += upper.totalW + (aboveW ? 2 : 0);
        aboveH = Math.max(aboveH, upper.totalH);
      }
      one.aboveW = aboveW;
      one.totalW = Math.max(w, aboveW);
      one.totalH = h + aboveH;
    }

    // A table keeps a slot for everything that ever stands on it.
    function slots(table, kept) {
      const here = new Map(table.inside.map((one) => [one.key, one]));
      const all = kept.map(([key, w]) => here.get(key) || { key, gap: true, totalW: w, totalH: 0, slotW: w });
      kept.forEach(([key, w], place) => {
        if (here.has(key)) all[place].slotW = w;
        here.delete(key);
      });
      return [...all, ...here.values()];
    }

    function innerRoom(one, children, room) {
      if (FULL.has(one.shape)) return room;
      let area = 0;
      for (const child of children) area += (child.totalW + GAP) * (child.totalH + GAP);
      return Math.min(room, Math.max(120, Math.sqrt(area * 2.4)));
    }

    function flow(one, children, room) {
      const rows = [];
      let row = null;
      for (const child of children) {
        const w = Math.max(child.totalW, child.slotW || 0);
        if (!row || row.w + GAP + w > room) rows.push((row = { w: 0, h: 0, items: [] }));
        row.items.push([child, row.w + (row.w ? GAP : 0), w]);
        row.w += w + (row.w ? GAP : 0);
        row.h = Math.max(row.h, child.totalH);
      }
      one.rows = rows;
      one.contentW = Math.max(...rows.map((each) => each.w));
      one.contentH = rows.reduce((sum, each) => sum + each.h, 0) + rowGap(one.shape) * (rows.length - 1);
    }

    // x: left edge of all that it takes; bottom: its lower edge.
    function put(one, x, bottom) {
      const shape = GEOMETRY[one.shape];
      one.x = x + (one.totalW - one.w) / 2;
      one.y = bottom - one.h;
      if (one.rows && one.rows.length) {
        const [top, right, low, left] = shape.pad;
        const spare = one.w - left - right - one.contentW;
        const from = one.x + left + (shape.hangs ? spare / 2 : 0);
        const first = one.rows[0].items[0][0];
        let y = shape.hangs || (REGIONS.has(one.shape) && RANK[first.shape] < 2) ? one.y + top : one.y + one.h - low - one.contentH;
        one.grounds = [];
        for (const row of one.rows) {
          for (const [child, dx, w] of row.items) if (!child.gap) put(child, from + dx + (w - child.totalW) / 2, y + row.h);
          one.grounds.push(y + row.h - one.y);
          y += row.h + rowGap(one.shape);
        }
      } else one.grounds = [one.h - shape.pad[2]];
      let at = x + (one.totalW - one.aboveW) / 2;
      for (const upper of one.above) {
        put(upper, at, one.y);
        at += upper.totalW + 2;
      }
    }

    // The roots from left to right in rows; hands and tables take a row each.
    function arrange({ roots }, room) {
      const all = { rows: [] };
      let y = 0;
      let widest = 0;
      let line = [];
      const close = () => {
        if (!line.length) return;
        const tall = Math.max(...line.map((one) => one.totalH));
        let x = 0;
        for (const one of line) {
          put(one, x, y + (line.length > 1 ? one.totalH : tall));
          x += one.totalW + 12;
        }
        widest = Math.max(widest, x - 12);
        y += tall + 12;
        line = [];
      };
      let used = 0;
      for (const one of roots) {
        measure(one, room);
        const alone = one.area;
        if (line.length && (alone || used + 12 + one.totalW > room)) close();
        if (!line.length) used = 0;
        line.push(one);
        used += one.totalW + (used ? 12 : 0);
        if (alone) close();
      }
      close();
      // Hands hang over the middle.
      for (const one of roots) if (one.shape === "hand") shift(one, (widest - one.totalW) / 2);
      all.w = Math.max(widest, 60);
      all.h = Math.max(y - 12, 40);
      return all;
    }

    function shift(one, dx) {
      one.x += dx;
      for (const child of one.inside) shift(child, dx);
      for (const child of one.above) shift(child, dx);
    }

    let size = { w: 0, h: 0, scale: 1 };
    let states = [];

    function reserve(all) {
      states = all;
      fit();
    }

    // The largest scale at which the states stay low enough; then room for each container as large as it ever gets. Pictures beside each
    // other have the same states and width, so the answer is kept.
    function fit() {
      const known = fitted.get(states);
      if (known && known.available === available && known.spec === spec) {
        ({ reserved } = known);
        size = { ...known.size };
        return;
      }
      const trees = states.slice(0, MOST_STATES).map((state) => tree(state));
      const most = (some, room) => {
        const box = { w: 0, h: 0, wraps: false };
        for (const one of some) {
          const { w, h } = arrange(one, room);
          box.wraps ||= one.roots.some((root) => root.shape === "table" && root.rows && root.rows.length > 1);
          box.w = Math.max(box.w, w);
          box.h = Math.max(box.h, h);
        }
        return box;
      };
      reserved = null;
      const sample = trees.length > 3 ? [trees[0], trees[trees.length >> 1], trees[trees.length - 1]] : trees;
      const fits = ({ w, h, wraps }, scale) => (!wraps || scale <= LEAST) && h * scale <= tallest(available) && w * scale <= available + 1;
      let place = SCALES.findIndex((scale) => fits(most(sample, available / scale), scale));
      if (place < 0) place = SCALES.length - 1;
      // Slots make tables wider, so the size is taken again.
      for (; place < SCALES.length; place++) {
        const scale = SCALES[place];
        reserved = null;
        reserved = rooms(trees, available / scale);
        const box = most(trees, available / scale);
        size = { w: box.w, h: box.h, scale };
        if (!box.wraps || scale <= LEAST) break;
      }
      fitted.set(states, { available, spec, reserved, size: { ...size } });
    }

    // How large each container ever gets, and who ever stands on a table.
    function rooms(trees, room) {
      const kept = new Map();
      const slotted = new Map();
      for (const one of trees) {
        arrange(one, room);
        for (const node of one.nodes.values()) {
          if (!GEOMETRY[node.shape].holds && !node.inside.length) continue;
          const old = kept.get(node.key) || { w: 0, h: 0 };
          old.w = Math.max(old.w, node.w);
          old.h = Math.max(old.h, node.h);
          kept.set(node.key, old);
          if (node.shape !== "table") continue;
          if (!slotted.has(node.key)) slotted.set(node.key, new Map());
          const here = slotted.get(node.key);
          for (const child of node.inside) here.set(child.key, Math.max(here.get(child.key) || 0, child.totalW));
        }
      }
      for (const [key, here] of slotted)
        kept.get(key).slots = [...here].sort((a, b) => (rankOf.get(a[0]) ?? 1e9) - (rankOf.get(b[0]) ?? 1e9));
      return kept;
    }

    function show(state, { changed = {}, wrong = {}, animate = true } = {}) {
      last = [state, { changed, wrong, animate: false }];
      const added = changed.added || NONE;
      const removed = changed.removed || NONE;
      const extra = wrong.extra || NONE;
      const missing = wrong.missing || NONE;
      const signOf = (number) =>
        number === undefined || number === null ? "" : extra.has(number) ? "?" : added.has(number) ? "+" : removed.has(number) ? "−" : "";
      if (!states.length) reserve([state]);
      const made = tree(state, extra);
      const box = arrange(made, available / size.scale);
      size.w = Math.max(size.w, box.w);
      size.h = Math.max(size.h, box.h);
      svg.setAttribute("viewBox", `-4 -4 ${Math.ceil(size.w) + 8} ${Math.ceil(size.h) + 8}`);
      const wide = Math.ceil((size.w + 8) * size.scale);
      svg.style.maxWidth = `${wide}px`;
      mayScroll(scroll, svg, wide, available + 8);
      svg.classList.toggle("still", !animate);
      svg.setAttribute("aria-label", PL.label(describe(state), 4000));
      const drop = size.h - box.h;
      for (const one of made.nodes.values()) {
        if (one.x === undefined) continue;
        const mark = signOf(one.by) || (one.open !== null && !one.area ? signOf(one.open) : "");
        const openMark = one.open === null ? "" : signOf(one.open);
        const tags = one.tags.map((number) => `${signOf(number)}${facts[number].name}`);
        const openWord = one.open === null ? "" : facts[one.open].name;
        const key = [
          one.shape,
          one.w,
          one.h,
          one.name,
          mark,
          openWord,
          openMark,
          tags.join(" "),
          one.twice,
          one.unknown,
          (one.grounds || []).join(" "),
          one.inside.length && GEOMETRY[one.shape].hangs ? [one.inside[0].w, one.inside[0].y - one.y].join() : one.inside.length > 0,
        ].join("|");
        let group = groups.get(one.key);
        const fresh = !group;
        if (fresh) {
          const g = PL.svg("g", { class: "pl-node", "data-key": one.key.trim(), "data-shape": one.shape });
          layers[GEOMETRY[one.shape].layer].append(g);
          groups.set(one.key, (group = { g, key: "" }));
        }
        if (group.key !== key) {
          group.key = key;
          paint(group.g, one, { mark, openWord, openMark, tags, label: labels.get(one.name), tint: tint.get(one.name) ?? 0 });
        }
        group.seen = made;
        const moved = `translate(${round(one.x)}px, ${round(one.y + drop)}px)`;
        if (group.moved !== moved) {
          if (fresh) group.g.style.transition = "none";
          group.g.style.transform = group.moved = moved;
          if (fresh) requestAnimationFrame(() => (group.g.style.transition = ""));
        }
      }
      for (const [key, group] of groups) {
        if (group.seen === made) continue;
        group.g.remove();
        groups.delete(key);
      }
      const list = [...missing].map((number) => chip("missing", "−", facts[number].text, "left out"));
      for (const number of made.notes.undrawn) list.push(chip("undrawn", "!", facts[number].text, "cannot be drawn"));
      for (const number of extra)
        if (!facts[number].rule || facts[number].rule.kind === "hidden") list.push(chip("extra", "?", facts[number].text, "in excess"));
      for (const number of made.notes.chips) {
        if (extra.has(number)) continue;
        const sign = signOf(number);
        list.push(
          chip(
            sign === "+" ? "added" : sign === "−" ? "removed" : "",
            sign,
            facts[number].text,
            sign === "+" ? "added" : sign === "−" ? "deleted" : "",
          ),
        );
      }
      fillChips(chips, list);
      const all = [...made.nodes.values()];
      const said = [
        all.some((one) => one.twice) && "in two places",
        all.some((one) => one.unknown) && "not an object of the problem",
        made.notes.undrawn.length > 0 && "cannot be drawn",
      ].filter(Boolean);
      legend.hidden = !said.length;
      legend.textContent = said.length ? `! ${said.join("; ")}` : "";
    }

    function describe(state) {
      const said = [];
      for (const number of [...state].sort((a, b) => a - b)) {
        const fact = facts[number];
        if (!fact || isStatic.has(number) || (fact.rule && fact.rule.kind === "hidden")) continue;
        if (!fact.rule || fact.rule.kind === "tagged") said.push(fact.text);
        else {
          const { kind, subject, target } = fact.rule;
          const at =
            typeof target === "string" ? (spec.areas.find((area) => area.name === target) || { label: target }).label : fact.args[target];
          said.push(
            kind === "open"
              ? `${at}: ${fact.name}`
              : kind === "above"
                ? `${fact.args[subject]} above ${at}`
                : typeof target === "string"
                  ? `${fact.args[subject]} ${shapes.get(target) === "table" ? "on" : "in"} the ${at}`
                  : `${fact.args[subject]} in ${at}`,
          );
        }
      }
      return said.length ? said.join(", ") : "no fact holds";
    }

    const stop = watchWidth(element, (now) => {
      if (Math.abs(now - available) < 2) return;
      available = now;
      if (!last) return;
      fit();
      show(...last);
    });

    return { element, show, describe, reserve, width: () => available, destroy: stop };
  }

  const round = (x) => Math.round(x * 10) / 10;

  // A picture that is wider than its place scrolls there, by keys too.
  function mayScroll(box, svg, wide, available) {
    const scrolls = wide > available + 1;
    svg.style.minWidth = scrolls ? `${wide}px` : "";
    box.classList.toggle("wide", scrolls);
    const how = { tabindex: "0", role: "region", "aria-label": "Picture, wider than the page", "data-pl-scroll": "" };
    for (const [name, value] of Object.entries(how)) if (scrolls) box.setAttribute(name, value);
    else box.removeAttribute(name);
  }

  function watchWidth(element, act) {
    const observer = new ResizeObserver((seen) => {
      const width = seen[seen.length - 1].contentRect.width;
      if (width > 0) act(width);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }

  function lookOf(spec, problem, facts) {
    const held = new Set(
      problem.init
        .map((number) => facts[number])
        .filter((fact) => fact && fact.args.length === 1)
        .map((fact) => `${fact.name} ${fact.args[0]}`),
    );
    return new Map(
      problem.objects.map(([name, kind]) => {
        const fits = spec.objects.find(
          (look) => (!look.types || look.types.includes(kind)) && (!look.fact || held.has(`${look.fact} ${name}`)),
        );
        return [name, fits ? fits.shape : "thing"];
      }),
    );
  }

  // Names as they are shown: of those that would look alike once they are cut, what they have in common goes, or they are numbered.
  function labelsOf(problem, looks) {
    const labels = new Map();
    const alike = new Map();
    for (const [name] of problem.objects) {
      const most = GEOMETRY[looks.get(name)].label;
      const label = PL.label(name, most);
      labels.set(name, label);
      const key = `${most} ${label}`;
      if (!alike.has(key)) alike.set(key, []);
      alike.get(key).push(name);
    }
    for (const names of alike.values()) {
      if (names.length < 2) continue;
      const most = GEOMETRY[looks.get(names[0])].label;
      const parts = names.map((name) => Array.from(name.slice(0, 4000)));
      const common = (from) => {
        let length = 0;
        while (length < parts[0].length && parts.every((part) => part.length > length && from(part, length) === from(parts[0], length))) length++;
        return length;
      };
      const head = common((part, place) => part[place]);
      const tail = common((part, place) => part[part.length - 1 - place]);
      const cut = parts.map((part) => `${head ? "…" : ""}${part.slice(head, Math.max(head, part.length - tail)).join("")}${tail ? "…" : ""}`);
      const told = cut.map((text) => PL.safe(text));
      const differ = new Set(told).size === told.length && told.every((text) => signs(text) <= most);
      names.forEach((name, place) => {
        const number = ` ${place + 1}`;
        labels.set(name, differ ? told[place] : `${PL.label(name, most - number.length)}${number}`);
      });
    }
    return labels;
  }

  // Objects of one shape are equally wide.
  function labelWidths(problem, looks, labels, tagWidth) {
    const widths = new Map();
    for (const [name] of problem.objects) {
      const shape = looks.get(name);
      const { least, holds } = GEOMETRY[shape];
      const wide = textWidth(labels.get(name), shape === "block" ? 14 : 11.5) + (holds ? 24 : 14);
      widths.set(shape, Math.max(widths.get(shape) || Math.max(least, tagWidth), wide));
    }
    return widths;
  }

  // ---- shapes

  const LABELLED = new Set(["city", "place", "airport", "depot", "distributor", "box", "shelf"]);

  function paint(g, one, { mark, openWord, openMark, tags, label, tint }) {
    const { w, h, shape } = one;
    const rect = (x, y, width, height, r, cls) =>
      PL.svg("rect", { x: round(x), y: round(y), width: round(Math.max(1, width)), height: round(Math.max(1, height)), rx: r, class: cls });
    const path = (d, cls) => PL.svg("path", { d, class: cls });
    const circle = (x, y, r, cls) => PL.svg("circle", { cx: round(x), cy: round(y), r, class: cls });
    const shown = label ?? PL.label(one.name, GEOMETRY[shape].label);
    const text = (x, y, said, cls, anchor = "middle") =>
      PL.svg("text", { x: round(x), y: round(y), class: cls, "text-anchor": anchor, direction: "ltr" }, said);
    const out = [PL.svg("title", {}, one.area ? one.name : titleOf(one, openWord, tags))];
    const middle = w / 2;
    const body = `pl-body pl-tint-${tint}`;
    const line = one.grounds ? one.grounds : [];

    if (shape === "block" || shape === "thing" || shape === "crate" || shape === "package") {
      const inside = one.inside.length > 0;
      out.push(rect(0.75, 0.75, w - 1.5, h - 1.5, shape === "thing" ? Math.min(h / 2, 14) : 5, body));
      if (shape === "crate") out.push(path(`M1 8H${round(w - 1)}M1 ${h - 8}H${round(w - 1)}`, "pl-detail"));
      if (shape === "package") out.push(path(`M${round(middle - 4)} 1v5h8v-5`, "pl-detail"));
      const size = shape === "block" && signs(shown) <= 4 ? "pl-label large" : "pl-label";
      const lift = tags.length ? 7 * tags.length : 0;
      out.push(text(middle, inside ? 16 : h / 2 + (shape === "package" ? 7 : 5) - lift * 0.8, shown, size));
      tags.forEach((tag, place) =>
        out.push(text(middle, h - 7 - 11 * (tags.length - 1 - place), PL.label(tag, 12), `pl-tag ${/^[+?−]/.test(tag) ? "marked" : ""}`)),
      );
    } else if (shape === "pallet") {
      out.push(
        rect(0.75, 0.75, w - 1.5, h - 6, 2, "pl-body plain"),
        path(`M6 ${h - 5}v4.5h8v-4.5M${round(middle - 4)} ${h - 5}v4.5h8v-4.5M${round(w - 14)} ${h - 5}v4.5h8v-4.5`, "pl-body plain"),
        text(middle, 11, shown, "pl-label small"),
      );
    } else if (shape === "truck") {
      const low = h - 9;
      out.push(
        path(`M${round(w - 22)} ${round(low)}V${round(low - 22)}h12l8 10v12z`, "pl-body plain"),
        path(`M${round(w - 18)} ${round(low - 18)}h7l5 7h-12z`, "pl-glass"),
        rect(1, 14, w - 24, low - 14, 3, "pl-body hollow"),
        circle(14, h - 8, 6.5, "pl-wheel"),
        circle(w - 14, h - 8, 6.5, "pl-wheel"),
        text(1, 10, shown, "pl-label small", "start"),
      );
    } else if (shape === "plane") {
      const low = h - 6;
      const high = 17;
      out.push(
        path(
          `M14 ${high}H${round(w - 24)}C${round(w - 8)} ${high} ${round(w - 1)} ${round((high + low) / 2)} ${round(w - 1)} ${round((high + low) / 2 + 3)}C${round(w - 1)} ${round(low - 2)} ${round(w - 10)} ${low} ${round(w - 20)} ${low}H22C12 ${low} 6 ${round(high + 10)} 1 3h9z`,
          "pl-body hollow",
        ),
        path(`M${round(w - 19)} ${high + 5}h6l5 6h-11z`, "pl-glass"),
        path(`M${round(middle - 14)} ${low - 3}l-9 9h12l14-9z`, "pl-body plain"),
        text(16, 12, shown, "pl-label small", "start"),
      );
    } else if (shape === "hoist") {
      const held = one.inside[0];
      const hook = held ? held.x - one.x + held.w / 2 : middle + 4;
      const down = held ? held.y - one.y : openWord ? 34 : 26;
      out.push(
        path(`M10 ${h - 16}V5H${round(w - 4)}M10 17L22 5`, "pl-beam"),
        path(`M${round(hook)} 5V${round(down - (held ? 0 : 8))}`, "pl-cable"),
        path(`M2 ${h - 16}H${round(w - 4)}`, "pl-beam"),
      );
      if (!held) out.push(path(`M${round(hook)} ${down - 8}q6 1 5 6t-9 3`, "pl-cable"));
      out.push(text(middle, h - 4, shown, "pl-label small"));
      if (openWord) out.push(text(w / 2 + 4, 54, PL.label(openMark + openWord, 11), `pl-tag ${openMark ? "marked" : ""}`));
    } else if (shape === "hand") {
      const held = one.inside.length ? one.contentW : 0;
      const half = (held || (openWord ? 40 : 14)) / 2 + 2;
      const spread = openWord && !held ? 9 : 0;
      out.push(
        path(`M${round(middle)} 0V20`, "pl-arm"),
        path(
          `M${round(middle - half - spread)} 54L${round(middle - half)} 34Q${round(middle - half)} 22 ${round(middle - half + 12)} 22H${round(middle + half - 12)}Q${round(middle + half)} 22 ${round(middle + half)} 34L${round(middle + half + spread)} 54`,
          "pl-fingers",
        ),
        text(middle + 10, 13, shown, "pl-label area", "start"),
      );
      if (openWord)
        out.push(
          text(middle - 10, 13, PL.label(`${openMark}${openMark ? " " : ""}${openWord}`, 18), `pl-tag ${openMark ? "marked" : ""}`, "end"),
        );
    } else if (shape === "table") {
      const low = line[line.length - 1];
      for (const y of line) {
        const legs = y === low ? Math.max(2, h - low - 8) : 16;
        out.push(
          rect(0, y, w, 6, 2, "pl-table"),
          path(`M14 ${round(y + 6)}v${round(legs)}M${round(w - 14)} ${round(y + 6)}v${round(legs)}`, "pl-legs"),
          text(middle, y + 21, shown, "pl-label area"),
        );
      }
      if (openWord) out.push(text(w - 24, low + 21, PL.label(openMark + openWord, 18), `pl-tag ${openMark ? "marked" : ""}`, "end"));
    } else if (LABELLED.has(shape)) {
      const roof = shape === "depot" || shape === "distributor";
      if (roof)
        out.push(
          path(
            shape === "depot"
              ? `M0.75 16L${round(middle)} 1L${round(w - 0.75)} 16V${round(h - 0.75)}H0.75z`
              : `M0.75 14V1.5H${round(w * 0.4)}V14H${round(w - 0.75)}V${round(h - 0.75)}H0.75z`,
            "pl-region place",
          ),
        );
      else out.push(rect(0.75, 0.75, w - 1.5, h - 1.5, shape === "city" ? 12 : 8, `pl-region ${shape}`));
      if (shape === "airport")
        out.push(rect(4, 4, w - 8, h - 8, 5, "pl-detail"), path(`M${round(w - 23)} 20l5-4-8-6h3l10 4 5-3q4-1 2 2l-13 8z`, "pl-icon"));
      if (shape !== "city" && shape !== "shelf") line.forEach((y) => out.push(path(`M8 ${round(y + 1)}H${round(w - 8)}`, "pl-ground")));
      out.push(text(12, roof ? 29 : 20, shown, `pl-label area ${shape}`, "start"));
      const said = shape === "shelf" || shape === "box" || shape === "place" || one.name.toLowerCase().startsWith(shape) ? "" : shape;
      if (said && w > textWidth(shown, 12) + textWidth(said, 10) + 60)
        out.push(text(22 + textWidth(shown, 12.5), roof ? 29 : 20, said, "pl-tag", "start"));
      if (openWord) out.push(text(w - 12, roof ? 29 : 20, PL.label(openMark + openWord, 18), `pl-tag ${openMark ? "marked" : ""}`, "end"));
    }
    const sign = mark || (one.twice || one.unknown ? "!" : "");
    g.setAttribute(
      "class",
      `pl-node ${mark === "+" ? "added" : mark === "−" ? "removed" : mark === "?" ? "extra" : ""} ${one.twice ? "twice" : ""} ${one.unknown ? "unknown" : ""}`,
    );
    if (sign && !one.area) out.push(circle(w - 3, 4, 8, "pl-badge"), text(w - 3, 8.5, sign, "pl-badge-sign"));
    g.replaceChildren(...out);
  }

  function titleOf(one, openWord, tags) {
    const said = [one.name];
    if (one.unknown) said.push("unknown object");
    if (one.twice) said.push("in two places");
    if (openWord) said.push(openWord);
    said.push(...tags);
    return PL.short(said.join(" · "), 2000);
  }

  // ---- without rules: a table and a graph

  function tabled({ facts, isStatic, width }) {
    const table = PL.el("table", { class: "pl-facts" });
    const scroll = PL.el("div", { class: "pl-facts-scroll" }, table);
    const graph = PL.el("div", { class: "pl-graph pl-scroll" });
    const element = PL.el("div", { class: "pl-picture tabled" }, graph, scroll);
    let available = width;
    const fitGraph = () => layout && graph.firstChild && mayScroll(graph, graph.firstChild, Math.ceil(layout.w * LEAST), available);
    const layout = graphLayout(facts);
    const order = facts
      .map((fact, number) => [fact, number])
      .sort((a, b) => (a[0].name < b[0].name ? -1 : a[0].name > b[0].name ? 1 : a[0].text < b[0].text ? -1 : 1));

    function show(state, { changed = {}, wrong = {} } = {}) {
      const marks = (number) =>
        (wrong.extra || NONE).has(number)
          ? ["extra", "?", "in excess"]
          : (wrong.missing || NONE).has(number)
            ? ["missing", "−", "left out"]
            : (changed.added || NONE).has(number)
              ? ["added", "+", "added"]
              : (changed.removed || NONE).has(number)
                ? ["removed", "−", "deleted"]
                : ["", "", ""];
      const rows = new Map();
      for (const [fact, number] of order) {
        if (!state.has(number) && !(wrong.missing || NONE).has(number)) continue;
        if (!rows.has(fact.name)) rows.set(fact.name, []);
        rows.get(fact.name).push(number);
      }
      table.replaceChildren(
        PL.el("caption", { class: "visually-hidden", text: "Facts that hold, by predicate" }),
        PL.el(
          "tbody",
          {},
          [...rows].map(([name, numbers]) => {
            const cell = PL.el("ul", { class: "pl-chips" });
            fillChips(
              cell,
              numbers.map((number) => chip(marks(number)[0], marks(number)[1], facts[number].args.join(" ") || "true", marks(number)[2])),
            );
            return PL.el("tr", {}, PL.el("th", { scope: "row" }, PL.name(name, 30)), PL.el("td", {}, cell));
          }),
        ),
      );
      if (!rows.size) table.append(PL.el("tbody", {}, PL.el("tr", {}, PL.el("td", { text: "No fact holds." }))));
      graph.replaceChildren(...(layout ? [paintGraph(layout, facts, state, marks)] : []));
      graph.hidden = !layout;
      fitGraph();
    }
    const describe = (state) => {
      const said = [...state].filter((number) => facts[number] && !isStatic.has(number)).map((number) => facts[number].text);
      return said.length ? said.sort().join(", ") : "no fact holds";
    };
    const stop = watchWidth(element, (now) => {
      available = now;
      fitGraph();
    });
    return { element, show, describe, reserve() {}, width: () => 0, destroy: stop };
  }

  // Nodes on a circle, then pulled together along the relations: the same graph gives the same picture.
  function graphLayout(facts) {
    const names = new Map();
    const pairs = new Map();
    for (const fact of facts) {
      if (fact.args.length !== 2) continue;
      for (const name of fact.args) if (!names.has(name)) names.set(name, names.size);
      if (names.size > MOST_NODES) return null;
      const [a, b] = fact.args;
      if (a !== b) pairs.set([a, b].sort().join(" "), [names.get(a), names.get(b)]);
    }
    const n = names.size;
    if (!n || n > MOST_NODES) return null;
    const at = Array.from({ length: n }, (_, k) => [Math.cos((2 * Math.PI * k) / n), Math.sin((2 * Math.PI * k) / n)]);
    const ideal = 1.5 / Math.sqrt(n);
    const turns = 160;
    for (let turn = 0; turn < turns; turn++) {
      const push = at.map(([x, y]) => [-x * 0.25, -y * 0.25]);
      const pull = (i, j, force) => {
        const dx = at[i][0] - at[j][0];
        const dy = at[i][1] - at[j][1];
        push[i][0] += dx * force;
        push[i][1] += dy * force;
        push[j][0] -= dx * force;
        push[j][1] -= dy * force;
      };
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          const far = Math.max(0.02, Math.hypot(at[i][0] - at[j][0], at[i][1] - at[j][1]));
          pull(i, j, (ideal * ideal) / (far * far));
        }
      }
      for (const [i, j] of pairs.values()) pull(i, j, (-0.6 * Math.hypot(at[i][0] - at[j][0], at[i][1] - at[j][1])) / ideal);
      const heat = 0.1 * (1 - turn / turns) + 0.002;
      push.forEach(([dx, dy], k) => {
        const step = Math.min(1, heat / (Math.hypot(dx, dy) || 1));
        at[k][0] += dx * step;
        at[k][1] += dy * step;
      });
    }
    const low = [0, 1].map((axis) => Math.min(...at.map((p) => p[axis])));
    const high = [0, 1].map((axis) => Math.max(...at.map((p) => p[axis])));
    const w = Math.max(240, 110 * Math.sqrt(n) + 60);
    const h = Math.max(110, 76 * Math.sqrt(n));
    const scaled = at.map((p) =>
      [0, 1].map((axis) => 46 + ((p[axis] - low[axis]) / (high[axis] - low[axis] || 1)) * ((axis ? h : w) - 92)),
    );
    // Labels are wide: what overlaps is moved apart, up and down.
    for (let turn = 0; turn < 40; turn++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          const dx = scaled[i][0] - scaled[j][0];
          const dy = scaled[i][1] - scaled[j][1];
          if (Math.abs(dx) > 84 || Math.abs(dy) > 40) continue;
          const [axis, by] = 84 - Math.abs(dx) < (40 - Math.abs(dy)) * 1.6 ? [0, (84 - Math.abs(dx)) / 4] : [1, (40 - Math.abs(dy)) / 4];
          const way = (axis ? dy : dx) >= 0 ? 1 : -1;
          scaled[i][axis] += way * by;
          scaled[j][axis] -= way * by;
        }
      }
    }
    const least = [0, 1].map((axis) => Math.min(...scaled.map((p) => p[axis])) - 46);
    scaled.forEach((p) => ((p[0] -= least[0]), (p[1] -= least[1])));
    const ends = [0, 1].map((axis) => Math.max(...scaled.map((p) => p[axis])) + 46);
    return { names, at: scaled, w: ends[0], h: ends[1] };
  }

  function paintGraph({ names, at, w, h }, facts, state, marks) {
    const arrow = `pl-arrow-${ids++}`;
    const svg = PL.svg("svg", {
      class: "pl-svg",
      role: "img",
      viewBox: `0 0 ${round(w)} ${round(h)}`,
      "aria-label": "Graph of the binary relations; the table says the same",
    });
    svg.style.maxWidth = `${round(w)}px`;
    svg.append(
      PL.svg(
        "defs",
        {},
        PL.svg(
          "marker",
          { id: arrow, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
          PL.svg("path", { d: "M0 0.5L7.5 4L0 7.5z", class: "pl-arrowhead" }),
        ),
      ),
    );
    const edges = new Map();
    facts.forEach((fact, number) => {
      if (fact.args.length !== 2 || (!state.has(number) && marks(number)[0] !== "missing")) return;
      const key = fact.args.join(" ");
      if (!edges.has(key)) edges.set(key, []);
      edges.get(key).push(number);
    });
    const texts = [];
    for (const numbers of edges.values()) {
      const [a, b] = facts[numbers[0]].args;
      const [x1, y1] = at[names.get(a)];
      const [x2, y2] = at[names.get(b)];
      const far = Math.hypot(x2 - x1, y2 - y1) || 1;
      const both = edges.has(`${b} ${a}`) && a !== b;
      const [nx, ny] = [-(y2 - y1) / far, (x2 - x1) / far];
      const bend = both ? 16 : 0;
      const cls = numbers.map((number) => marks(number)[0]).find(Boolean) || "";
      let middle = [(x1 + x2) / 2 + nx * bend, (y1 + y2) / 2 + ny * bend];
      if (a === b) {
        svg.append(
          PL.svg("path", {
            d: `M${round(x1 - 8)} ${round(y1 - 14)}c-14 -30 30 -30 16 0`,
            class: `pl-edge ${cls}`,
            "marker-end": `url(#${arrow})`,
          }),
        );
        middle = [x1, y1 - 34];
      } else {
        const cut = Math.min(24, far / 3) / far;
        const [sx, sy, ex, ey] = [x1 + (x2 - x1) * cut, y1 + (y2 - y1) * cut, x2 - (x2 - x1) * cut, y2 - (y2 - y1) * cut];
        svg.append(
          PL.svg("path", {
            d: `M${round(sx)} ${round(sy)}Q${round(middle[0] + nx * bend)} ${round(middle[1] + ny * bend)} ${round(ex)} ${round(ey)}`,
            class: `pl-edge ${cls}`,
            "marker-end": `url(#${arrow})`,
          }),
        );
      }
      const label = numbers.map((number) => `${marks(number)[1]}${facts[number].name}`).join(", ");
      texts.push(
        PL.svg(
          "text",
          { x: round(middle[0]), y: round(middle[1] + 3), class: `pl-edge-label ${cls}`, "text-anchor": "middle", direction: "ltr" },
          PL.label(label, 24),
        ),
      );
    }
    for (const [name, place] of names) {
      const [x, y] = at[place];
      const shown = PL.label(name, 11);
      const half = Math.max(17, textWidth(shown, 11) / 2 + 8);
      svg.append(
        PL.svg(
          "g",
          { class: "pl-node", "data-key": name },
          PL.svg("title", {}, PL.short(name, 2000)),
          PL.svg("rect", { x: round(x - half), y: round(y - 13), width: round(2 * half), height: 26, rx: 13, class: "pl-body pl-tint-0" }),
          PL.svg("text", { x: round(x), y: round(y + 4), class: "pl-label", "text-anchor": "middle", direction: "ltr" }, shown),
        ),
      );
    }
    svg.append(...texts);
    return svg;
  }
})();
