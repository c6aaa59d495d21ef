// The drawing of a what-if curve, and the table with its values.

import { element, readable, svg } from "./dom.js";
import { share, shown, ticks } from "./numbers.js";
import { classText } from "./result.js";
import { boundsOf, drawnNumber, isOrdered, momentText } from "./values.js";

const MAX_CLASSES = 5;
const HEIGHT = 240;
const MIN_WIDTH = 240;
const MARGIN = { left: 58, right: 14, top: 14, bottom: 30 };
const PIXELS_PER_TICK = 65;
const Y_TICKS = 5;
const SPARE_HEIGHT = 0.06; // Above and below the numbers, as a share of their range.

/** Return the elements of the drawing: a line over numbers or dates, or a row for each category. */
export function plotOf(form, curve, width) {
  const series = seriesOf(form, curve);
  const scale = scaleOf(form, curve, series);
  const drawing = isOrdered(curve.field)
    ? new LinePlot(form, curve, Math.max(width, MIN_WIDTH)).draw(series, scale)
    : rowsOf(form, curve, series, scale);
  return [...legendOf(form, series), drawing];
}

/** Return what is drawn: the number, or the probabilities of the likeliest classes. */
function seriesOf(form, { predictions, prediction }) {
  const { classes, target } = form;
  if (!classes) return [{ name: target.name, of: (each) => each[target.name] }];
  const all = [...predictions, prediction];
  const highest = new Map(
    classes.map((name) => [name, Math.max(...all.map((each) => each.probabilities[name]))]),
  );
  const order = [...classes].sort((a, b) => highest.get(b) - highest.get(a));
  const names = classes.length === 2 ? [classes[1]] : order.slice(0, MAX_CLASSES);
  return names.map((name) => ({ name, of: (each) => each.probabilities[name] }));
}

/** Return the range of what is drawn, and how its numbers are written. */
function scaleOf(form, { predictions, prediction }, series) {
  if (form.classes) return { low: 0, high: 1, text: share };
  const numbers = [...predictions, prediction].flatMap((each) => [
    ...series.map(({ of }) => of(each)),
    ...Object.values(boundsOf(each) ?? {}),
  ]);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const spare = (high - low || Math.abs(high) || 1) * SPARE_HEIGHT;
  return { low: low - spare, high: high + spare, text: shown };
}

/** A plot of numbers or dates: axes, the interval or the outer quantiles as a band, a line for each series. */
class LinePlot {
  #form;
  #curve;
  #width;
  #numbers;
  #own;
  #x;
  #y;

  constructor(form, curve, width) {
    this.#form = form;
    this.#curve = curve;
    this.#width = width;
    this.#numbers = curve.texts.map((text) => drawnNumber(form, curve.field, text));
    this.#own = drawnNumber(form, curve.field, curve.at);
  }

  draw(series, scale) {
    const { predictions, prediction } = this.#curve;
    const all = Number.isNaN(this.#own) ? this.#numbers : [...this.#numbers, this.#own];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    this.#x = between([low, high], [MARGIN.left, this.#width - MARGIN.right]);
    this.#y = between([scale.low, scale.high], [HEIGHT - MARGIN.bottom, MARGIN.top]);
    const drawing = svg("svg", {
      viewBox: `0 0 ${this.#width} ${HEIGHT}`,
      role: "img",
      "aria-label": readable(labelOf(this.#curve, series, scale)),
    });
    drawing.append(...this.#yAxis(scale), ...this.#xAxis(low, high));
    if (boundsOf(prediction)) drawing.append(this.#band());
    if (!Number.isNaN(this.#own)) drawing.append(this.#ownLine());
    for (const [place, { name, of }] of series.entries()) {
      const values = predictions.map(of);
      const points = this.#points(values).join("L");
      drawing.append(svg("path", { class: `line series-${place + 1}`, d: `M${points}` }));
      drawing.append(...this.#titles(values, series.length > 1 ? `${name} ` : "", scale));
      if (!Number.isNaN(this.#own)) drawing.append(this.#ownDot(place, of(prediction)));
    }
    return drawing;
  }

  #points(values) {
    return this.#numbers.map(
      (number, place) => `${this.#x(number).toFixed(1)},${this.#y(values[place]).toFixed(1)}`,
    );
  }

  #band() {
    const [low, high] = ["low", "high"].map((end) =>
      this.#points(this.#curve.predictions.map((each) => boundsOf(each)[end])),
    );
    return svg("path", { class: "band", d: `M${[...high, ...low.reverse()].join("L")}Z` });
  }

  /** Yield a place for the pointer at each value, which says the value. */
  *#titles(values, name, { text }) {
    for (const [place, value] of values.entries()) {
      const title = svg("title", {}, `${this.#curve.texts[place]}: ${name}${text(value)}`);
      const [cx, cy] = [this.#x(this.#numbers[place]), this.#y(value)];
      yield svg("circle", { class: "touch", cx, cy, r: 7 }, title);
    }
  }

  #ownLine() {
    const x = this.#x(this.#own);
    return line("aim", [x, MARGIN.top], [x, HEIGHT - MARGIN.bottom]);
  }

  #ownDot(place, value) {
    const [cx, cy] = [this.#x(this.#own), this.#y(value)];
    return svg("circle", { class: `dot series-${place + 1}`, cx, cy, r: 5 });
  }

  *#yAxis({ low, high, text }) {
    for (const tick of ticks(low, high, Y_TICKS)) {
      const y = this.#y(tick);
      yield line("grid", [MARGIN.left, y], [this.#width - MARGIN.right, y]);
      yield svg("text", { x: MARGIN.left - 7, y: y + 4, "text-anchor": "end" }, text(tick));
    }
  }

  *#xAxis(low, high) {
    const bottom = HEIGHT - MARGIN.bottom;
    yield line("axis", [MARGIN.left, bottom], [this.#width - MARGIN.right, bottom]);
    const { field } = this.#curve;
    const isMoment = field.type === "date" || field.type === "datetime";
    const count = (this.#width - MARGIN.left - MARGIN.right) / PIXELS_PER_TICK;
    const places = isMoment ? [low, (low + high) / 2, high] : ticks(low, high, count);
    const anchors = isMoment ? ["start", "middle", "end"] : [];
    for (const [place, tick] of places.entries()) {
      const x = this.#x(tick);
      const text = isMoment ? momentText(field, tick).slice(0, 10) : shown(tick);
      yield line("axis", [x, bottom], [x, bottom + 4]);
      yield svg("text", { x, y: bottom + 18, "text-anchor": anchors[place] ?? "middle" }, text);
    }
  }
}

/** Return the function that maps one range to another. */
function between([low, high], [from, to]) {
  return (number) => from + ((number - low) / (high - low || 1)) * (to - from);
}

function line(className, [x1, y1], [x2, y2]) {
  return svg("line", { class: className, x1, y1, x2, y2 });
}

/** Return a row for each category: a point, or the parts of a bar for classes. */
function rowsOf(form, { texts, predictions, at }, series, scale) {
  const draw = form.classes ? drawParts : drawPoint;
  const items = texts.map((value, row) => {
    const drawing = svg("svg", { "aria-hidden": "true" });
    drawing.append(svg("rect", { class: "track", width: "100%", y: 3, height: 12, rx: 3 }));
    drawing.append(...draw(predictions[row], series, scale));
    const text = value ?? "missing";
    const says = answerText(form, predictions[row], series, scale);
    return element(
      "li",
      { className: value === at ? "chosen" : "" },
      element("span", { className: "name", textContent: text, dir: "auto" }),
      drawing,
      element("span", { className: "n", textContent: says, dir: "auto" }),
    );
  });
  return element("ul", { className: "bars" }, ...items);
}

function* drawParts(prediction, series) {
  let from = 0;
  for (const [place, { of }] of series.entries()) {
    const part = { x: `${from}%`, width: `${of(prediction) * 100}%`, y: 3, height: 12 };
    yield svg("rect", { class: `bar series-${place + 1}`, ...part });
    from += of(prediction) * 100;
  }
}

function* drawPoint(prediction, [{ of }], { low, high }) {
  const place = (number) => `${between([low, high], [0, 100])(number)}%`;
  const bounds = boundsOf(prediction);
  if (bounds) yield line("span", [place(bounds.low), 9], [place(bounds.high), 9]);
  yield svg("circle", { class: "dot series-1", cx: place(of(prediction)), cy: 9, r: 5 });
}

function answerText(form, prediction, [{ of }], { text }) {
  if (!form.classes || form.classes.length === 2) return text(of(prediction));
  return classText(prediction[form.target.name]);
}

function legendOf(form, series) {
  if (!form.classes) return [];
  const items = series.map(({ name }, place) => {
    const sample = svg("svg", { "aria-hidden": "true", viewBox: "0 0 14 10" });
    sample.append(svg("rect", { class: `bar series-${place + 1}`, width: 14, height: 10, rx: 2 }));
    return element("li", {}, sample, element("span", { textContent: name, dir: "auto" }));
  });
  const hidden = form.classes.length > 2 ? form.classes.length - series.length : 0;
  if (hidden > 0) items.push(element("li", { textContent: `and ${hidden} less likely classes` }));
  const title = element("p", { className: "hint", textContent: "Probability of" });
  return [title, element("ul", { className: "legend" }, ...items)];
}

function labelOf({ field, texts, predictions }, [{ name, of }], { text }) {
  const ends = [0, texts.length - 1].map((at) => `${text(of(predictions[at]))} at ${texts[at]}`);
  return `${name} by ${field.name}: ${ends.join(", ")}. The table has all values.`;
}

/** Return the values of the curve as a table. */
export function tableOf(form, curve) {
  const { field, texts, predictions } = curve;
  const series = seriesOf(form, curve);
  const { interval, quantiles } = predictions[0];
  const ends = Object.keys(interval ?? quantiles ?? {});
  const ofEnds = ends.map((end) => (quantiles ? `quantile ${end}` : end));
  const names = [field.name, ...series.map(({ name }) => name), ...ofEnds];
  const text = form.classes ? share : shown;
  const rows = texts.map((value, row) => {
    const prediction = predictions[row];
    const numbers = [
      ...series.map(({ of }) => of(prediction)),
      ...ends.map((end) => (prediction.interval ?? prediction.quantiles)[end]),
    ];
    const cells = numbers.map((number) => cell("td", { className: "n" }, text(number)));
    return element("tr", {}, cell("th", { scope: "row" }, value ?? "missing"), ...cells);
  });
  const head = names.map((name, place) =>
    cell("th", { scope: "col", className: place > 0 ? "n" : "" }, name),
  );
  const caption = element("caption", { textContent: `What if ${field.name} changes` });
  const [top, body] = [element("thead", {}, element("tr", {}, ...head)), element("tbody")];
  body.append(...rows);
  return element("table", {}, caption, top, body);
}

function cell(name, properties, textContent) {
  return element(name, { ...properties, textContent, dir: "auto" });
}
