// Code for the request of the form: curl, Python with httpx, JavaScript. It holds no key.

import { copy, element, UNPRINTABLE } from "./dom.js";
import { bodyText, cellText, numberText, rowText } from "./values.js";

const LANGUAGES = { curl, Python: python, JavaScript: javascript };

/** The code for the row in the form, in one language at a time. */
export class Snippets {
  #form;
  #values;
  #language = "curl";
  #code = element("code");
  #pre = element("pre", { tabIndex: 0, role: "region", "aria-label": "Code of the request" });
  #note = element("p", { className: "hint" });
  #buttons;

  constructor(form) {
    this.#form = form;
    this.#pre.append(this.#code);
    this.#buttons = Object.keys(LANGUAGES).map((name) => {
      const button = element("button", { type: "button", textContent: name });
      button.addEventListener("click", () => {
        this.#language = name;
        this.#draw();
      });
      return button;
    });
    const said = element("span", { role: "status", className: "hint" });
    const button = element("button", { type: "button", textContent: "Copy", className: "main" });
    button.addEventListener("click", async () => {
      said.textContent = await copy(this.#code.textContent, this.#code);
    });
    const choice = element(
      "div",
      { className: "choice-of-code", role: "group", "aria-label": "Language" },
      ...this.#buttons,
    );
    const head = element(
      "div",
      { className: "code-head" },
      element("h3", { textContent: "As code" }),
      choice,
      button,
      said,
    );
    this.element = element("div", { className: "code" }, head, this.#pre, this.#note);
  }

  /** Show the code for a row. */
  show(values) {
    this.#values = values;
    this.#draw();
  }

  #draw() {
    const request = requestOf(this.#form, this.#values);
    this.#code.textContent = LANGUAGES[this.#language](request);
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.textContent === this.#language));
    }
    this.#note.replaceChildren(...notesOf(this.#form));
  }
}

/** Return what the code sends; private columns are left out. */
export function requestOf(form, values) {
  const fields = form.fields.filter((field) => !field.private);
  return {
    address: new URL("predict", document.baseURI).href,
    needsKey: form.needs_key,
    fields,
    values,
    body: bodyText([rowText(fields, values)]),
  };
}

function* notesOf(form) {
  const wanted = form.fields.filter((field) => field.private);
  if (wanted.length > 0) {
    const names = wanted
      .map((field) => (field.required ? `${field.name} (required)` : field.name))
      .join(", ");
    yield `Private columns are left out: add ${names} yourself. `;
  }
  if (form.needs_key) yield "Put the API key into the environment variable API_KEY.";
}

export function curl({ address, needsKey, body }) {
  const key = needsKey ? ['-H "X-API-Key: $API_KEY"'] : [];
  const lines = [
    `curl ${quoted(address)}`,
    "-H 'Content-Type: application/json'",
    ...key,
    `-d ${quoted(body)}`,
  ];
  return lines.map((line) => escaped(line)).join(" \\\n  ");
}

/**
 * Return code whose texts have escapes for characters that a reader would not see, such as those
 * that change the direction of text. JSON, Python and JavaScript read them as the same characters.
 */
function escaped(code, wide = (units) => units.map(unitEscape).join("")) {
  return code.replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? character : wide(character.split(""), character),
  );
}

const unitEscape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Python reads two escapes of 16 bits as two characters. */
const pythonEscape = (units, character) =>
  units.length === 1
    ? unitEscape(character)
    : `\\U${character.codePointAt(0).toString(16).padStart(8, "0")}`;

function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function python(request) {
  return escaped(pythonCode(request), pythonEscape);
}

function pythonCode({ address, needsKey, fields, values }) {
  const words = { true: "True", false: "False", null: "None" };
  const literal = (field) => {
    const text = cellText(field, values.get(field.name));
    return Object.hasOwn(words, text) ? words[text] : text;
  };
  return [
    ...(needsKey ? ["import os", ""] : []),
    "import httpx",
    "",
    "row = {",
    ...fields.map((field) => `    ${JSON.stringify(field.name)}: ${literal(field)},`),
    "}",
    "response = httpx.post(",
    `    ${JSON.stringify(address)},`,
    '    json={"rows": [row]},',
    ...(needsKey ? ['    headers={"X-API-Key": os.environ["API_KEY"]},'] : []),
    ")",
    "response.raise_for_status()",
    'print(response.json()["predictions"][0])',
  ].join("\n");
}

export function javascript(request) {
  return escaped(javascriptCode(request));
}

function javascriptCode({ address, needsKey, fields, values, body }) {
  const key = needsKey ? ['    "X-API-Key": process.env.API_KEY,'] : [];
  const isExact = fields.every((field) => keepsDigits(field, values.get(field.name)));
  const row = fields.map(
    (field) => `  ${JSON.stringify(field.name)}: ${cellText(field, values.get(field.name))},`,
  );
  return [
    ...(isExact ? ["const row = {", ...row, "};"] : []),
    `const response = await fetch(${JSON.stringify(address)}, {`,
    '  method: "POST",',
    "  headers: {",
    '    "Content-Type": "application/json",',
    ...key,
    "  },",
    // A number of JavaScript would lose digits, which a text keeps.
    isExact ? "  body: JSON.stringify({ rows: [row] })," : `  body: ${JSON.stringify(body)},`,
    "});",
    "if (!response.ok) throw new Error(await response.text());",
    "console.log((await response.json()).predictions[0]);",
  ].join("\n");
}

/** Return whether a literal of JavaScript sends the same cell. */
function keepsDigits(field, text) {
  if (field.name === "__proto__") return false; // It would set the prototype.
  if (text === null || (field.type !== "number" && field.type !== "integer")) return true;
  const number = numberText(text);
  return number === null || digitsOf(number) === digitsOf(String(Number(number)));
}

/** Return the digits of a number that count, without exponent and point. */
function digitsOf(number) {
  return number
    .replace(/[eE].*/u, "")
    .replaceAll(/[-.]/gu, "")
    .replace(/^0+/u, "")
    .replace(/0+$/u, "");
}
