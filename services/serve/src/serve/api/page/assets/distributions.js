// Tables of the view "Live" that compare the last hour with training: predictions, and columns.

import { drawShare, drawSparkline, clock, shortId } from "./charts.js";
import { element, readable } from "./dom.js";
import { share, shown } from "./numbers.js";

const FEW_ROWS = 100;
const MAX_CLASSES = 20;
const MAX_COLUMNS = 12;
const KINDS = { out_of_range: "out of range", unknown_category: "unknown" };
const ORIGINS = {
  predictions: "the predictions for the held-out rows",
  target: "the target in the training rows",
};

/** The distribution of one model's predictions, beside training. */
export class PredictionTable {
  #select = element("select", { id: "live-model" });
  #card = new Card("Predictions");
  #callback = () => {};
  #latest = null;

  constructor() {
    const label = element("label", { htmlFor: this.#select.id, textContent: "Model" });
    this.choice = element("p", { className: "live-choice", hidden: true }, label, " ", this.#select);
    this.#select.addEventListener("input", () => {
      this.#callback(this.#select.value);
      this.#draw();
    });
    this.element = this.#card.element;
  }

  /** Call back with the id of a model that the user chose. */
  onChoice(callback) {
    this.#callback = callback;
  }

  show(live, hour) {
    this.#latest = { live, hour };
    const ids = live.models.map(({ id }) => id);
    const known = [...this.#select.options].map(({ value }) => value);
    if (String(ids) !== String(known)) {
      const chosen = this.#select.value;
      this.#select.replaceChildren(...live.models.map((model) => new Option("", model.id)));
      // The newest model is shown, unless the user looks at another one.
      if (chosen !== known[0] && ids.includes(chosen)) this.#select.value = chosen;
      this.#callback(this.#select.value);
    }
    for (const [place, model] of live.models.entries()) {
      const name = nameOf(model, live);
      if (this.#select.options[place].text !== name) this.#select.options[place].text = name;
    }
    this.choice.hidden = ids.length < 2;
    this.#draw();
  }

  #draw() {
    const { live } = this.#latest;
    const model = live.models.find(({ id }) => id === this.#select.value);
    if (model === undefined) {
      this.#card.say("No model is live.");
      return;
    }
    if (model.predictions === null) {
      const gone = "This model was removed from the volume, so there is nothing to compare with.";
      const without = "The model has no distribution of training in reference.json.";
      this.#card.say(model.target === null ? gone : without);
      return;
    }
    const { bins, origin } = model.predictions;
    const rows = bins.reduce((sum, { count }) => sum + count, 0);
    const compared = bins.map((bin) => ({ ...bin, share: rows ? bin.count / rows : 0 }));
    const highest = Math.max(...compared.flatMap((bin) => [bin.share, bin.training]), 0.01);
    const shownBins = "value" in bins[0] ? mostFrequent(compared) : compared;
    this.#card.show({
      caption: `${model.target}: share of the rows in the last hour, and of ${ORIGINS[origin]} (pale).${fewText(rows)}`,
      headings: [
        { text: model.target },
        { text: "", isWide: true },
        { text: "rows", isNumber: true },
      ],
      rows: shownBins.map((bin) => [
        binName(bin),
        drawShare(bin.share, bin.training, highest),
        beside(rows ? share(bin.share) : "–", `training ${share(bin.training)}`, bin.count),
      ]),
      rest: bins.length > shownBins.length ? `${shown(bins.length - shownBins.length)} rarer classes are not shown.` : "",
    });
  }
}

/** Missing and odd values by column, the most different from training first. */
export class ColumnTable {
  #card = new Card("Columns that differ from training");
  #all = element("button", { type: "button", hidden: true });
  #isLong = false;
  #model = null;
  #latest = null;

  constructor() {
    this.#all.addEventListener("click", () => {
      this.#isLong = !this.#isLong;
      this.#draw();
    });
    this.element = element("div", { className: "odd-columns" }, this.#card.element, this.#all);
  }

  /** Show the columns of another model. */
  choose(model) {
    this.#model = model;
    if (this.#latest !== null) this.#draw();
  }

  show(live, hour) {
    this.#latest = { live, hour };
    this.#draw();
  }

  #draw() {
    const { live, hour } = this.#latest;
    const model = live.models.find(({ id }) => id === this.#model);
    this.#all.hidden = true;
    if (model === undefined || model.rows === 0) {
      this.#card.say("No row was predicted in the last hour.");
      return;
    }
    if (model.columns.length === 0) {
      const gone = model.target === null ? "This model was removed from the volume, so its columns are unknown." : "";
      this.#card.say(gone || "Every column has values as in training.");
      return;
    }
    const columns = this.#isLong ? model.columns : model.columns.slice(0, MAX_COLUMNS);
    this.#all.hidden = model.columns.length <= MAX_COLUMNS;
    this.#all.textContent = this.#isLong ? "Show fewer" : `Show all ${shown(model.columns.length)}`;
    this.#card.show({
      caption: `Share of ${rowsText(model.rows)} in the last hour, the most different from training first; a bar is the share of missing values, pale in training.${fewText(model.rows)}`,
      headings: [
        { text: "column" },
        { text: "", isWide: true },
        { text: "missing", isNumber: true },
        { text: "outside", isNumber: true },
        { text: "trend" },
      ],
      rows: columns.map((column) => columnCells(column, model, hour)),
      rest: model.left_out ? `${shown(model.left_out)} ${model.left_out === 1 ? "column is" : "columns are"} as in training.` : "",
    });
  }
}

function columnCells(column, model, hour) {
  const missing = column.missing / model.rows;
  const training = column.training_missing;
  return [
    column.name,
    drawShare(missing, training, 1),
    beside(share(missing), training === null ? "" : `training ${share(training)}`, column.missing),
    oddCell(column, model),
    sparkline(column, model, hour),
  ];
}

function oddCell(column, model) {
  if (column.outside !== null) return beside(share(column.outside / model.rows), KINDS[column.kind], column.outside);
  return element("span", { title: "Training names no range and no categories to judge by." }, "–");
}

/** Return a share with what it is compared with below it. */
function beside(text, below, count) {
  return element("span", { title: rowsText(count) }, text, ...(below ? [element("small", {}, below)] : []));
}

function sparkline(column, model, hour) {
  const rows = new Map(model.minutes);
  const rates = column.series.map(([age, missing, odd]) => [age, (missing + odd) / rows.get(age)]);
  if (rates.length === 0) return "";
  const [age, rate] = rates.reduce((highest, each) => (each[1] > highest[1] ? each : highest));
  const label = `Missing or odd values of ${column.name}: at most ${share(rate)}, at ${clock(hour.startOf(age))}`;
  return drawSparkline(hour, rates, { label: readable(label) });
}

/** A card with a table, or with a sentence instead. */
class Card {
  #caption = element("p", { className: "live-text" });
  #head = element("thead");
  #body = element("tbody");
  #rest = element("p", { className: "live-text" });
  #scroll;

  constructor(title) {
    this.element = element("div", { className: "card" });
    const heading = element("h3", { textContent: title });
    const table = element("table", { className: "compared" }, this.#head, this.#body);
    this.#scroll = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": title }, table);
    this.element.append(heading, this.#caption, this.#scroll, this.#rest);
  }

  say(text) {
    this.#caption.textContent = text;
    this.#scroll.hidden = true;
    this.#rest.hidden = true;
  }

  show({ caption, headings, rows, rest }) {
    this.#scroll.hidden = false;
    this.#caption.textContent = readable(caption);
    this.#head.replaceChildren(element("tr", {}, ...headings.map(headCell)));
    this.#body.replaceChildren(...rows.map((cells) => element("tr", {}, ...cells.map((cell, place) => bodyCell(cell, headings[place], place)))));
    this.#rest.textContent = rest;
    this.#rest.hidden = rest === "";
  }
}

function headCell({ text, isNumber, isWide }) {
  // A column of drawings needs no heading: their numbers stand beside them.
  const name = text === "" ? "td" : "th";
  const made = element(name, { className: classOf({ isNumber, isWide }) }, text);
  if (name === "th") made.scope = "col";
  return made;
}

function bodyCell(cell, heading, place) {
  if (place === 0) return element("th", { scope: "row" }, cell);
  return element("td", { className: classOf(heading) }, cell);
}

function classOf({ isNumber, isWide }) {
  if (isNumber) return "n";
  return isWide ? "wide" : "";
}

function binName({ low, high, value }) {
  if (value !== undefined) return typeof value === "string" ? value : JSON.stringify(value);
  if (low === undefined) return `below ${shown(high)}`;
  if (high === undefined) return `above ${shown(low)}`;
  return low === high ? shown(low) : `${shown(low)} – ${shown(high)}`;
}

function mostFrequent(bins) {
  const sizeOf = (bin) => Math.max(bin.share, bin.training);
  const kept = new Set(bins.toSorted((one, other) => sizeOf(other) - sizeOf(one)).slice(0, MAX_CLASSES));
  return bins.filter((bin) => kept.has(bin));
}

function fewText(rows) {
  return rows < FEW_ROWS ? ` Only ${rowsText(rows)}: differences may be chance.` : "";
}

function nameOf(model, live) {
  const state = model.id === live.model ? "live" : "earlier";
  return `${shortId(model.id)} (${state}, ${rowsText(model.rows)})`;
}

function rowsText(count) {
  return `${shown(count)} ${count === 1 ? "row" : "rows"}`;
}
