// The view "Try it": a form for one row of the live model, with its prediction.

import { check } from "./api.js";
import { Curve } from "./curve.js";
import { copy, element } from "./dom.js";
import { Field } from "./fields.js";
import { Result } from "./result.js";
import { Snippets } from "./snippets.js";
import { bodyText, rowText, textOf } from "./values.js";

const SHOWN_FIELDS = 8;
const FIELDS_TO_SEARCH = 20;
const DEBOUNCE_MILLISECONDS = 120;
const RETRY_MILLISECONDS = 5000;
const NO_CONNECTION = 0;
const UNAUTHORIZED = 401;
const UNPROCESSABLE = 422;
const SERVER_ERROR = 500;

/** Fill the section with the form of the live model, and follow that model. */
export async function start(section, page) {
  const place = element("div", { className: "try-view" });
  section.append(place);
  const view = new View(place, page);
  page.onModelChange(() => view.load());
  page.onVisible((isVisible) => view.setVisible(isVisible));
  addEventListener("hashchange", () => view.restore());
  await view.load();
}

/** The form as it is shown, or why it is not. */
class View {
  #place;
  #page;
  #editor = null;
  #isVisible = false;
  #timer = null;

  constructor(place, page) {
    this.#place = place;
    this.#page = page;
  }

  /** Get the form of the live model; what was typed into the one before stays. */
  async load() {
    clearTimeout(this.#timer);
    let form;
    try {
      form = await this.#page.api.get("page/form");
    } catch (error) {
      this.#showProblem(error);
      return;
    }
    this.#show(form);
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    if (isVisible && this.#editor === null && this.#timer !== null) this.load();
  }

  /** Take the row of a link that was opened in this tab. */
  restore() {
    this.#editor?.restore();
  }

  #show(form) {
    const before = this.#editor;
    const editor = new Editor(form, this.#page, before?.values());
    const focused = before?.focusedColumn();
    before?.stop();
    this.#editor = editor;
    this.#place.replaceChildren(editor.element);
    editor.focusColumn(focused);
  }

  #showProblem(error) {
    if (error.status !== UNAUTHORIZED) {
      this.#timer = setTimeout(() => this.#isVisible && this.load(), RETRY_MILLISECONDS);
    }
    if (this.#editor !== null) return; // It shows the problems of its own requests.
    const notice = element("div", { className: "notice warning", role: "alert" });
    notice.append(element("p", { className: "name", textContent: "There is no form yet." }));
    notice.append(element("p", { textContent: error.message }));
    if (error.status === UNAUTHORIZED) {
      const button = element("button", { type: "button", textContent: "Enter API key" });
      const enterKey = async () => (await this.#page.api.enterKey()) && this.load();
      button.addEventListener("click", enterKey);
      notice.append(button);
    }
    this.#place.replaceChildren(notice);
  }
}

/** The form of one model: the values, the controls, and what is made of them. */
class Editor {
  #form;
  #page;
  #fields = new Map();
  #values = new Map();
  #example = 0;
  #result;
  #curve;
  #snippets;
  #timer = null;
  #current = null;
  #rest = null;

  constructor(form, page, before) {
    this.#form = form;
    this.#page = page;
    this.#result = new Result(form);
    this.#curve = new Curve(page, form);
    this.#snippets = new Snippets(form);
    this.#takeExample();
    this.#takeLink();
    for (const field of form.fields) {
      if (before?.has(field.name)) this.#values.set(field.name, before.get(field.name));
    }
    this.element = this.#layout();
    this.#changed();
  }

  /** Return the texts by column. */
  values() {
    return new Map(this.#values);
  }

  /** Take the row of the fragment, if it has one; otherwise write the fragment again. */
  restore() {
    if (this.#takeLink()) this.#showValues();
    else this.#page.setParameters(this.#parameters());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#current = null;
    this.#curve.clear();
  }

  focusedColumn() {
    const focused = document.activeElement;
    return [...this.#fields.values()].find((each) => each.element.contains(focused))?.field.name;
  }

  focusColumn(name) {
    if (name !== undefined) this.#fields.get(name)?.focus();
  }

  /** Take the values of an example; a private column keeps what was typed. */
  #takeExample() {
    const { examples, fields } = this.#form;
    const { row } = examples[this.#example];
    for (const { name } of fields) {
      const text = Object.hasOwn(row, name) ? textOf(row[name]) : this.#values.get(name);
      this.#values.set(name, text ?? null);
    }
  }

  /** Take the values of the fragment; other names and private columns are ignored. */
  #takeLink() {
    const parameters = this.#page.parameters();
    const named = this.#form.fields.filter((field) => !field.private && parameters.has(field.name));
    for (const { name } of named) this.#values.set(name, textOf(parameters.get(name)));
    return named.length > 0;
  }

  #parameters() {
    const shown = this.#form.fields.filter((field) => !field.private);
    return new URLSearchParams(shown.map(({ name }) => [name, this.#values.get(name) ?? ""]));
  }

  #layout() {
    const { fields } = this.#form;
    const form = element("form", { noValidate: true, "aria-label": "Row" }, this.#tools());
    const shown = fields.slice(0, SHOWN_FIELDS).map((field) => this.#field(field).element);
    form.append(element("div", { className: "fields" }, ...shown));
    form.addEventListener("submit", (event) => event.preventDefault());
    if (fields.length > SHOWN_FIELDS) form.append(this.#foldedFields(fields.slice(SHOWN_FIELDS)));
    const aside = element("div", { className: "outcome" });
    aside.append(this.#result.headline, this.#result.details, this.#curve.element);
    return element("div", { className: "try" }, form, aside, this.#snippets.element);
  }

  #tools() {
    const { examples } = this.#form;
    const said = element("span", { role: "status", className: "hint" });
    const another = element("button", {
      type: "button",
      textContent: "Another example",
      hidden: examples.length < 2,
    });
    another.addEventListener("click", () => {
      this.#example = (this.#example + 1) % examples.length;
      this.#takeExample();
      this.#showValues();
      this.#page.setParameters(this.#parameters());
      said.textContent = `Held-out row ${this.#example + 1} of ${examples.length}.`;
    });
    const link = element("button", { type: "button", textContent: "Copy link" });
    link.addEventListener("click", async () => {
      this.#page.setParameters(this.#parameters());
      const address = element("span", { className: "address", textContent: location.href });
      said.replaceChildren(address);
      const copied = await copy(location.href, address);
      if (copied === "Copied.") said.textContent = "The link to this row is copied.";
      else said.append(` ${copied}`);
    });
    return element("div", { className: "tools" }, another, link, said);
  }

  #field(field) {
    const { fields } = this.#form;
    const made = new Field(this.#form, field, `field-${fields.indexOf(field)}`, (text) => {
      this.#values.set(field.name, text);
      this.#schedule();
    });
    made.show(this.#values.get(field.name));
    this.#fields.set(field.name, made);
    return made;
  }

  /** Return the less important columns; their controls are made when they are first opened. */
  #foldedFields(fields) {
    const ranked = fields.some((field) => field.importance !== null);
    const count = fields.length === 1 ? "1 more column" : `${fields.length} more columns`;
    const summary = element("summary", {}, `${count}${ranked ? ", less important" : ""}`);
    this.#rest = element("details", { className: "rest" }, summary);
    this.#rest.addEventListener("toggle", () => this.#rest.open && this.#openRest());
    return this.#rest;
  }

  #openRest() {
    this.#rest.open = true;
    const fields = this.#form.fields.slice(SHOWN_FIELDS);
    if (this.#fields.has(fields[0].name)) return;
    const made = fields.map((field) => this.#field(field));
    if (fields.length > FIELDS_TO_SEARCH) this.#rest.append(searchOf(made));
    this.#rest.append(element("div", { className: "fields" }, ...made.map((each) => each.element)));
  }

  #showValues() {
    for (const [name, field] of this.#fields) field.show(this.#values.get(name));
    this.#changed();
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#page.setParameters(this.#parameters());
      this.#changed();
    }, DEBOUNCE_MILLISECONDS);
  }

  /** Ask for the prediction of the row; an answer to an earlier row is ignored. */
  async #changed() {
    clearTimeout(this.#timer);
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    const values = this.values();
    this.#snippets.show(values);
    let answer;
    try {
      answer = await this.#predict(values, current.signal);
    } catch (error) {
      if (current === this.#current) this.#showProblem(error);
      return;
    }
    if (current === this.#current) this.#showPrediction(answer.predictions[0], values);
  }

  async #predict(values, signal) {
    const body = bodyText([rowText(this.#form.fields, values)]);
    const response = await this.#page.api.predict(body, { signal });
    await check(response);
    return response.json();
  }

  #showPrediction(prediction, values) {
    for (const field of this.#fields.values()) field.showError(null);
    this.#result.show(prediction);
    this.#curve.show(values, prediction);
  }

  #showProblem(error) {
    const errors = error.status === UNPROCESSABLE ? (error.problem.errors ?? []) : [];
    const names = this.#form.fields.map(({ name }) => name);
    const wrong = errors.filter(({ column }) => names.includes(column));
    const messages = new Map(wrong.map((each) => [each.column, `Expected ${each.expected}.`]));
    if (names.slice(SHOWN_FIELDS).some((name) => messages.has(name))) this.#openRest();
    for (const [name, field] of this.#fields) field.showError(messages.get(name) ?? null);
    if (wrong.length > 0) this.#result.showWrong(wrong, (name) => this.#reveal(name));
    else this.#result.showProblem(messageOf(error, errors), () => this.#changed());
    if (mayPass(error)) this.#retryLater();
    this.#curve.clear();
  }

  #retryLater() {
    const retry = () => (document.hidden ? this.#retryLater() : this.#changed());
    this.#timer = setTimeout(retry, RETRY_MILLISECONDS);
  }

  #reveal(name) {
    const field = this.#fields.get(name);
    if (this.#rest?.contains(field.element)) this.#openRest();
    field.element.hidden = false;
    field.focus();
  }
}

/** Return whether the same request may be answered later. */
function mayPass({ status }) {
  return status === NO_CONNECTION || status >= SERVER_ERROR;
}

function messageOf(error, [first]) {
  if (first === undefined) return error.message;
  return `${first.column === undefined ? "" : `${first.column}: `}expected ${first.expected}`;
}

function searchOf(fields) {
  const input = element("input", { type: "search", id: "field-search", autocomplete: "off" });
  const label = element("label", { htmlFor: input.id, textContent: "Find a column " });
  input.addEventListener("input", () => {
    const part = input.value.trim().toLowerCase();
    for (const each of fields) each.element.hidden = !each.field.name.toLowerCase().includes(part);
  });
  return element("p", { className: "search" }, label, input);
}
