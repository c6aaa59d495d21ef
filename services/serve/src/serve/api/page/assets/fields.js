// The controls of the form: one for each column, by its type.

import { combobox } from "./combobox.js";
import { element, svg } from "./dom.js";
import { share, shown } from "./numbers.js";
import { drawnNumber, knownTexts, pickerText, textOf, warningsOf } from "./values.js";

const MAX_SELECT = 12; // More texts are searched instead of listed.
const MISSING = "missing";
const OTHER = "other";
const MARGIN = 6; // Percent of the width for values outside the range of training.
const OUTSIDE = 0.04; // Where such a value is drawn, as a share of the range.

/** A column of the form: label, control, range of training, warnings and the API's error. */
export class Field {
  #form;
  #control;
  #strip;
  #warnings;
  #error;
  #missing = null;
  #last; // The text before it was missing.

  /** Make the controls; `onInput` is called with the text, or null for missing. */
  constructor(form, field, id, onInput) {
    this.#form = form;
    this.field = field;
    this.#last = textOf(field.observed?.example);
    this.#strip = rangeStrip(form, field) ?? categoryShare(field);
    this.#warnings = element("p", { className: "warnings", id: `${id}-warnings` });
    this.#error = element("p", { className: "error", id: `${id}-error` });
    const take = (text) => {
      this.#showState(text);
      onInput(text);
    };
    this.#control = controlOf(form, field, id, take);
    const label = element("label", { htmlFor: id, textContent: field.name, dir: "auto" });
    const title = element("div", { className: "title" }, label);
    if (field.unit) title.append(" ", element("small", { textContent: field.unit, dir: "auto" }));
    const head = element("div", { className: "field-head" }, title);
    if (!this.#control.hasMissing) {
      this.#missing = missingBox(field, () => {
        const text = this.#missing.checked ? null : this.#last;
        if (!this.#missing.checked) this.focus();
        this.show(text);
        take(text);
      });
      head.append(this.#missing.parentElement);
    }
    const hints = element(
      "p",
      { className: "hint", id: `${id}-hint` },
      ...lines([...hintsOf(form, field)]),
    );
    const described = [hints, this.#warnings, this.#error].map((part) => part.id).join(" ");
    for (const input of this.#control.inputs) input.setAttribute("aria-describedby", described);
    this.element = element("div", { className: "field" }, head, this.#control.element);
    if (this.#strip) this.element.append(this.#strip.element);
    this.element.append(hints, this.#warnings, this.#error);
  }

  /** Show a text, or null for missing. */
  show(text) {
    this.#control.show(text);
    this.#showState(text);
  }

  /** Show the message of the API for this value, or none. */
  showError(message) {
    this.#error.replaceChildren(...lines(message === null ? [] : [message]));
    for (const input of this.#control.inputs) {
      if (message === null) input.removeAttribute("aria-invalid");
      else input.setAttribute("aria-invalid", "true");
    }
  }

  focus() {
    this.#control.focus();
  }

  #showState(text) {
    this.#last = text ?? this.#last;
    if (this.#missing) this.#missing.checked = text === null;
    this.#strip?.mark(text);
    this.#warnings.replaceChildren(...lines(warningsOf(this.#form, this.field, text)));
  }
}

function lines(sentences) {
  return sentences.map((sentence) => element("span", { textContent: sentence, dir: "auto" }));
}

function missingBox(field, onMissing) {
  const label = `${field.name}: missing`;
  const box = element("input", { type: "checkbox", "aria-label": label, disabled: field.required });
  if (field.required) box.title = "A value is required.";
  box.addEventListener("change", onMissing);
  element("label", { className: "missing" }, box, "missing");
  return box;
}

function* hintsOf(form, field) {
  const { minimum, maximum, quantiles = [], categories = [], distinct } = field.observed ?? {};
  if (field.description) yield field.description;
  if (field.private) yield "Private: in no link, no example and no copied code.";
  if (minimum !== undefined && maximum !== undefined) {
    const hasMedian = quantiles.length > 0 && typeof minimum === "number";
    const median = hasMedian ? `, median ${shown(quantiles[3])}` : "";
    const [low, high] = [minimum, maximum].map((bound) => boundText(form, field, bound));
    yield `In training ${low} to ${high}${median}.`;
  }
  if (field.percent) yield "A fraction: 0.14 = 14 %.";
  if (field.type === "datetime") yield `Without an offset the time is in ${form.timezone}.`;
  if (field.accepts && field.type !== "boolean") yield `Also accepted: ${field.accepts}`;
  if (categories.length > MAX_SELECT && distinct > categories.length) {
    const count = distinct.toLocaleString("en");
    yield `${categories.length} of ${count} categories of training are listed.`;
  }
}

function boundText(form, field, bound) {
  if (typeof bound === "number") return shown(bound);
  return pickerText(field, bound, form.timezone).replace("T", " ");
}

/** Return a control: its element, its inputs, and how a text is shown in it. */
function controlOf(form, field, id, take) {
  const texts = knownTexts(field);
  if (texts.length > MAX_SELECT) return textOfMany(field, texts, id, take);
  if (texts.length > 0) return selectOf(field, texts, id, take);
  if (field.type === "date" || field.type === "datetime") return dateOf(form, field, id, take);
  return plainText(field, id, take);
}

function textInput(field, id, more = {}) {
  const plain = { autocomplete: "off", autocapitalize: "off", spellcheck: false, dir: "auto" };
  const input = element("input", { type: "text", id, ...plain, ...more });
  if (field.type === "number" || field.type === "integer") input.inputMode = "decimal";
  if (field.required) input.setAttribute("aria-required", "true");
  return input;
}

function plainText(field, id, take) {
  const input = textInput(field, id);
  input.addEventListener("input", () => take(textOf(input.value)));
  return controlAround(input, input);
}

function textOfMany(field, texts, id, take) {
  const control = plainText(field, id, take);
  return { ...control, element: combobox(control.inputs[0], texts, `${field.name}: suggestions`) };
}

function controlAround(input, shownElement) {
  return {
    element: shownElement,
    inputs: [input],
    hasMissing: false,
    show: (text) => {
      if (input.value !== (text ?? "")) input.value = text ?? "";
    },
    focus: () => input.focus(),
  };
}

/** A date is a text in any form that the API reads; the browser's own picker fills it in. */
function dateOf(form, field, id, take) {
  const control = plainText(field, id, take);
  const [input] = control.inputs;
  input.placeholder = field.type === "date" ? "YYYY-MM-DD" : "YYYY-MM-DDThh:mm";
  const type = field.type === "date" ? "date" : "datetime-local";
  const picker = element("input", {
    type,
    tabIndex: -1,
    className: "picker",
    "aria-hidden": "true",
  });
  const label = `Pick a date for ${field.name}`;
  const button = element(
    "button",
    { type: "button", title: "Pick a date", "aria-label": label },
    calendar(),
  );
  button.addEventListener("click", () => {
    picker.value = pickerText(field, input.value, form.timezone);
    picker.showPicker();
  });
  picker.addEventListener("input", () => {
    control.show(textOf(picker.value));
    take(textOf(picker.value));
  });
  return { ...control, element: element("div", { className: "date" }, input, picker, button) };
}

function calendar() {
  const drawing = svg("svg", { class: "calendar", viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawing.append(svg("path", { d: "M2 3.5h12v11H2zM2 7h12M5 1.5v3.5M11 1.5v3.5" }));
  return drawing;
}

/** A select of few texts; another text is typed beside it where the API may take one. */
function selectOf(field, texts, id, take) {
  const select = element("select", { id });
  const other = textInput(field, `${id}-other`, {
    "aria-label": `${field.name}: another value`,
    hidden: true,
  });
  const missing = element("option", {
    value: MISSING,
    textContent: "missing",
    disabled: field.required,
  });
  const another = element("option", { value: OTHER, textContent: "another value …" });
  another.hidden = field.type === "boolean" || field.constraints?.enum !== undefined;
  const options = texts.map((text, place) =>
    element("option", { value: String(place), textContent: text }),
  );
  select.append(...options, another, missing);
  if (field.required) select.setAttribute("aria-required", "true");
  const chosen = () => {
    if (select.value === OTHER) return textOf(other.value);
    return select.value === MISSING ? null : texts[Number(select.value)];
  };
  let last = null;
  select.addEventListener("input", () => {
    other.hidden = select.value !== OTHER;
    if (!other.hidden) {
      other.value = last ?? "";
      other.select(); // The text before is typed over.
    }
    last = chosen();
    take(last);
  });
  other.addEventListener("input", () => take(chosen()));
  return {
    element: element("div", { className: "choice" }, select, other),
    inputs: [select, other],
    hasMissing: true,
    show: (text) => {
      const place = texts.indexOf(text);
      if (text === null) select.value = MISSING;
      else select.value = place === -1 ? OTHER : String(place);
      other.hidden = select.value !== OTHER;
      if (!other.hidden && other.value !== text) other.value = text;
      last = text;
    },
    focus: () => (other.hidden ? select : other).focus(),
  };
}

/** The range of training with the middle half and the median, and where the value lies. */
function rangeStrip(form, field) {
  const { minimum, maximum, quantiles = [] } = field.observed ?? {};
  if (minimum === undefined || maximum === undefined) return null;
  const [low, high] = [minimum, maximum].map((bound) => drawnNumber(form, field, String(bound)));
  if (!(low < high)) return null;
  const place = (number) => {
    const at = (number - low) / (high - low);
    return MARGIN + Math.min(Math.max(at, -OUTSIDE), 1 + OUTSIDE) * (100 - 2 * MARGIN);
  };
  const box = svg("svg", { class: "strip", "aria-hidden": "true" });
  box.append(
    svg("rect", {
      class: "range",
      x: `${place(low)}%`,
      y: 6,
      width: `${place(high) - place(low)}%`,
      height: 4,
      rx: 2,
    }),
  );
  if (quantiles.length === 7) {
    const [from, to] = [place(quantiles[2]), place(quantiles[4])];
    box.append(
      svg("rect", { class: "half", x: `${from}%`, y: 6, width: `${to - from}%`, height: 4 }),
    );
    const middle = `${place(quantiles[3])}%`;
    box.append(svg("line", { class: "median", x1: middle, x2: middle, y1: 3, y2: 13 }));
  }
  const marker = svg("circle", { class: "marker", cy: 8, r: 5 });
  box.append(marker);
  return {
    element: box,
    mark: (text) => {
      const number = drawnNumber(form, field, text);
      marker.setAttribute("visibility", Number.isNaN(number) ? "hidden" : "visible");
      if (!Number.isNaN(number)) marker.setAttribute("cx", `${place(number)}%`);
      marker.classList.toggle("outside", number < low || number > high);
    },
  };
}

/** How frequent the value is in training. */
function categoryShare(field) {
  const { categories = [], mean, rows, missing } = field.observed ?? {};
  const shares = new Map(
    categories.map((category) => [category.value, category.rows / (rows - missing)]),
  );
  if (field.type === "boolean" && mean !== undefined)
    shares.set("true", mean).set("false", 1 - mean);
  if (shares.size === 0) return null;
  const hint = element("p", { className: "hint" });
  return {
    element: hint,
    mark: (text) => {
      const known = shares.get(text);
      hint.textContent = known === undefined ? "" : `${share(known)} of the values in training.`;
    },
  };
}
