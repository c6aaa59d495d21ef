// The what-if curve: predictions for 30 values of one column, in one request.

import { check } from "./api.js";
import { element, readable, svg } from "./dom.js";
import { share, shown, ticks } from "./numbers.js";
import { classText } from "./result.js";
import { bodyText, drawnNumber, knownTexts, momentText, rowText } from "./values.js";

const MAX_POINTS = 30;
const MAX_CLASSES = 5;
const DIGITS = 6;
const HEIGHT = 240;
const MIN_WIDTH = 240;
const PIXELS_PER_TICK = 65;
const MARGIN = { left: 58, right: 14, top: 14, bottom: 30 };

/** The curve of one column at a time, for the row in the form. */
export class Curve {
  #page;
  #form;
  #select;
  #plot = element("div", { className: "plot" });
  #table = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "The values of the curve" });
  #details;
  #known = null; // The request and the answers that are drawn.
  #current = null;
  #row = null;
  #drawn = null;

  constructor(page, form) {
    this.#page = page;
    this.#form = form;
    const fields = form.fields.filter((field) => valuesOf(form, field).length > 1);
    this.#select = element("select", { id: "curve-column" });
    this.#select.append(...fields.map(({ name }) => element("option", { textContent: name, value: name })));
    this.#select.addEventListener("input", () => this.#update());
    this.#details = element("details", {}, element("summary", { textContent: "The values as a table" }), this.#table);
    const label = element("label", { htmlFor: this.#select.id, textContent: "What if" });
    const head = element("p", { className: "curve-head" }, label, " ", this.#select, " changes, and all other values stay?");
    this.element = element("div", { className: "curve card" }, head, this.#plot, this.#details);
    this.element.hidden = fields.length === 0;
    // A drawing as wide as its place has texts of their normal size.
    new ResizeObserver(() => this.#drawn && this.#draw(this.#drawn)).observe(this.#plot);
  }

  /** Draw the curve for a row that the API has accepted. */
  show(values, prediction) {
    this.#row = { values: new Map(values), prediction };
    return this.#update();
  }

  /** Remove the curve: there is no prediction for the row. */
  clear() {
    this.#current?.abort();
    this.#row = null;
    this.#say("The curve is drawn as soon as there is a prediction.");
  }

  get #field() {
    return this.#form.fields.find(({ name }) => name === this.#select.value);
  }

  async #update() {
    if (this.#row === null || this.element.hidden) return;
    const { values, prediction } = this.#row;
    const field = this.#field;
    const texts = this.#texts(field, values.get(field.name));
    const rows = texts.map((text) => rowText(this.#form.fields, new Map(values).set(field.name, text)));
    const body = bodyText(rows);
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    if (body !== this.#known?.body) {
      let predictions;
      try {
        const response = await this.#page.api.predict(body, { signal: current.signal });
        await check(response);
        ({ predictions } = await response.json());
      } catch (error) {
        if (this.#current === current) this.#say(problemOf(error, field));
        return;
      }
      if (this.#current !== current) return; // A later row or column is being asked for.
      this.#known = { body, predictions };
    }
    this.#draw({ field, texts, predictions: this.#known.predictions, at: values.get(field.name), prediction });
  }

  /** Return the values to ask for: a category of the row is one of them, if there is room. */
  #texts(field, own) {
    const most = mostPoints(this.#form);
    const texts = valuesOf(this.#form, field);
    if (isOrdered(field) || texts.includes(own)) return texts;
    return [...texts.slice(0, most - 1), own];
  }

  #say(text) {
    this.#known = null;
    this.#drawn = null;
    this.#plot.replaceChildren(element("p", { className: "hint", textContent: text }));
    this.#table.replaceChildren();
    this.#details.hidden = true;
  }

  #draw(curve) {
    this.#drawn = curve;
    curve.width = Math.max(this.#plot.clientWidth, MIN_WIDTH);
    const lines = linesOf(this.#form, curve);
    const draw = isOrdered(curve.field) ? drawLines : drawBars;
    this.#plot.replaceChildren(...draw(this.#form, curve, lines));
    this.#table.replaceChildren(tableOf(this.#form, curve, lines));
    this.#details.hidden = false;
  }
}

function problemOf(error, field) {
  const [first] = error.problem?.errors ?? [];
  const why = first ? `${first.column ?? field.name}: expected ${first.expected}` : error.message;
  return `There is no curve. ${why}`;
}

/** Return whether a column is drawn as a line instead of as bars. */
function isOrdered(field) {
  return field.type !== "boolean" && knownTexts(field).length === 0;
}

function mostPoints(form) {
  return Math.min(MAX_POINTS, form.limits.max_rows);
}

/** Return the values of a column to try: over the range of training, or each category. */
function valuesOf(form, field) {
  if (field.private) return [];
  const most = mostPoints(form);
  const missing = field.required ? [] : [null];
  const known = field.type === "boolean" ? ["false", "true"] : knownTexts(field);
  if (known.length > 0) return [...known.slice(0, Math.max(most - missing.length, 0)), ...missing];
  const { minimum, maximum } = field.observed ?? {};
  if (minimum === undefined || maximum === undefined) return [];
  const [low, high] = [minimum, maximum].map((bound) => drawnNumber(form, field, String(bound)));
  const inner = Array.from({ length: Math.max(most - 2, 0) }, (_, place) => {
    const number = low + ((high - low) * (place + 1)) / (most - 1);
    return pointText(field, number);
  });
  return [...new Set([String(minimum), ...inner, String(maximum)])].slice(0, most);
}

function pointText(field, number) {
  if (field.type === "date" || field.type === "datetime") return momentText(field, number);
  return String(field.type === "integer" ? Math.round(number) : Number(number.toPrecision(DIGITS)));
}

/** Return what is drawn: the number, or the probabilities of the likeliest classes. */
function linesOf(form, { predictions, prediction }) {
  const { classes, target } = form;
  if (!classes) return [{ name: target.name, of: (each) => each[target.name] }];
  const highest = (name) => Math.max(...[...predictions, prediction].map((each) => each.probabilities[name]));
  const order = [...classes].sort((a, b) => highest(b) - highest(a));
  const names = classes.length === 2 ? [classes[1]] : order.slice(0, MAX_CLASSES);
  return names.map((name) => ({ name, of: (each) => each.probabilities[name] }));
}

function yScale(form, { predictions, prediction }, lines) {
  if (form.classes) return { low: 0, high: 1, text: share };
  const numbers = [...predictions, prediction].flatMap((each) => [
    ...lines.map((line) => line.of(each)),
    ...(each.interval ? [each.interval.low, each.interval.high] : []),
  ]);
  const found = numbers.filter(Number.isFinite);
  const [low, high] = [Math.min(...found), Math.max(...found)];
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return { low: low - margin, high: high + margin, text: shown };
}

function drawLines(form, curve, lines) {
  const { field, texts, predictions, at, prediction, width } = curve;
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: HEIGHT - MARGIN.bottom };
  const numbers = texts.map((text) => drawnNumber(form, field, text));
  const own = drawnNumber(form, field, at);
  const all = Number.isNaN(own) ? numbers : [...numbers, own];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const vertical = yScale(form, curve, lines);
  const x = (number) => plot.left + ((number - low) / (high - low || 1)) * (plot.right - plot.left);
  const y = (number) => plot.bottom - ((number - vertical.low) / (vertical.high - vertical.low)) * (plot.bottom - plot.top);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": readable(labelOf(form, curve, lines)) });
  drawing.append(...yAxis(plot, vertical, y), ...xAxis(plot, field, [low, high], x));
  if (predictions[0].interval) drawing.append(band(numbers, predictions, x, y));
  if (!Number.isNaN(own)) drawing.append(svg("line", { class: "aim", x1: x(own), x2: x(own), y1: plot.top, y2: plot.bottom }));
  lines.forEach((line, place) => {
    const path = numbers.map((number, point) => `${x(number).toFixed(1)},${y(line.of(predictions[point])).toFixed(1)}`);
    drawing.append(svg("path", { class: `line series-${place + 1}`, d: `M${path.join("L")}` }));
    for (const [point, number] of numbers.entries()) {
      const value = line.of(predictions[point]);
      const name = lines.length > 1 ? `${line.name} ` : "";
      const title = svg("title", {}, `${texts[point]}: ${name}${vertical.text(value)}`);
      drawing.append(svg("circle", { class: "touch", cx: x(number), cy: y(value), r: 7 }, title));
    }
    if (Number.isNaN(own)) return;
    drawing.append(svg("circle", { class: `dot series-${place + 1}`, cx: x(own), cy: y(line.of(prediction)), r: 5 }));
  });
  return [...legend(form, lines), drawing];
}

function band(numbers, predictions, x, y) {
  const points = (end) => numbers.map((number, place) => `${x(number).toFixed(1)},${y(predictions[place].interval[end]).toFixed(1)}`);
  return svg("path", { class: "band", d: `M${[...points("high"), ...points("low").reverse()].join("L")}Z` });
}

function* yAxis(plot, vertical, y) {
  for (const tick of ticks(vertical.low, vertical.high, 5)) {
    yield svg("line", { class: "grid", x1: plot.left, x2: plot.right, y1: y(tick), y2: y(tick) });
    yield svg("text", { x: plot.left - 7, y: y(tick) + 4, "text-anchor": "end" }, vertical.text(tick));
  }
}

function* xAxis(plot, field, [low, high], x) {
  yield svg("line", { class: "axis", x1: plot.left, x2: plot.right, y1: plot.bottom, y2: plot.bottom });
  const isMoment = field.type === "date" || field.type === "datetime";
  const places = isMoment ? [low, (low + high) / 2, high] : ticks(low, high, (plot.right - plot.left) / PIXELS_PER_TICK);
  const anchors = isMoment ? ["start", "middle", "end"] : [];
  for (const [place, tick] of places.entries()) {
    yield svg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: plot.bottom, y2: plot.bottom + 4 });
    const text = isMoment ? momentText(field, tick).slice(0, 10) : shown(tick);
    yield svg("text", { x: x(tick), y: plot.bottom + 18, "text-anchor": anchors[place] ?? "middle" }, text);
  }
}

/** Return a row for each category: a point, or the parts of a bar for classes. */
function drawBars(form, curve, lines) {
  const { texts, predictions, at } = curve;
  const vertical = yScale(form, curve, lines);
  const draw = form.classes ? drawParts : drawPoint;
  const items = texts.map((value, row) => {
    const drawing = svg("svg", { "aria-hidden": "true" });
    drawing.append(svg("rect", { class: "track", width: "100%", y: 3, height: 12, rx: 3 }));
    drawing.append(...draw(predictions[row], lines, vertical));
    const name = element("span", { className: "name", textContent: value ?? "missing", dir: "auto" });
    const number = element("span", { className: "n", textContent: barText(form, predictions[row], lines, vertical) });
    return element("li", { className: value === at ? "chosen" : "" }, name, drawing, number);
  });
  return [...legend(form, lines), element("ul", { className: "bars" }, ...items)];
}

function* drawParts(prediction, lines) {
  let from = 0;
  for (const [place, line] of lines.entries()) {
    const width = line.of(prediction) * 100;
    yield svg("rect", { class: `bar series-${place + 1}`, x: `${from}%`, width: `${width}%`, y: 3, height: 12 });
    from += width;
  }
}

function* drawPoint({ interval, ...prediction }, [line], { low, high }) {
  const place = (number) => `${((number - low) / (high - low)) * 100}%`;
  if (interval) yield svg("line", { class: "span", x1: place(interval.low), x2: place(interval.high), y1: 9, y2: 9 });
  yield svg("circle", { class: "dot series-1", cx: place(line.of(prediction)), cy: 9, r: 5 });
}

function barText(form, prediction, lines, { text }) {
  if (!form.classes || form.classes.length === 2) return text(lines[0].of(prediction));
  return classText(prediction[form.target.name]);
}

function legend(form, lines) {
  if (!form.classes) return [];
  const items = lines.map((line, place) => {
    const sample = svg("svg", { "aria-hidden": "true", viewBox: "0 0 14 10" });
    sample.append(svg("rect", { class: `bar series-${place + 1}`, width: 14, height: 10, rx: 2 }));
    return element("li", {}, sample, element("span", { textContent: line.name, dir: "auto" }));
  });
  const hidden = form.classes.length > 2 ? form.classes.length - lines.length : 0;
  if (hidden > 0) items.push(element("li", { textContent: `and ${hidden} less likely classes` }));
  const title = element("p", { className: "hint", textContent: "Probability of" });
  return [title, element("ul", { className: "legend" }, ...items)];
}

function labelOf(form, { field, texts, predictions }, lines) {
  const [line] = lines;
  const text = form.classes ? share : shown;
  const ends = [predictions[0], predictions[predictions.length - 1]].map((each) => text(line.of(each)));
  return `${line.name} by ${field.name}: ${ends[0]} at ${texts[0]}, ${ends[1]} at ${texts[texts.length - 1]}. The table has all values.`;
}

function tableOf(form, { field, texts, predictions }, lines) {
  const hasInterval = predictions[0].interval !== undefined;
  const names = [field.name, ...lines.map((line) => line.name), ...(hasInterval ? ["low", "high"] : [])];
  const head = element("tr", {}, ...names.map((name, place) => heading(name, "col", place > 0)));
  const text = form.classes ? share : shown;
  const body = texts.map((value, row) => {
    const numbers = lines.map((line) => line.of(predictions[row]));
    if (hasInterval) numbers.push(predictions[row].interval.low, predictions[row].interval.high);
    const cells = numbers.map((number) => element("td", { className: "n", textContent: text(number) }));
    return element("tr", {}, heading(value ?? "missing", "row", false), ...cells);
  });
  const caption = element("caption", { textContent: `What if ${field.name} changes` });
  return element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...body));
}

function heading(text, scope, isNumber) {
  return element("th", { scope, textContent: text, className: isNumber ? "n" : "", dir: "auto" });
}
