// The prediction, and where it lies in the distribution of training.

import { element, svg } from "./dom.js";
import { share, shown } from "./numbers.js";
import { boundsOf, shareBelow } from "./values.js";

const MAX_CLASSES = 10;
const DIGITS = 5;
const MEDIAN = "0.5"; // Level of the quantile that is the prediction.
const MARGIN = 3; // Percent of the width.
const MIN_BAR_WIDTH = 0.2;

/** The result of the form: one sentence that is announced, and details below it. */
export class Result {
  #form;
  #says = element("p", {
    role: "status",
    "aria-live": "polite",
    "aria-atomic": "true",
    className: "prediction",
  });
  #details = element("div", { className: "result-details" });
  #errors = element("div", { className: "result-errors" });
  #restIsOpen = false;

  constructor(form) {
    this.#form = form;
    this.headline = element("div", { className: "headline" }, this.#says, this.#errors);
    this.details = this.#details;
  }

  /** Show a prediction of the API. */
  show(prediction) {
    this.headline.classList.remove("stale");
    this.#errors.replaceChildren();
    if (this.#form.classes) this.#showClass(prediction);
    else this.#showNumber(prediction);
  }

  /** Show the values that the API refuses; `reveal` moves the focus to a column. */
  showWrong(wrong, reveal) {
    const lines = wrong.map(({ column, expected }) => {
      const button = element("button", { type: "button", className: "link", dir: "auto" }, column);
      button.addEventListener("click", () => reveal(column));
      return element("p", {}, button, `: expected ${expected}`);
    });
    const count = wrong.length === 1 ? "A value is" : `${wrong.length} values are`;
    this.#showNone(`${count} not accepted.`, lines);
  }

  /** Show why there is no prediction. */
  showProblem(message, retry) {
    const button = element("button", { type: "button", textContent: "Try again" });
    button.addEventListener("click", retry);
    this.#showNone(message, [element("p", {}, button)]);
  }

  #showNone(message, remedies) {
    this.headline.classList.add("stale");
    this.#says.replaceChildren(element("span", { className: "problem", textContent: message }));
    this.#details.replaceChildren();
    this.#errors.replaceChildren(...remedies);
  }

  #showNumber(prediction) {
    const { target, interval, quantiles, predictions } = this.#form;
    const number = prediction[target.name];
    const says = [targetName(target), " ", exact("value", number)];
    if (interval) {
      const { low, high } = prediction.interval;
      const ends = [exact("low", low), " to ", exact("high", high)];
      says.push(
        " ",
        element(
          "span",
          { className: "interval" },
          `${share(interval.coverage)} interval `,
          ...ends,
        ),
      );
    }
    if (quantiles) {
      const others = Object.entries(prediction.quantiles).filter(([level]) => level !== MEDIAN);
      const texts = others.flatMap(([level, at], place) => [
        `${place > 0 ? ", " : ""}quantile ${level}: `,
        exact("bound", at),
      ]);
      says.push(" ", element("span", { className: "interval" }, ...texts));
    }
    this.#says.replaceChildren(...says);
    this.#details.replaceChildren(...distribution(predictions, number, boundsOf(prediction)));
  }

  #showClass(prediction) {
    const { target, classes, decision } = this.#form;
    const label = classText(prediction[target.name]);
    const { probabilities } = prediction;
    const chance = probabilities[label];
    this.#says.replaceChildren(
      targetName(target),
      " ",
      element("b", { className: "value", textContent: label, dir: "auto" }),
      " probability ",
      element("data", { value: String(chance), textContent: share(chance) }),
    );
    const order = [...classes.keys()].sort(
      (a, b) => probabilities[classes[b]] - probabilities[classes[a]],
    );
    const bar = (place) => this.#bar(place, probabilities[classes[place]], label);
    const parts = [element("ul", { className: "bars" }, ...order.slice(0, MAX_CLASSES).map(bar))];
    if (order.length > MAX_CLASSES) parts.push(this.#rest(order.slice(MAX_CLASSES), bar));
    parts.push(element("p", { className: "hint", textContent: this.#legend(decision) }));
    this.#details.replaceChildren(...parts);
  }

  #bar(place, probability, label) {
    const text = this.#form.classes[place];
    const inTraining = this.#form.predictions?.shares?.[place];
    const drawing = svg("svg", { "aria-hidden": "true" });
    drawing.append(svg("rect", { class: "track", width: "100%", y: 3, height: 12, rx: 3 }));
    drawing.append(
      svg("rect", { class: "fill", width: `${probability * 100}%`, y: 3, height: 12, rx: 3 }),
    );
    if (inTraining !== undefined) {
      const x = `${inTraining * 100}%`;
      drawing.append(svg("line", { class: "training", x1: x, x2: x, y1: 0, y2: 18 }));
    }
    const name = element("span", { className: "name", textContent: text, dir: "auto" });
    const number = element("data", { value: String(probability), textContent: share(probability) });
    const cell = element("span", { className: "n" }, number);
    if (inTraining !== undefined)
      cell.append(element("small", { textContent: ` training ${share(inTraining)}` }));
    return element("li", { className: text === label ? "chosen" : "" }, name, drawing, cell);
  }

  /** Return the other classes; their bars are drawn only while they are open. */
  #rest(places, bar) {
    const list = element("ul", { className: "bars" });
    const summary = element("summary", { textContent: `${places.length} less likely classes` });
    const details = element("details", {}, summary, list);
    details.addEventListener("toggle", () => {
      this.#restIsOpen = details.open;
      if (details.open) list.replaceChildren(...places.map(bar));
    });
    details.open = this.#restIsOpen;
    return details;
  }

  #legend(decision) {
    const { classes, predictions } = this.#form;
    const line = predictions ? " The line is the share of the class in training." : "";
    return `${ruleText(classes, decision)}${line}`;
  }
}

/** Return in words which class is predicted. */
function ruleText(classes, decision) {
  if (!decision) return "The likeliest class is predicted.";
  const { threshold } = decision;
  if (threshold === null) return "The class whose errors are expected to cost least is predicted.";
  return `${classes[1]} is predicted if its probability is at least ${shown(threshold)}.`;
}

/** Return a class as the name of its probability. */
export function classText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function targetName(target) {
  return element("span", { className: "target", textContent: target.name, dir: "auto" });
}

/** Return a number as it is shown, with the API's own as value. */
function exact(className, number) {
  const value = String(number);
  return element("data", { className, value, title: value, textContent: shown(number, DIGITS) });
}

/** Return a drawing of the training target with the prediction and its interval, and a sentence. */
function distribution(known, number, interval) {
  if (!known || number === null) return [];
  const { quantiles, rows } = known;
  const [minimum, low5, low25, median, high75, high95, maximum] = quantiles;
  const numbers = [minimum, maximum, number, ...(interval ? [interval.low, interval.high] : [])];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const place = (at) => MARGIN + ((at - low) / (high - low || 1)) * (100 - 2 * MARGIN);
  const bar = (name, from, to, [y, height]) => {
    const width = Math.max(place(to) - place(from), MIN_BAR_WIDTH);
    return svg("rect", { class: name, x: `${place(from)}%`, width: `${width}%`, y, height, rx: 2 });
  };
  const line = (name, at, [y1, y2]) => {
    const x = `${place(at)}%`;
    return svg("line", { class: name, x1: x, x2: x, y1, y2 });
  };
  const drawing = svg("svg", { class: "distribution", "aria-hidden": "true" });
  drawing.append(
    bar("range", minimum, maximum, [20, 6]),
    bar("most", low5, high95, [17, 12]),
    bar("half", low25, high75, [14, 18]),
    line("median", median, [14, 32]),
  );
  if (interval) drawing.append(bar("interval", interval.low, interval.high, [4, 4]));
  drawing.append(line("here", number, [6, 36]));
  drawing.append(svg("circle", { class: "marker", cx: `${place(number)}%`, cy: 6, r: 5 }));
  const ends = [low, high].map((end) => element("span", { textContent: shown(end) }));
  const sentence = [
    `${position(quantiles, number)} of the ${rows.toLocaleString("en")} training rows:`,
    `${shown(minimum)} to ${shown(maximum)}, median ${shown(median)}.`,
  ].join(" ");
  return [
    drawing,
    element("p", { className: "ends", "aria-hidden": "true" }, ...ends),
    element("p", { className: "hint", textContent: sentence }),
  ];
}

/** Return in words where a number lies in a distribution. */
function position(quantiles, number) {
  if (number < quantiles.at(0)) return "Below all";
  if (number > quantiles.at(-1)) return "Above all";
  return `Above about ${Math.round(shareBelow(quantiles, number) * 100)} %`;
}
