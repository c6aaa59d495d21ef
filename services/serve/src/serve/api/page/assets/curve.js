// The what-if curve: predictions for 30 values of one column, in one request.

import { check } from "./api.js";
import { plotOf, tableOf } from "./curve-plot.js";
import { element } from "./dom.js";
import { bodyText, drawnNumber, isOrdered, knownTexts, momentText, rowText } from "./values.js";

const MAX_POINTS = 30;
const DIGITS = 6;
const LEVELS = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]; // Of `observed.quantiles`, as the contract says.

/** The curve of one column at a time, for the row in the form. */
export class Curve {
  #page;
  #form;
  #select;
  #plot = element("div", { className: "plot" });
  #table = element("div", {
    className: "scroll",
    tabIndex: 0,
    role: "region",
    "aria-label": "The values of the curve",
  });
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
    this.#select.append(
      ...fields.map(({ name }) => element("option", { textContent: name, value: name })),
    );
    this.#select.addEventListener("input", () => this.#update());
    const summary = element("summary", { textContent: "The values as a table" });
    this.#details = element("details", {}, summary, this.#table);
    const label = element("label", { htmlFor: this.#select.id, textContent: "What if" });
    const head = element("p", { className: "curve-head" }, label, " ", this.#select);
    head.append(" changes, and all other values stay?");
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
    const { fields } = this.#form;
    const rows = texts.map((text) => rowText(fields, new Map(values).set(field.name, text)));
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
    const { predictions } = this.#known;
    if (predictions.some((each) => each[this.#form.target.name] === null)) {
      this.#say("There is no curve: some of the predictions are not a number.");
      return;
    }
    this.#draw({ field, texts, predictions, at: values.get(field.name), prediction });
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
    this.#plot.replaceChildren(...plotOf(this.#form, curve, this.#plot.clientWidth));
    this.#table.replaceChildren(tableOf(this.#form, curve));
    this.#details.hidden = false;
  }
}

function problemOf(error, field) {
  const [first] = error.problem?.errors ?? [];
  const why = first ? `${first.column ?? field.name}: expected ${first.expected}` : error.message;
  return `There is no curve. ${why}`;
}

function mostPoints(form) {
  return Math.min(MAX_POINTS, form.limits.max_rows);
}

/** Return the values of a column to try: over the range of training, or each category. */
function valuesOf(form, field) {
  if (field.private) return [];
  const most = mostPoints(form);
  const missing = field.required ? [] : [null];
  const known = knownTexts(field);
  if (known.length > 0) return [...known.slice(0, Math.max(most - missing.length, 0)), ...missing];
  const { minimum, maximum, quantiles } = field.observed ?? {};
  if (minimum === undefined || maximum === undefined) return [];
  const [low, high] = [minimum, maximum].map((bound) => drawnNumber(form, field, String(bound)));
  const numbers = innerNumbers(low, high, isNumber(field) ? quantiles : undefined, most - 2);
  const inner = numbers.map((number) => pointText(field, number));
  return [...new Set([String(minimum), ...inner, String(maximum)])].slice(0, most);
}

const isNumber = ({ type }) => type === "number" || type === "integer";

/**
 * Return numbers between two ends: half of them evenly spread, and half where the training rows
 * are, so that one extreme row does not leave the others a few points.
 */
function innerNumbers(low, high, quantiles, count) {
  const total = Math.max(count, 0);
  const inRows = quantiles?.length === LEVELS.length ? Math.floor(total / 2) : 0;
  const even = total - inRows;
  const spread = Array.from({ length: even }, (_, i) => low + ((high - low) * (i + 1)) / (even + 1));
  const dense = Array.from({ length: inRows }, (_, i) => atLevel(quantiles, (i + 1) / (inRows + 1)));
  return [...spread, ...dense].sort((a, b) => a - b);
}

/** Return the value at a level between 0 and 1, interpolated between the quantiles of training. */
function atLevel(quantiles, level) {
  const end = LEVELS.findIndex((each) => each >= level);
  const share = (level - LEVELS[end - 1]) / (LEVELS[end] - LEVELS[end - 1]);
  return quantiles[end - 1] + (quantiles[end] - quantiles[end - 1]) * share;
}

function pointText(field, number) {
  if (field.type === "date" || field.type === "datetime") return momentText(field, number);
  return String(field.type === "integer" ? Math.round(number) : Number(number.toPrecision(DIGITS)));
}
