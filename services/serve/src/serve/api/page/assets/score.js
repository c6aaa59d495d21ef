// The view "Score a file": choose a CSV file, follow its scoring, download the results.

import { CsvFile } from "./csv-file.js";
import { chooseFormat, DELIMITERS, formatsOf } from "./csv-formats.js";
import { element, readable } from "./dom.js";
import { Encoding } from "./encodings.js";
import { grouped } from "./numbers.js";
import { isReadAs, OtherHeaderError, Scoring } from "./scoring.js";

const DELIMITER_NAMES = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" };
const ENCODING_NAMES = { "utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16" };
const SIZE_UNITS = ["bytes", "kB", "MB", "GB"];
const DECIMAL_SIGNS = { ".": "decimal point", ",": "decimal comma" };
const MAX_REASONS = 20;
const MAX_SAMPLE_LINES = 3;
const MAX_SAMPLE_CHARACTERS = 200;
const MAX_PREVIEW_COLUMNS = 50;

const INTRODUCTION =
  "Every row of a CSV file gets a prediction. This page sends the rows to the API in batches and" +
  " writes the predictions beside them. The server stores nothing.";
const UNCHANGED =
  "Rows are copied byte for byte, including cells that a spreadsheet runs as formulas.";

/** Fill the section of the view. */
export function start(section, page) {
  new View(section, page).show();
}

class View {
  #section;
  #page;
  #input = element("input", { type: "file", id: "score-file", className: "unseen" });
  #status = element("p", { className: "unseen", role: "status" });
  #settings = element("div");
  #progress = element("div");
  #outcome = element("div");
  #form = null;
  #file = null;
  #formats = [];
  #chosen = null;
  #links = [];

  constructor(section, page) {
    this.#section = section;
    this.#page = page;
  }

  show() {
    this.#input.accept = ".csv,.tsv,.txt,.gz,text/csv";
    const drop = element(
      "div",
      { className: "drop" },
      element("b", {}, "Drop a CSV file here"),
      this.#input,
      element("label", { htmlFor: this.#input.id, className: "button main" }, "Choose a CSV file"),
      element("small", {}, "It may be compressed by gzip."),
    );
    this.#section.append(
      element("p", {}, INTRODUCTION),
      drop,
      this.#status,
      this.#settings,
      this.#progress,
      this.#outcome,
    );
    this.#input.addEventListener("change", () => {
      if (this.#input.files.length > 0) this.#open(this.#input.files[0]);
      this.#input.value = ""; // so that the same file can be chosen again
    });
    // Anywhere, because the browser would leave the page for a file that misses the target.
    for (const type of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(type, (event) => this.#drag(event, drop));
    }
  }

  #drag(event, drop) {
    if (this.#section.hidden || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const { files } = event.dataTransfer;
    drop.classList.toggle("over", event.type === "dragover" && !this.#input.disabled);
    if (event.type !== "drop" || this.#input.disabled || files.length === 0) return;
    if (files.length === 1) this.#open(files[0]);
    else this.#showProblem("Drop one file at a time.");
  }

  #open(file) {
    this.#settings.replaceChildren();
    return this.#work(async () => {
      const says = `Reading ${file.name}`;
      this.#progress.replaceChildren(element("p", {}, says));
      this.#say(says);
      this.#file = await CsvFile.open(file);
      await this.#prepare({ encoding: null, delimiter: null, decimalSign: "." });
    });
  }

  /** Run a task that may fail; meanwhile no other file can be chosen. */
  async #work(task) {
    for (const link of this.#links) URL.revokeObjectURL(link);
    this.#links = [];
    const hadFocus = this.#section.contains(document.activeElement);
    this.#outcome.replaceChildren();
    this.#setBusy(true);
    try {
      await task();
    } catch (error) {
      if (!["FileError", "ApiError"].includes(error.name)) console.error(error);
      this.#showProblem(error.message);
    } finally {
      this.#progress.replaceChildren();
      this.#setBusy(false);
      // What had the focus is gone, or was disabled.
      const isLost = hadFocus && document.activeElement === document.body;
      if (isLost) this.#input.focus({ preventScroll: true });
    }
  }

  #setBusy(isBusy) {
    this.#input.disabled = isBusy;
    for (const each of this.#settings.querySelectorAll("button, select")) each.disabled = isBusy;
  }

  /** Find out how the file is read; score it if that is certain. */
  async #prepare(chosen) {
    this.#chosen = chosen;
    this.#form = await this.#page.api.get("page/form");
    const { sources, fields, target } = this.#form;
    const names = new Set([...fields.map((field) => field.name), target.name]);
    const { encoding, isCertain } =
      chosen.encoding === null
        ? await this.#file.findEncoding(sources.map((source) => source.encoding))
        : { encoding: chosen.encoding, isCertain: true };
    const { delimiter } = chosen;
    this.#formats = [...formatsOf(this.#file.head, encoding, { sources, delimiter })];
    const format = chooseFormat(this.#formats, names);
    this.#showSettings(format, { isGuess: !isCertain });
    if (isCertain) await this.#score(format);
  }

  async #score(format) {
    const { api } = this.#page;
    const progress = new Progress(this.#file, () => scoring.cancel());
    const scoring = new Scoring(this.#file, format, {
      form: this.#form,
      decimalSign: this.#chosen.decimalSign,
      send: (body, options) => api.predict(body, { ...options, accept: "text/csv" }),
      report: () => progress.show(scoring),
    });
    this.#progress.replaceChildren(progress.element);
    this.#say(`Scoring ${this.#file.name}`);
    addEventListener("beforeunload", askBeforeLeaving);
    let failure = null;
    try {
      await scoring.run();
    } catch (error) {
      failure = error;
    } finally {
      removeEventListener("beforeunload", askBeforeLeaving);
    }
    const isOther = failure instanceof OtherHeaderError && scoring.added === null;
    const other = isOther && this.#formats.find((each) => isReadAs(failure.header, each));
    if (other) {
      this.#showSettings(other, { isGuess: false });
      await this.#score(other);
    } else if (scoring.scored + scoring.rejected === 0) {
      this.#showRefusal(failure);
    } else {
      this.#showOutcome(scoring, failure, format);
    }
  }

  /** Show how the file is read, with other ways to read it. */
  #showSettings({ encoding, dialect, header }, { isGuess }) {
    const { sources } = this.#form;
    const { name, mark } = encoding;
    const delimiters = [...DELIMITERS, ...sources.map((source) => source.delimiter)];
    const encodings = mark > 0 ? [] : ["utf-8", ...sources.map((source) => source.encoding), "cp1252"];
    const choices = {
      delimiter: select("Delimiter", dialect.delimiter, nameOfDelimiter, delimiters),
      encoding: select("Encoding", name, nameOfEncoding, encodings),
      decimalSign: select(
        "Predictions with",
        this.#chosen.decimalSign,
        (sign) => DECIMAL_SIGNS[sign],
        Object.keys(DECIMAL_SIGNS),
      ),
    };
    const button = element("button", { type: "button" }, isGuess ? "Score" : "Score again");
    button.addEventListener("click", () => {
      const { delimiter, encoding: charset, decimalSign } = choices;
      const chosen = {
        // A source's dialect may have the same delimiter with other quotes.
        delimiter: delimiter.value === dialect.delimiter ? this.#chosen.delimiter : delimiter.value,
        encoding: charset.value === name ? encoding : new Encoding(charset.value),
        decimalSign: decimalSign.value,
      };
      this.#work(() => this.#prepare(chosen));
    });
    const form = [nameOfDelimiter(dialect.delimiter), nameOfEncoding(name)];
    const facts = [sizeOf(this.#file.size), ...form, ...(header === null ? ["no header"] : [])];
    const labels = Object.values(choices).map((choice) => choice.label);
    const details = element(
      "details",
      { open: isGuess },
      element("summary", {}, `${this.#file.name}: ${facts.join(", ")}`),
      element("div", { className: "choices" }, ...labels, button),
    );
    this.#settings.replaceChildren(details);
    this.#setBusy(true);
    if (isGuess) this.#showGuess(details, choices.encoding);
  }

  /** Ask for the encoding, with a sample of the file. */
  #showGuess(details, choice) {
    const sample = element("pre", { className: "scroll", tabIndex: 0 });
    const show = () => {
      const text = new Encoding(choice.value).decode(this.#file.head.bytes);
      const lines = text.split(/[\r\n]+/).filter((line) => /[^\0-\x7f]/.test(line));
      const shown = lines.map((line) => readable(line.slice(0, MAX_SAMPLE_CHARACTERS)));
      sample.textContent = shown.slice(0, MAX_SAMPLE_LINES).join("\n");
    };
    show();
    choice.list.addEventListener("change", show);
    const guess = `The encoding is a guess: ${nameOfEncoding(choice.value)}.`;
    const advice = "Choose the encoding that shows the lines below correctly, then score the file.";
    details.before(notice(guess, [advice]));
    details.append(sample);
    this.#say(`${guess} ${advice}`);
  }

  /** Show why no row was scored, with the API's own words, and how the file is read. */
  #showRefusal(failure) {
    if (failure.name === "AbortError") {
      this.#showProblem("Cancelled. No row was scored.");
      return;
    }
    const says = errorsOf(failure);
    const title = says.length > 0 ? "The API rejects this table." : failure.message;
    this.#outcome.replaceChildren(notice(title, says, { isWarning: true }));
    this.#settings.querySelector("details").open = true;
    this.#say([title, ...says].join(" "));
  }

  #showProblem(message) {
    this.#outcome.replaceChildren(notice(message, [], { isWarning: true }));
    this.#say(message);
  }

  #showOutcome(scoring, failure, format) {
    const { title, says, isWarning } = summaryOf(scoring, failure);
    const again = element("button", { type: "button" }, "Start again");
    again.addEventListener("click", () => this.#work(() => this.#prepare(this.#chosen)));
    const downloads = [
      this.#download("scored", "scored rows", scoring.result()),
      this.#download("rejected", "rejected rows", scoring.rejects()),
    ].filter((link) => link !== null);
    downloads[0]?.classList.add("main");
    this.#outcome.replaceChildren(
      notice(title, says, { isWarning }),
      tilesOf(scoring),
      element("p", { className: "downloads" }, ...downloads, again),
    );
    if (scoring.scored > 0) {
      this.#outcome.append(element("p", { className: "soft" }, UNCHANGED));
      this.#outcome.append(previewOf(scoring, format));
    }
    if (scoring.models.length > 1) this.#outcome.append(modelsOf(scoring));
    if (scoring.rejected > 0) this.#outcome.append(reasonsOf(scoring));
    this.#say([title, ...says].join(" "));
  }

  /** Return a link that saves a file beside the scored one, or null without a file. */
  #download(suffix, label, blob) {
    if (blob === null) return null;
    const link = URL.createObjectURL(blob);
    this.#links.push(link);
    const [, stem, extension] = /^(.*?)(\.[^.]*)?$/.exec(this.#file.name.replace(/\.gz$/i, ""));
    const download = `${stem}.${suffix}${extension ?? ".csv"}`;
    const text = `Download the ${label} (${sizeOf(blob.size)})`;
    return element("a", { href: link, download, className: "button" }, text);
  }

  #say(text) {
    this.#status.textContent = readable(text);
  }
}

/** The progress of a scoring, with a button to cancel it. */
class Progress {
  #bar = element("progress", { max: 1, value: 0, "aria-label": "Part of the file that is done" });
  #text = element("p", {}, "Starting");

  constructor(file, cancel) {
    this.#bar.max = file.size;
    const button = element("button", { type: "button" }, "Cancel");
    button.addEventListener("click", cancel);
    const line = element("div", { className: "progress" }, this.#text, button);
    this.element = element("div", { className: "card" }, this.#bar, line);
  }

  show({ scored, rejected, position, waiting, seconds }) {
    this.#bar.value = position;
    const part = Math.min(1, position / this.#bar.max);
    const facts = [
      `${rowsText(scored)} scored`,
      ...(rejected > 0 ? [`${grouped(rejected)} rejected`] : []),
      `${grouped(Math.round((scored + rejected) / seconds))} rows/s`,
      ...(part > 0 ? [`${durationOf((seconds * (1 - part)) / part)} left`] : []),
    ];
    this.#text.textContent = waiting ?? facts.join(" · ");
  }
}

function askBeforeLeaving(event) {
  event.preventDefault();
}

/** Return the API's errors about the whole table, in its words. */
function errorsOf({ errors = [] }) {
  return errors.map(({ column, expected, did_you_mean: meant }) => {
    const place = column === undefined ? "" : `${column || '""'}: `;
    const suggestion = meant === undefined ? "" : ` Did you mean ${meant}?`;
    return `${place}expected ${expected}.${suggestion}`;
  });
}

/** Return what is said of a scoring that has scored or rejected rows. */
function summaryOf({ scored, rejected, line }, failure) {
  const counts = `${rowsText(scored)} scored, ${grouped(rejected)} rejected.`;
  if (failure?.name === "AbortError") {
    return { title: `Cancelled after line ${grouped(line)}.`, says: [counts], isWarning: true };
  }
  if (failure !== null) {
    const says = [failure.message, ...errorsOf(failure)];
    const title = `Stopped after line ${grouped(line)}.`;
    return { title, says: [...says, counts], isWarning: true };
  }
  if (scored === 0) return { title: "No row could be scored.", says: [counts], isWarning: true };
  return { title: rejected === 0 ? `All rows are scored: ${grouped(scored)}.` : counts, says: [] };
}

function tilesOf({ scored, rejected, models, seconds }) {
  const ids = [...new Set(models.map(({ id }) => id))];
  const tiles = [
    ["main", grouped(scored), "rows scored"],
    ["", grouped(rejected), "rows rejected"],
    ["", durationOf(seconds), `${grouped(Math.round((scored + rejected) / seconds))} rows/s`],
    ...ids.map((id) => ["word", id, "model"]),
  ].map(([className, value, label]) =>
    element(
      "li",
      { className: className === "main" ? "main" : "" },
      element("b", { className: className === "word" ? "word" : "" }, value),
      element("span", {}, label),
    ),
  );
  return element("ul", { className: "tiles" }, ...tiles);
}

/** Return the first scored rows as a table, the predictions before the columns of the file. */
function previewOf({ preview, added }, { header, columns }) {
  const count = preview[0].cells.length - columns;
  const numbered = (name, length) =>
    Array.from({ length }, (_, place) => `${name} ${place + 1}`);
  const predicted = added.length > 0 ? added : numbered("prediction", count);
  const names = header ?? numbered("column", columns);
  const shown = Math.min(columns, MAX_PREVIEW_COLUMNS);
  const rest = columns > shown ? `, ${shown} of ${grouped(columns)} columns` : "";
  return tableOf(`The first scored rows${rest}`, {
    names: ["line", ...predicted, ...names.slice(0, shown)],
    rows: preview.map(({ line, cells }) => [
      grouped(line),
      ...cells.slice(columns),
      ...cells.slice(0, shown),
    ]),
    marked: count,
  });
}

function modelsOf({ models }) {
  return tableOf("The model changed during the scoring: start again to use one model", {
    names: ["model", "lines", "rows scored"],
    rows: models.map(({ id, rows, first, last }) => [
      id,
      `${grouped(first)} to ${grouped(last)}`,
      grouped(rows),
    ]),
  });
}

/** Return how often each first error of a row occurs. */
function reasonsOf({ reasons, rejected }) {
  const sorted = [...reasons.values()].sort((one, other) => other.rows - one.rows);
  const rest = sorted.length > MAX_REASONS ? `, the ${MAX_REASONS} most frequent reasons` : "";
  return tableOf(`Why ${rowsText(rejected)} rejected${rest}`, {
    names: ["column", "expected", "rows", "first line"],
    rows: sorted
      .slice(0, MAX_REASONS)
      .map(({ column, expected, rows, line }) => [column, expected, grouped(rows), grouped(line)]),
  });
}

/** Return a table that scrolls, below its title; the first is followed by `marked` columns. */
function tableOf(title, { names, rows, marked = 0 }) {
  const classOf = (place) => (place > 0 && place <= marked ? "predicted" : "");
  const row = (tag, cells, more) =>
    element(
      "tr",
      {},
      ...cells.map((cell, place) => element(tag, { ...more, className: classOf(place) }, cell)),
    );
  const table = element(
    "table",
    {},
    element("thead", {}, row("th", names, { scope: "col" })),
    element("tbody", {}, ...rows.map((cells) => row("td", cells, {}))),
  );
  const region = { role: "region", tabIndex: 0, "aria-label": title };
  const scroll = element("div", { className: "card scroll", ...region }, table);
  return element("div", {}, element("h3", {}, title), scroll);
}

function notice(title, says = [], { isWarning = false } = {}) {
  const className = isWarning ? "notice warning" : "notice";
  const name = element("p", { className: "name" }, title);
  return element("div", { className }, name, ...says.map((text) => element("p", {}, text)));
}

/** Return a list of choices with its label. */
function select(label, value, nameOf, others) {
  const options = [...new Set([value, ...others])].map((each) =>
    element("option", { value: each, selected: each === value }, nameOf(each)),
  );
  const list = element("select", {}, ...options);
  return {
    list,
    label: element("label", {}, `${label} `, list),
    get value() {
      return list.value;
    },
  };
}

function nameOfDelimiter(delimiter) {
  return DELIMITER_NAMES[delimiter] ?? delimiter;
}

function nameOfEncoding(name) {
  return ENCODING_NAMES[name] ?? name;
}

function sizeOf(bytes) {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const size = bytes / 1000 ** power;
  return `${size.toLocaleString("en", { maximumSignificantDigits: 3 })} ${SIZE_UNITS[power]}`;
}

function durationOf(seconds) {
  if (seconds >= 90) return `${grouped(Math.round(seconds / 60))} min`;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

function rowsText(count) {
  return count === 1 ? "1 row is" : `${grouped(count)} rows are`;
}
