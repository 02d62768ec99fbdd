"use strict";
/* Charts of a report as inline SVG, each with its numbers as a table below.
 *
 * PL.chart(chart): a <figure>; chart as planlearn/report/figures.py has it. Series are told apart by colour, dash and marker.
 * PL.drawCharts(): draws those made since it was called last, which are in the page now, each once and as wide as it is.
 * PL.interval(share): a share with its interval as text and as a small bar.
 * PL.percent(x): "93.6 %".
 */
(function () {
  const PL = (window.PL = window.PL || {});
  const { el, svg } = PL;
  // Eight colours, seven markers, five dashes: their numbers have no divisor in common, so that 280 series look different.
  const COLOURS = 8;
  const DASHES = [null, "7 4", "2 3", "10 3 2 3", "12 4"];
  const colour = (look) => `series look-${look % COLOURS}`;
  const dash = (look) => DASHES[look % DASHES.length];

  PL.percent = (x) => `${(100 * x).toFixed(1)} %`;
  const plain = (x) => (Number.isInteger(x) ? x.toLocaleString("en") : String(Number(x.toPrecision(3))));
  const written = (chart, y) => (chart.percent ? PL.percent(y) : plain(y));

  PL.interval = (share) => {
    const at = (x) => (2 + 96 * x).toFixed(1);
    const bar = svg("svg", { class: "interval", viewBox: "0 0 100 14", width: 100, height: 14, "aria-hidden": "true" },
      svg("line", { class: "rail", x1: 2, x2: 98, y1: 7, y2: 7 }),
      svg("line", { class: "span", x1: at(share.low), x2: at(share.high), y1: 7, y2: 7 }),
      svg("circle", { class: "dot", cx: at(share.value), cy: 7, r: 3.5 }));
    return el("span", { class: "share" }, el("span", { text: `${PL.percent(share.value)} (${(100 * share.low).toFixed(1)}–${(100 * share.high).toFixed(1)})` }), bar);
  };

  function marker(look, x, y, size) {
    const shapes = [
      () => svg("circle", { cx: x, cy: y, r: size }),
      () => svg("rect", { x: x - size, y: y - size, width: 2 * size, height: 2 * size }),
      () => svg("path", { d: `M${x} ${y - size * 1.3}L${x + size * 1.2} ${y + size}H${x - size * 1.2}Z` }),
      () => svg("path", { d: `M${x} ${y - size * 1.4}L${x + size * 1.4} ${y}L${x} ${y + size * 1.4}L${x - size * 1.4} ${y}Z` }),
      () => {
        const [left, right, top, bottom] = [x - size, x + size, y - size, y + size];
        return svg("path", { class: "open", d: `M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}` });
      },
      () => svg("path", { class: "open", d: `M${x - size * 1.3} ${y}H${x + size * 1.3}M${x} ${y - size * 1.3}V${y + size * 1.3}` }),
      () => svg("circle", { class: "open", cx: x, cy: y, r: size }),
    ];
    const d = shapes[look % shapes.length]();
    d.classList.add("marker");
    return d;
  }

  function niceTicks(low, high, most) {
    if (!(high > low)) high = low + 1;
    const raw = (high - low) / Math.max(1, most);
    const power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((one) => one >= raw * 0.999);
    const ticks = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) ticks.push(Number(tick.toPrecision(10)));
    return ticks;
  }

  function drawXY(chart, width) {
    const categorical = chart.kind !== "line";
    const height = 260;
    const edge = { left: 52, right: 14, top: 12, bottom: 44 };
    const points = chart.series.flatMap((series) => series.points);
    const xs = points.map((one) => one[0]);
    const whole = !categorical && xs.every(Number.isInteger);
    let [x0, x1] = categorical ? [-0.5, chart.categories.length - 0.5] : [Math.min(...xs), Math.max(...xs)];
    if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
    // What falls over powers of ten, as a loss does, is drawn by them.
    const ys = points.map((one) => one[1]);
    const powers = chart.y === "loss" && Math.min(...ys) > 0 && Math.max(...ys) / Math.min(...ys) > 30;
    const ceiling = chart.percent ? 1 : powers ? Math.ceil(Math.log10(Math.max(...ys))) : Math.max(...points.map((one) => one[3] ?? one[1]), 0) * 1.05 || 1;
    const floor = chart.percent ? 0 : powers ? Math.floor(Math.log10(Math.min(...ys))) : Math.min(0, ...points.map((one) => one[2] ?? one[1]));
    const px = (x) => edge.left + ((x - x0) / (x1 - x0)) * (width - edge.left - edge.right);
    const py = (y) => height - edge.bottom - (((powers ? Math.log10(y) : y) - floor) / (ceiling - floor)) * (height - edge.top - edge.bottom);
    const parts = [];
    const tens = () => Array.from({ length: ceiling - floor + 1 }, (_, place) => Number(`1e${floor + place}`));
    for (const tick of chart.percent ? [0, 0.25, 0.5, 0.75, 1] : powers ? tens() : niceTicks(floor, ceiling, 5)) {
      parts.push(svg("line", { class: "grid", x1: edge.left, x2: width - edge.right, y1: py(tick), y2: py(tick) }));
      parts.push(svg("text", { class: "tick", x: edge.left - 8, y: py(tick) + 4, "text-anchor": "end" }, chart.percent ? `${100 * tick} %` : plain(tick)));
    }
    const room = Math.max(2, Math.floor((width - edge.left) / 56));
    let ticks = categorical ? chart.categories.map((_, place) => place) : niceTicks(x0, x1, Math.min(room, 8));
    if (whole) ticks = ticks.filter(Number.isInteger);
    const every = categorical ? Math.ceil(ticks.length / Math.max(2, Math.floor((width - edge.left) / 42))) : 1;
    ticks.filter((_, place) => place % every === 0).forEach((tick) => {
      parts.push(svg("line", { class: "axis", x1: px(tick), x2: px(tick), y1: height - edge.bottom, y2: height - edge.bottom + 4 }));
      const label = categorical ? PL.short(PL.safe(chart.categories[tick]), 12) : plain(tick);
      parts.push(svg("text", { class: "tick", x: px(tick), y: height - edge.bottom + 18, "text-anchor": "middle" }, label));
    });
    parts.push(svg("line", { class: "axis", x1: edge.left, x2: width - edge.right, y1: height - edge.bottom, y2: height - edge.bottom }));
    parts.push(svg("text", { class: "label", x: (edge.left + width - edge.right) / 2, y: height - 6, "text-anchor": "middle" }, chart.x));
    chart.series.forEach((series, look) => {
      const group = svg("g", { class: colour(look) });
      // Beside each other where several have the same place.
      const aside = categorical ? (look - (chart.series.length - 1) / 2) * Math.min(12, (px(1) - px(0)) / (chart.series.length + 1)) : 0;
      const line = series.points.map(([x, y]) => `${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("L");
      if (!categorical && series.points.length > 1) group.append(svg("path", { class: "line", d: `M${line}`, "stroke-dasharray": dash(look) }));
      const dense = series.points.length > 60;
      series.points.forEach(([x, y, low, high]) => {
        const at = px(x) + aside;
        if (low !== undefined) group.append(svg("line", { class: "whisker", x1: at, x2: at, y1: py(low), y2: py(high) }));
        if (dense) return;
        const where = categorical ? chart.categories[x] : plain(x);
        const title = svg("title", {}, `${series.name}, ${chart.x} ${where}: ${written(chart, y)}`);
        group.append(svg("g", {}, title, marker(look, at, py(y), 3.6)));
      });
      parts.push(group);
    });
    return { parts, height };
  }

  function drawBars(chart, width) {
    const left = Math.min(150, Math.max(90, width * 0.34));
    const [thick, gap] = [16, 12];
    const most = Math.max(1, ...chart.series.flatMap((series) => series.points.map((one) => one[1])));
    const parts = [];
    let y = 6;
    chart.categories.forEach((category, place) => {
      parts.push(svg("text", { class: "tick", x: left - 10, y: y + (thick * chart.series.length) / 2 + 4, "text-anchor": "end" }, PL.short(PL.safe(category), 20)));
      chart.series.forEach((series, look) => {
        const count = (series.points.find((one) => one[0] === place) || [place, 0])[1];
        const long = (count / most) * (width - left - 70);
        const group = svg("g", { class: colour(look) }, svg("title", {}, `${series.name}, ${category}: ${plain(count)}`),
          svg("rect", { class: "bar", x: left, y: y + 2, width: Math.max(long, 1), height: thick - 4, rx: 2 }),
          svg("text", { class: "count", x: left + long + 20, y: y + thick - 4 }, plain(count)));
        if (chart.series.length > 1) group.append(marker(look, left + long + 10, y + thick / 2, 3.2));
        parts.push(group);
        y += thick;
      });
      y += gap;
    });
    return { parts, height: y };
  }

  function legend(chart) {
    return el("ul", { class: "legend" }, chart.series.map((series, look) =>
      el("li", {}, svg("svg", { class: colour(look), viewBox: "0 0 34 12", width: 34, height: 12, "aria-hidden": "true" },
        chart.kind === "line" ? svg("line", { class: "line", x1: 1, x2: 33, y1: 6, y2: 6, "stroke-dasharray": dash(look) }) : null,
        marker(look, 17, 6, 3.6)), PL.name(series.name, 60))));
  }

  function numbers(chart) {
    const line = chart.kind === "line";
    const places = new Set(chart.series.flatMap((series) => series.points.map((one) => one[0])));
    const xs = line ? [...places].sort((a, b) => a - b) : chart.categories.map((_, place) => place);
    const cell = (one) => {
      if (one === undefined) return "–";
      return one[2] === undefined ? written(chart, one[1]) : `${PL.percent(one[1])} (${(100 * one[2]).toFixed(1)}–${(100 * one[3]).toFixed(1)})`;
    };
    const found = chart.series.map((series) => new Map(series.points.map((one) => [one[0], one])));
    const head = el("tr", {}, el("th", { scope: "col", text: chart.x }), chart.series.map((series) => el("th", { scope: "col" }, PL.name(series.name, 40))));
    const row = (x) => el("tr", {},
      el("th", { scope: "row" }, line ? plain(x) : PL.name(chart.categories[x], 40)),
      found.map((series) => el("td", { text: cell(series.get(x)) })));
    return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Numbers: ${chart.title}` },
      el("table", {}, el("thead", {}, head), el("tbody", {}, xs.map(row))));
  }

  const made = [];
  PL.drawCharts = () => {
    const some = made.splice(0);
    const widths = some.map(({ frame }) => frame.clientWidth); // all of them before the first is drawn: one layout
    some.forEach(({ draw }, place) => draw(widths[place]));
  };

  PL.chart = (chart) => {
    const picture = svg("svg", { class: "chart", role: "img", "aria-label": `${chart.title}; ${chart.y} against ${chart.x}; the numbers are in the table below` });
    const frame = el("div", { class: "frame" }, picture);
    let drawn = 0;
    const draw = (wide) => {
      const width = Math.max(240, Math.round(wide));
      if (Math.abs(width - drawn) < 2) return;
      drawn = width;
      const { parts, height } = chart.kind === "bars" ? drawBars(chart, width) : drawXY(chart, width);
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      picture.replaceChildren(...parts);
    };
    made.push({ frame, draw });
    if (window.ResizeObserver) new ResizeObserver((seen) => draw(seen[0].contentRect.width)).observe(frame);
    const details = el("details", { class: "no-print" }, el("summary", { text: "Numbers" }));
    // Made when they are asked for: a curve may have hundreds.
    details.addEventListener("toggle", () => details.children.length === 1 && details.append(numbers(chart)));
    return el("figure", { class: "chart-box" },
      el("figcaption", {}, el("strong", { text: chart.title }), el("span", { class: "muted", text: chart.kind === "bars" ? `number of ${chart.y}` : chart.y })),
      frame, chart.series.length > 1 || chart.kind === "line" ? legend(chart) : null, details);
  };
})();
