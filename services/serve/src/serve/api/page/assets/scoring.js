// Scoring of a file: batches to POST /predict; results and rejected rows in the file's order.

import { quoted, RecordReader, RFC_4180, rowsOf } from "./csv.js";
import { joined } from "./encodings.js";
import { grouped } from "./numbers.js";

const FIRST_ROWS = 100;
const MIN_ROWS = 20;
const MAX_ROWS = 2000; // More rows in a request gain nothing, and make the page stutter.
const MAX_BATCHES_IN_FLIGHT = 2;
const MAX_ERRORS = 20; // the most that a response of the API lists
const MAX_REFUSALS = 200; // in succession, before the file is given up
const MAX_WAIT_SECONDS = 300;
const MAX_PREVIEW_ROWS = 10;
const BATCH_MILLISECONDS = 150;
const MAX_BUFFERED_BYTES = 4 << 20;
const MARK = "\ufeff";
const REJECT_COLUMNS = ["line", "row", "column", "value", "expected"];

const TOO_LARGE = 413;
const INVALID = 422;
const UNAVAILABLE = 503;

/** Ends the scoring of a file; what was scored before is kept. */
export class ScoringError extends Error {
  name = "ScoringError";

  /** `errors` are the API's errors about the whole table. */
  constructor(message, { errors = [] } = {}) {
    super(message);
    this.errors = errors;
  }
}

/** The API reads another header than this page; `header` is what it reads, or null. */
export class OtherHeaderError extends ScoringError {
  constructor(header) {
    const cells = header === null ? "no header" : `the header ${header.join(" | ")}`;
    super(`The API reads ${cells}. Choose another delimiter.`);
    this.header = header;
  }
}

/** The scoring of one file; its properties may be read at any time. */
export class Scoring {
  #file;
  #format;
  #send;
  #report;
  #reader;
  #prefix;
  #type;
  #limits;
  #maxRows;
  #labels; // number of cells before the numbers
  #decimalSign;
  #abort = new AbortController();
  #started = performance.now();
  #result = new Output();
  #rejects = new Output();
  #refusals = { requests: 0, rows: 0 };

  /** Names of the columns that the API adds; null before its first answer. */
  added = null;
  scored = 0;
  rejected = 0;
  /** The line of the last row that was scored or rejected. */
  line = 0;
  /** Number of bytes of the file that are done. */
  position = 0;
  /** Why the next request has to wait, or null. */
  waiting = null;
  /** Rejected rows by reason: `{column, expected, rows, line}`, with the first line. */
  reasons = new Map();
  /** The models that answered, in the order of the file: `{id, rows, first, last}`, with lines. */
  models = [];
  /** The first scored rows: `{line, cells}`, with the predictions at the end. */
  preview = [];

  /**
   * `form` describes the live model; `decimalSign` is used in the numbers of predictions.
   * `send(body, {type, signal})` posts a body to predict; `report()` is called after changes.
   */
  constructor(file, format, { form: { classes, limits }, decimalSign, send, report }) {
    const { encoding } = format;
    this.#labels = classes === null ? 0 : 1;
    this.#decimalSign = decimalSign;
    this.#file = file;
    this.#format = format;
    this.#send = send;
    this.#report = report;
    this.#prefix = prefixOf(file, format);
    this.#type = encoding.mark > 0 ? "text/csv" : `text/csv; charset=${encoding.name}`;
    const maxBytes = limits.max_body_bytes - this.#prefix.length;
    this.#maxRows = Math.min(MAX_ROWS, limits.max_rows);
    this.#limits = { maxRows: Math.min(FIRST_ROWS, this.#maxRows), maxBytes };
    this.#reader = new RecordReader(file, format, maxBytes);
  }

  /** Seconds since the start. */
  get seconds() {
    return (performance.now() - this.#started) / 1000;
  }

  /** Score the file to its end; throw the error that ends it early, AbortError after `cancel`. */
  async run() {
    const queue = [];
    try {
      for (let isMore = true; isMore; ) {
        const batch = await this.#read();
        isMore = batch.records.length > 0;
        queue.push(this.#score(batch));
        // The first response tells whether the file fits: nothing else is sent before.
        const inFlight = isMore && this.added !== null ? MAX_BATCHES_IN_FLIGHT - 1 : 0;
        while (queue.length > inFlight) this.#take(await queue.shift());
      }
      if (this.scored + this.rejected === 0) await this.#explainEmptyTable();
    } finally {
      this.cancel();
      this.#reader.close();
    }
  }

  cancel() {
    this.#abort.abort();
  }

  /** Return the scored rows as a file, or null. */
  result() {
    return this.scored === 0 ? null : this.#result.blob();
  }

  /** Return the rejected rows as a file, or null. */
  rejects() {
    return this.rejected === 0 ? null : this.#rejects.blob();
  }

  async #read() {
    try {
      const records = await this.#reader.read(this.#limits);
      return { records, position: this.#reader.position };
    } catch (error) {
      return { records: [], position: this.#reader.position, error };
    }
  }

  /** Return the rows of a batch; its `error` is thrown when the batches before it are done. */
  async #score({ records, position, error = null }) {
    const outcome = { rows: [], rejects: [], position, error };
    // The API judges the first rows, because it may read the file in another way.
    const fits = ({ cells }) => this.added === null || cells === this.#format.columns;
    for (const record of records.filter((each) => !fits(each))) {
      outcome.rejects.push(this.#withWrongCells(record));
    }
    const queue = [records.filter(fits)].filter((each) => each.length > 0);
    while (queue.length > 0 && outcome.error === null) {
      const [part, rest] = this.#split(queue.shift());
      try {
        const again = await this.#answer(part, outcome);
        queue.unshift(...[...again, rest].filter((each) => each.length > 0));
        if (this.#refusals.requests >= MAX_REFUSALS) outcome.error = this.#inVain();
      } catch (failure) {
        outcome.error = failure;
        const isBefore = ({ record }) => record.row < part[0].row;
        outcome.rejects = outcome.rejects.filter(isBefore);
      }
    }
    return outcome;
  }

  #withWrongCells(record) {
    const expected = `${this.#format.columns} cells as in the header`; // as the API says it
    return { record, error: { value: `${record.cells} cells`, expected } };
  }

  /** Return the records of the next request, and the rest. */
  #split(records) {
    let bytes = 0;
    let count = 0;
    for (const record of records) {
      bytes += record.bytes.length;
      if (count === this.#limits.maxRows || (count > 0 && bytes > this.#limits.maxBytes)) break;
      count += 1;
    }
    return [records.slice(0, count), records.slice(count)];
  }

  /** Send one request, add what it says to the outcome, and return lists of records to send. */
  async #answer(part, outcome) {
    const begun = performance.now();
    const response = await this.#post(part);
    if (response.ok) {
      outcome.rows.push(...this.#rowsOf(response, part));
      this.#refusals = { requests: 0, rows: 0 };
      this.#adapt(part.length, performance.now() - begun);
      return [];
    }
    const problem = problemOf(response);
    if (response.status === TOO_LARGE) return this.#smaller(part, problem, outcome);
    if (response.status === INVALID) return this.#withoutBadRows(part, problem, outcome);
    const [first, last] = [part[0], part.at(-1)].map(({ line }) => grouped(line));
    throw new ScoringError(`Lines ${first} to ${last}: ${problem.detail}`);
  }

  async #post(part) {
    const body = joined([this.#prefix, ...part.map((record) => record.bytes)]);
    let waited = 0;
    for (;;) {
      const response = await this.#request(body);
      if (response !== null && response.status !== UNAVAILABLE) return response;
      const reason = response === null ? "The server does not answer" : "The server is busy";
      if (waited >= MAX_WAIT_SECONDS) throw new ScoringError(`${reason}. Start again later.`);
      const seconds = Number(response?.headers.get("Retry-After")) || Math.min(1 + waited, 10);
      waited += seconds;
      await this.#wait(seconds, `${reason}. The next try is in ${grouped(seconds)} s.`);
    }
  }

  /** Return the response with its text, or null if the connection failed. */
  async #request(body) {
    const { signal } = this.#abort;
    try {
      const response = await this.#send(body, { type: this.#type, signal });
      const { ok, status, headers } = response;
      return { ok, status, headers, text: await response.text() };
    } catch (error) {
      if (signal.aborted || !["ApiError", "TypeError"].includes(error.name)) throw error;
      return null;
    }
  }

  async #wait(seconds, reason) {
    this.#abort.signal.throwIfAborted();
    this.waiting = reason;
    this.#report();
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#abort.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(this.#abort.signal.reason);
      });
    });
    this.waiting = null;
  }

  /** Return the rows of a response, with the cells that it adds. */
  #rowsOf({ headers, text }, part) {
    const model = headers.get("X-Model-Id");
    const isHeaderAbsent = headers.get("Content-Type").includes("header=absent");
    const added = this.#checkHeader(isHeaderAbsent ? null : rowsOf(text).next().value, model);
    const rows = [...rowsOf(text, { from: this.#format.columns })].slice(isHeaderAbsent ? 0 : 1);
    if (rows.length !== part.length) {
      const counts = `${grouped(rows.length)} rows for ${grouped(part.length)}`;
      throw new ScoringError(`The API returned ${counts}. Choose another delimiter.`);
    }
    if (this.added === null) this.#preview(text, part, isHeaderAbsent);
    this.added ??= added;
    return part.map((record, place) => ({ record, model, cells: rows[place] }));
  }

  /** Return the columns that the API adds to a header; none without one. */
  #checkHeader(header, model) {
    const added = header?.slice(this.#format.columns) ?? [];
    if (!isReadAs(header, this.#format)) throw new OtherHeaderError(header);
    if (this.added !== null && this.added.join("\n") !== added.join("\n")) {
      const message = `The new model ${model} adds other columns: ${added.join(", ")}`;
      throw new ScoringError(`${message}. Start again.`);
    }
    return added;
  }

  #preview(text, part, isHeaderAbsent) {
    const rows = rowsOf(text);
    if (!isHeaderAbsent) rows.next();
    for (const { line } of part.slice(0, MAX_PREVIEW_ROWS)) {
      this.preview.push({ line, cells: rows.next().value });
    }
  }

  /** Choose the size of the next batches by the time that the last one took. */
  #adapt(rows, milliseconds) {
    const { maxRows } = this.#limits;
    if (milliseconds > 2 * BATCH_MILLISECONDS) this.#limits.maxRows = Math.ceil(maxRows / 2);
    if (milliseconds < BATCH_MILLISECONDS && 2 * rows > maxRows) this.#limits.maxRows = 2 * maxRows;
    this.#limits.maxRows = between(MIN_ROWS, this.#limits.maxRows, this.#maxRows);
  }

  /** Return the halves of a batch; a single row that is too large is rejected. */
  #smaller(part, { detail }, outcome) {
    if (part.length === 1) {
      outcome.rejects.push({ record: part[0], error: { expected: `a shorter row: ${detail}` } });
      return [];
    }
    const half = Math.ceil(part.length / 2);
    this.#maxRows = Math.min(this.#maxRows, half);
    this.#limits.maxRows = half;
    return [part.slice(0, half), part.slice(half)];
  }

  /** Take out the rows that a response names, and return the others. */
  #withoutBadRows(part, { detail, errors = [] }, outcome) {
    const errorByRow = new Map();
    for (const error of errors) {
      const isOfTable = !(error.row >= 1 && error.row <= part.length);
      if (isOfTable) throw new ScoringError(detail, { errors: errors.filter(({ row }) => !row) });
      if (!errorByRow.has(error.row)) errorByRow.set(error.row, error);
    }
    if (errorByRow.size === 0) throw new ScoringError(detail);
    for (const [row, error] of errorByRow) outcome.rejects.push({ record: part[row - 1], error });
    this.#refusals.requests += 1;
    this.#refusals.rows += errorByRow.size;
    // A full list ends at its last row: those before it are right, those below are not checked.
    const checked = errors.length < MAX_ERRORS ? part.length : Math.max(...errorByRow.keys());
    if (checked < part.length) this.#limits.maxRows = Math.max(MIN_ROWS, checked);
    const right = part.slice(0, checked).filter((_, place) => !errorByRow.has(place + 1));
    return [right, part.slice(checked)];
  }

  #inVain() {
    const rejected = `The last ${grouped(this.#refusals.rows)} rows were all rejected`;
    return new ScoringError(`${rejected}: the file does not fit the model.`);
  }

  /** Let the API say what is wrong with a table without rows. */
  async #explainEmptyTable() {
    const { detail, errors } = problemOf(await this.#post([]));
    throw new ScoringError(detail, { errors });
  }

  /** Add the outcome of the next batch of the file; throw its error. */
  #take({ rows, rejects, position, error }) {
    rejects.sort((one, other) => one.record.row - other.record.row);
    if (rows.length > 0) this.#write(rows);
    if (rejects.length > 0) this.#writeRejects(rejects);
    const lastLines = [rows.at(-1), rejects.at(-1)].map((each) => each?.record.line ?? 0);
    this.line = Math.max(this.line, ...lastLines);
    if (error === null) this.position = position;
    this.#report();
    if (error !== null) throw error;
  }

  #write(rows) {
    const { encoding, dialect, lineEnd } = this.#format;
    const addition = (cells) => {
      const texts = ["", ...cells.map((cell) => quoted(cell, dialect))];
      return encoding.encode(texts.join(dialect.delimiter));
    };
    const parts = this.scored === 0 ? headOf(this.#file, this.#format, addition(this.added)) : [];
    for (const { record, cells, model } of rows) {
      const isLast = record.length === record.bytes.length;
      const end = isLast ? encoding.encode(lineEnd) : record.bytes.subarray(record.length);
      parts.push(record.bytes.subarray(0, record.length), addition(this.#localized(cells)), end);
      this.#countModel(model, record.line);
    }
    this.#result.add(joined(parts));
    this.scored += rows.length;
  }

  #localized(cells) {
    if (this.#decimalSign === ".") return cells;
    const localized = (number) => number.replace(".", this.#decimalSign);
    return cells.map((cell, place) => (place < this.#labels ? cell : localized(cell)));
  }

  #countModel(id, line) {
    if (this.models.at(-1)?.id !== id) this.models.push({ id, rows: 0, first: line, last: line });
    const current = this.models.at(-1);
    current.rows += 1;
    current.last = line;
  }

  /** Write the rejected rows in UTF-8, because an expectation may hold any character. */
  #writeRejects(rejects) {
    const { encoding, dialect, lineEnd } = this.#format;
    const hasMark = encoding.mark > 0 || !encoding.isUtf8; // for Excel
    const end = lineEnd === "\r\n" ? lineEnd : "\n";
    const form = { ...RFC_4180, delimiter: dialect.delimiter };
    const text = (cell) => quoted(String(cell), form);
    const row = (cells) => cells.map(text).join(form.delimiter) + end;
    const names = this.rejected === 0 ? (hasMark ? MARK : "") + row(REJECT_COLUMNS) : "";
    const rows = rejects.map(({ record, error }) => {
      const { column = "", value, expected } = error;
      this.#countReason(column, expected, record.line);
      return row([record.line, record.row, column, value ?? "", expected]);
    });
    this.#rejects.add(new TextEncoder().encode(names + rows.join("")));
    this.rejected += rejects.length;
  }

  #countReason(column, expected, line) {
    const key = JSON.stringify([column, expected]);
    const reason = this.reasons.get(key) ?? { column, expected, rows: 0, line };
    reason.rows += 1;
    this.reasons.set(key, reason);
  }
}

/** A file that grows. */
class Output {
  #blobs = [];
  #parts = [];
  #bytes = 0;

  add(bytes) {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    // The browser may keep a blob on disk.
    if (this.#bytes >= MAX_BUFFERED_BYTES) this.#flush();
  }

  blob() {
    this.#flush();
    return new Blob(this.#blobs, { type: "text/csv" });
  }

  #flush() {
    this.#blobs.push(new Blob(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
  }
}

/** Return what each request starts with: the header, or the lines before rows without one. */
function prefixOf({ head }, { encoding, dialect, header, start, end, isDeclared }) {
  if (header === null) return head.bytes.subarray(0, end);
  const mark = head.bytes.subarray(0, encoding.mark);
  const declaration = encoding.encode(isDeclared ? `sep=${dialect.delimiter}\n` : "");
  return joined([mark, declaration, head.bytes.subarray(start, end)]);
}

/** Return what the result starts with: the lines up to the header, and the added names. */
function headOf({ head }, { encoding, header, end, lineEnd }, names) {
  if (header === null) return [head.bytes.subarray(0, end)];
  const lineEndBytes = encoding.encode(lineEnd);
  return [head.bytes.subarray(0, end - lineEndBytes.length), names, lineEndBytes];
}

/** Whether the API reads a header of a file as a format does. */
export function isReadAs(header, format) {
  if (header === null || format.header === null) return header === format.header;
  // The browser and Python may disagree on characters of rare encodings.
  const comparable = (cells) => cells.join("\n").replaceAll(/[^\0-\x7f]+/g, "?");
  return comparable(header.slice(0, format.columns)) === comparable(format.header);
}

/** Return the problem document of a response, or its status in one. */
function problemOf({ status, text }) {
  const unknown = { detail: `The server answers with status ${status}.` };
  try {
    return { ...unknown, ...JSON.parse(text) };
  } catch {
    return unknown; // A proxy answers with its own page.
  }
}

function between(low, value, high) {
  return Math.max(Math.min(low, high), Math.min(value, high));
}
