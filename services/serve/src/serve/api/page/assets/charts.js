// Charts over the last hour, as SVG of their own: axes, marks, and a table behind each.

import { element, svg } from "./dom.js";
import { ticks } from "./numbers.js";

const HEIGHT = 190;
const MIN_WIDTH = 260;
const MARGIN = { top: 24, right: 10, bottom: 24 };
const PIXELS_PER_CHARACTER = 6.6;
const PIXELS_OF_LABEL = 36;
const PIXELS_BETWEEN_LABELS = 48;
const SECONDS_PER_MINUTE = 60;
const STEPS_IN_MINUTES = [1, 2, 5, 10, 15, 20, 30, 60];
const LOG_FACTORS = [1, 2, 5];
const MAX_LOG_LABELS = 8;

const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Return a time as the reader's clock shows it. */
export function clock(seconds) {
  return CLOCK.format(seconds * 1000);
}

/** A figure: title, legend, a plot that is as wide as its place, and the same as a table. */
export class Figure {
  #plot = svg("svg", { role: "img", class: "chart" });
  #legend = element("ul", { className: "legend" });
  #caption = element("figcaption");
  #head = element("thead");
  #body = element("tbody");
  #details;
  #shown = null;

  constructor(title) {
    const name = element("caption", { textContent: title });
    const table = element("table", {}, name, this.#head, this.#body);
    const scroll = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `${title}: table` }, table);
    this.#details = element("details", {}, element("summary", { textContent: "As a table" }), scroll);
    this.#details.addEventListener("toggle", () => this.#fillTable());
    const heading = element("h3", { textContent: title });
    this.element = element("figure", { className: "live-figure" }, heading, this.#legend, this.#plot, this.#caption, this.#details);
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** Show a chart: `label`, `caption`, `legend`, `draw(width)`, `headings` and `rows()`. */
  show(chart) {
    this.#shown = chart;
    this.#plot.setAttribute("aria-label", chart.label);
    this.#caption.textContent = chart.caption;
    this.#legend.replaceChildren(...chart.legend.map(legendItem));
    this.#draw();
    this.#fillTable();
  }

  #draw() {
    const width = Math.max(MIN_WIDTH, Math.floor(this.#plot.getBoundingClientRect().width));
    if (this.#shown === null || this.#plot.clientWidth === 0) return;
    this.#plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#plot.replaceChildren(...this.#shown.draw(width));
  }

  /** Fill the table only while it can be seen: it may have hundreds of cells. */
  #fillTable() {
    if (this.#shown === null || !this.#details.open) return;
    const cells = (name, texts) => texts.map((text, place) => element(place ? name : "th", cellProperties(place), text));
    this.#head.replaceChildren(element("tr", {}, ...cells("th", this.#shown.headings)));
    this.#body.replaceChildren(...this.#shown.rows().map((row) => element("tr", {}, ...cells("td", row))));
  }
}

function cellProperties(place) {
  return place ? { className: "n" } : { scope: "row" };
}

function legendItem({ name, mark }) {
  const sample = svg("svg", { viewBox: "0 0 14 10", "aria-hidden": "true" });
  if (mark.startsWith("line")) sample.append(svg("path", { class: mark, d: "M0 5H14" }));
  else sample.append(svg("rect", { class: mark, width: 14, height: 10, rx: 2 }));
  return element("li", {}, sample, name);
}

/**
 * Draw bars by minute, one on top of the other: `bars` has `age`, `values`, `title`, `isRunning`.
 * With `isWhole` the axis has whole numbers only.
 */
export function drawBars(hour, { width, bars, marks, format, isWhole = false }) {
  const highest = Math.max(0, ...bars.map((bar) => sum(bar.values)));
  const { lines, y, left } = linearAxis(highest, { width, format, isWhole });
  const x = timeScale(hour, { left, width });
  const drawn = bars.flatMap((bar) => {
    const from = x(hour.startOf(bar.age));
    const wide = Math.max(1, x(hour.startOf(bar.age) + SECONDS_PER_MINUTE) - from - 1);
    let below = 0;
    const parts = bar.values.map((value, place) => {
      const [low, high] = [y(below), y(below + value)];
      below += value;
      const attributes = { x: from.toFixed(1), y: high.toFixed(1), width: wide.toFixed(1), height: (low - high).toFixed(1) };
      return svg("rect", { ...attributes, class: `${marks[place]}${bar.isRunning ? " running" : ""}` });
    });
    return [svg("g", {}, svg("title", {}, bar.title), ...parts)];
  });
  return [...lines, ...timeAxis(hour, x, { left, width }), ...drawn, ...swapMarks(hour, x, width)];
}

/** Draw lines by minute on a logarithmic axis. `points` has `age`, `values` and `title`. */
export function drawLines(hour, { width, points, marks, format }) {
  const values = points.flatMap((point) => point.values).filter((value) => value > 0);
  const { lines, y, left } = logAxis(values, { width, format });
  const x = timeScale(hour, { left, width });
  const at = (point) => x(hour.startOf(point.age) + SECONDS_PER_MINUTE / 2);
  const drawn = marks.flatMap((mark, place) =>
    runs(points).map((run) => {
      const path = run.map((point, number) => `${number ? "L" : "M"}${at(point).toFixed(1)} ${y(point.values[place]).toFixed(1)}`);
      // A line of one point would not be seen.
      return svg("path", { class: `line ${mark}`, d: run.length > 1 ? path.join("") : `${path[0]}h0.1` });
    }),
  );
  const step = x(SECONDS_PER_MINUTE) - x(0);
  const areas = points.map((point) => {
    const area = { x: (at(point) - step / 2).toFixed(1), y: MARGIN.top, width: step.toFixed(1), height: bottom() - MARGIN.top };
    return svg("rect", { ...area, class: "touch" }, svg("title", {}, point.title));
  });
  return [...lines, ...timeAxis(hour, x, { left, width }), ...drawn, ...areas, ...swapMarks(hour, x, width)];
}

/** Return runs of points of minutes that follow each other. */
function runs(points) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1);
    if (last !== undefined && last.at(-1).age === point.age + 1) last.push(point);
    else found.push([point]);
  }
  return found;
}

/** Draw the rate of a column over the hour, as high as 100 % or as its highest value. */
export function drawSparkline(hour, rates, { label, width = 120, height = 24 }) {
  const highest = Math.max(...rates.map(([, rate]) => rate), Number.MIN_VALUE);
  const x = (age) => ((hour.minutes - age) / (hour.minutes + 1)) * width;
  const wide = Math.max(1, width / (hour.minutes + 1) - 0.4);
  const bars = rates.map(([age, rate]) => {
    const high = Math.max(1, (rate / highest) * (height - 1));
    return svg("rect", { class: "bar series-2", x: x(age).toFixed(1), y: (height - high).toFixed(1), width: wide.toFixed(1), height: high.toFixed(1) });
  });
  const floor = svg("path", { class: "axis faint", d: `M0 ${height - 0.5}H${width}` });
  const box = { viewBox: `0 0 ${width} ${height}`, class: "sketch", role: "img", "aria-label": label };
  return svg("svg", box, svg("title", {}, label), floor, ...bars);
}

/** Draw a share as a bar, in front of the share that it is compared with. */
export function drawShare(share, compared, highest) {
  const scale = (value) => `${((Math.min(value, highest) / highest) * 100).toFixed(2)}%`;
  const parts = [];
  if (compared !== null) parts.push(svg("rect", { class: "box", width: scale(compared), height: 18, rx: 2 }));
  parts.push(svg("rect", { class: "fill", y: 5, width: scale(share), height: 8, rx: 2 }));
  return svg("svg", { class: "share", height: 18, "aria-hidden": "true" }, ...parts);
}

function linearAxis(highest, { width, format, isWhole }) {
  const top = highest || 1;
  const numbers = isWhole && top < 4 ? [0, 1, 2, 3, 4].slice(0, Math.ceil(top) + 1) : ticks(0, top, 4);
  if (numbers.at(-1) < top) numbers.push(numbers.at(-1) + (numbers[1] - numbers[0]));
  const last = numbers.at(-1);
  const y = (value) => bottom() - (value / last) * (bottom() - MARGIN.top);
  return { y, ...gridLines(numbers, y, { width, format }) };
}

function logAxis(values, { width, format }) {
  const low = floorOf(values.length ? Math.min(...values) : 0.001);
  const high = values.length ? Math.max(...values) : 0.1;
  let numbers = [low];
  while (numbers.at(-1) < high || numbers.length < 3) numbers.push(nextOf(numbers.at(-1)));
  const [first, last] = [Math.log(low), Math.log(numbers.at(-1))];
  const y = (value) => bottom() - ((Math.log(value) - first) / (last - first)) * (bottom() - MARGIN.top);
  if (numbers.length > MAX_LOG_LABELS) numbers = numbers.filter((number) => isPower(number));
  return { y, ...gridLines(numbers, y, { width, format }) };
}

/** Return the largest of … 0.1, 0.2, 0.5, 1, 2, 5 … that is not above a number. */
function floorOf(number) {
  const power = 10 ** Math.floor(Math.log10(number) + 1e-9);
  const factor = LOG_FACTORS.findLast((each) => power * each <= number * (1 + 1e-9)) ?? 1;
  return Number((power * factor).toPrecision(2));
}

function nextOf(number) {
  const factor = Number(number.toExponential(0)[0]) === 2 ? 2.5 : 2;
  return Number((number * factor).toPrecision(2));
}

function isPower(number) {
  return number.toExponential(0).startsWith("1");
}

function gridLines(numbers, y, { width, format }) {
  const labels = numbers.map((number) => format(number));
  const left = Math.ceil(Math.max(...labels.map((label) => label.length)) * PIXELS_PER_CHARACTER) + 10;
  const lines = numbers.flatMap((number, place) => [
    svg("path", { class: "grid", d: `M${left} ${y(number).toFixed(1)}H${width - MARGIN.right}` }),
    svg("text", { x: left - 6, y: (y(number) + 4).toFixed(1), "text-anchor": "end" }, labels[place]),
  ]);
  return { lines, left };
}

function timeScale(hour, { left, width }) {
  const wide = width - MARGIN.right - left;
  return (seconds) => left + ((seconds - hour.start) / (hour.end - hour.start)) * wide;
}

/** Draw the times of the hour, and shade what was before the counts began. */
function timeAxis(hour, x, { left, width }) {
  const pixels = x(SECONDS_PER_MINUTE) - x(0);
  const step = (STEPS_IN_MINUTES.find((minutes) => minutes * pixels >= PIXELS_BETWEEN_LABELS) ?? 60) * SECONDS_PER_MINUTE;
  const offset = new Date(hour.end * 1000).getTimezoneOffset() * SECONDS_PER_MINUTE;
  const found = [];
  if (hour.since > hour.start) {
    const wide = x(Math.min(hour.since, hour.end)) - left;
    const before = { class: "before", x: left, y: MARGIN.top, width: wide.toFixed(1), height: bottom() - MARGIN.top };
    found.push(svg("g", {}, svg("title", {}, `Counted since ${clock(hour.since)}`), svg("rect", before)));
  }
  found.push(svg("path", { class: "axis", d: `M${left} ${bottom()}H${width - MARGIN.right}` }));
  for (let time = Math.ceil((hour.start - offset) / step) * step + offset; time <= hour.end; time += step) {
    const place = x(time).toFixed(1);
    found.push(svg("path", { class: "axis", d: `M${place} ${bottom()}v4` }));
    // At an end of the axis a label would be cut off, or touch the next one.
    const isInside = x(time) > left + PIXELS_OF_LABEL / 3 && x(time) < width - PIXELS_OF_LABEL / 2;
    if (isInside) found.push(svg("text", { x: place, y: bottom() + 17, "text-anchor": "middle" }, clock(time)));
  }
  return found;
}

/** Draw a dashed line where another model went live, with its short id if there is room. */
function swapMarks(hour, x, width) {
  let free = Infinity;
  // The newest one is named first.
  return hour.swaps.toReversed().map(({ time, model }) => {
    const place = x(time);
    const long = shortId(model).length * PIXELS_PER_CHARACTER + 8;
    const mark = svg("g", { class: "swap" }, svg("title", {}, `${clock(time)}: model ${model} went live`));
    mark.append(svg("path", { d: `M${place.toFixed(1)} ${MARGIN.top - 6}V${bottom()}` }));
    const isLeft = place + long > width - MARGIN.right;
    const from = isLeft ? place - long : place;
    if (from + long <= free) {
      const attributes = { x: (isLeft ? place - 4 : place + 4).toFixed(1), y: 13, "text-anchor": isLeft ? "end" : "start" };
      mark.append(svg("text", attributes, shortId(model)));
      free = from;
    }
    return mark;
  });
}

/** Return the part of an id that is enough to tell models apart. */
export function shortId(model) {
  return model.slice(0, 8);
}

function bottom() {
  return HEIGHT - MARGIN.bottom;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
