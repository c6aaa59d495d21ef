// CSV as bytes: where records end, and the values of their cells. Nothing in a record is changed.

import { FileError, joined, utf16 } from "./encodings.js";
import { grouped } from "./numbers.js";

export const RFC_4180 = { delimiter: ",", quoteChar: '"', escapeChar: "" };

const CELL_START = 0;
const PLAIN = 1;
const QUOTED = 2;
const CLOSED = 3;
const ESCAPED = 4;
const ESCAPED_IN_QUOTES = 5;

/** Finds where records end, by the rules of Python's csv module in strict mode. */
export class Scanner {
  #delimiter;
  #quote;
  #escape;
  #return;
  #feed;

  /** The line on which the next record starts. */
  line;
  /** Where the last record ends, without and with its line end. */
  stop = 0;
  end = 0;
  /** Number of cells of the last record; 0 for a blank line. */
  cells = 0;

  /** `unit` returns the code unit of a character. */
  constructor(dialect, { unit = (character) => character.charCodeAt(0), line = 1 } = {}) {
    this.#delimiter = unit(dialect.delimiter);
    this.#quote = dialect.quoteChar ? unit(dialect.quoteChar) : -1;
    this.#escape = dialect.escapeChar ? unit(dialect.escapeChar) : -1;
    this.#return = unit("\r");
    this.#feed = unit("\n");
    this.line = line;
  }

  /**
   * Find the end of the record at `at`; return false if it may be beyond the units.
   *
   * `isLast`: nothing follows the units. `starts` gets the place where each cell starts.
   * Throw FileError for text after a closing quote, and for a quote that is never closed.
   */
  scan(units, at, isLast, starts = null) {
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const escape = this.#escape;
    const carriageReturn = this.#return;
    const lineFeed = this.#feed;
    const length = units.length;
    let { line } = this;
    let opened = line;
    let cells = 1;
    let state = CELL_START;
    starts?.splice(0, starts.length, at);
    for (let place = at; place < length; place += 1) {
      const unit = units[place];
      const isReturn = unit === carriageReturn;
      const isBreak = isReturn || unit === lineFeed;
      if (isReturn && place + 1 === length && !isLast) return false;
      const isPair = isReturn && units[place + 1] === lineFeed;
      if (isBreak && !isPair) line += 1;
      if (state === QUOTED) {
        if (unit === quote) state = CLOSED;
        else if (unit === escape) state = ESCAPED_IN_QUOTES;
      } else if (state === ESCAPED) {
        state = PLAIN;
      } else if (state === ESCAPED_IN_QUOTES) {
        state = QUOTED;
      } else if (isBreak) {
        this.stop = place;
        this.end = place + (isPair ? 2 : 1);
        this.cells = place === at ? 0 : cells;
        this.line = line + (isPair ? 1 : 0);
        return true;
      } else if (unit === delimiter) {
        cells += 1;
        state = CELL_START;
        starts?.push(place + 1);
      } else if (unit === quote && state === CELL_START) {
        state = QUOTED;
        opened = line;
      } else if (unit === quote && state === CLOSED) {
        state = QUOTED;
      } else if (state === CLOSED) {
        const remedy = "Double the quotes inside a cell.";
        throw new FileError(`Line ${grouped(line)}: text follows a closing quote. ${remedy}`);
      } else {
        state = unit === escape ? ESCAPED : PLAIN;
      }
    }
    if (!isLast) return false;
    if (state === QUOTED || state === ESCAPED_IN_QUOTES) {
      throw new FileError(`Line ${grouped(opened)}: a quote is opened there and never closed.`);
    }
    this.stop = length;
    this.end = length;
    this.cells = at === length ? 0 : cells;
    this.line = line;
    return true;
  }
}

/** Return the value of a cell as written. */
function unquoted(text, { quoteChar, escapeChar }) {
  const isQuoted = quoteChar !== "" && text.startsWith(quoteChar);
  const inner = isQuoted ? text.slice(1, -1) : text;
  if (escapeChar === "") {
    return isQuoted ? inner.replaceAll(quoteChar + quoteChar, quoteChar) : inner;
  }
  let value = "";
  for (let place = 0; place < inner.length; place += 1) {
    if (inner[place] === escapeChar || (isQuoted && inner[place] === quoteChar)) place += 1;
    value += inner[place] ?? "";
  }
  return value;
}

/** Return a value as a cell of a dialect; throw FileError if it has no quotes to do so. */
export function quoted(value, { delimiter, quoteChar, escapeChar }) {
  const special = [delimiter, quoteChar, escapeChar, "\r", "\n"].filter(Boolean);
  if (!special.some((character) => value.includes(character))) return value;
  const escaped = escapeChar ? value.replaceAll(escapeChar, escapeChar + escapeChar) : value;
  if (quoteChar) {
    return quoteChar + escaped.replaceAll(quoteChar, quoteChar + quoteChar) + quoteChar;
  }
  if (escapeChar && !/[\r\n]/.test(value)) {
    return escaped.replaceAll(delimiter, escapeChar + delimiter);
  }
  throw new FileError(`"${value}" can't be written without quotes. Save the file with quotes.`);
}

/** Yield the rows of a CSV text by RFC 4180 as lists of cells, each without its first cells. */
export function* rowsOf(text, { from = 0 } = {}) {
  const scanner = new Scanner(RFC_4180);
  const units = utf16(text);
  const starts = [];
  while (scanner.end < units.length) {
    scanner.scan(units, scanner.end, true, starts);
    if (scanner.cells > 0) {
      yield cellsOf((start, stop) => text.slice(start, stop), scanner, starts, RFC_4180, from);
    }
  }
}

/** Return the values of the cells of a row. */
export function cellsOf(slice, scanner, starts, dialect, from = 0) {
  const cells = [];
  for (let place = from; place < starts.length; place += 1) {
    const stop = place + 1 < starts.length ? starts[place + 1] - 1 : scanner.stop;
    cells.push(unquoted(slice(starts[place], stop), dialect));
  }
  return cells;
}

/** Reads the records of a file, from the first row on. */
export class RecordReader {
  #stream;
  #encoding;
  #scanner;
  #maxBytes;
  #skip;
  #bytes = new Uint8Array();
  #units = [];
  #at = 0; // in units
  #before = 0; // bytes of the text before #bytes
  #isLast = false;
  #kept = null;
  #rows = 0;

  /** `maxBytes` is the maximum size of a record. */
  constructor(file, format, maxBytes) {
    const unit = (character) => format.encoding.unit(character);
    this.#stream = file.stream();
    this.#encoding = format.encoding;
    this.#scanner = new Scanner(format.dialect, { unit, line: format.line });
    this.#maxBytes = maxBytes;
    this.#skip = format.end;
    this.#before = format.end;
    this.isGzip = file.isGzip;
  }

  /** Number of bytes of the file that were read. */
  get position() {
    if (this.isGzip) return this.#stream.read;
    const kept = this.#kept === null ? 0 : this.#kept.bytes.length;
    return this.#before + this.#at * this.#encoding.unitBytes - kept;
  }

  /** Return the next records, none at the end; an error waits until they are returned. */
  async read({ maxRows, maxBytes }) {
    const records = [];
    let bytes = 0;
    try {
      while (records.length < maxRows) {
        const record = this.#kept ?? this.#next();
        this.#kept = null;
        if (record === null) {
          if (this.#isLast) break;
          await this.#fill();
        } else if (records.length > 0 && bytes + record.bytes.length > maxBytes) {
          this.#kept = record;
          break;
        } else {
          records.push(record);
          bytes += record.bytes.length;
        }
      }
      if (records.length === 0 && this.#bytes.length % this.#encoding.unitBytes !== 0) {
        throw new FileError("The file ends in the middle of a character.");
      }
    } catch (error) {
      if (records.length === 0) throw error;
    }
    return records;
  }

  close() {
    this.#stream.close();
  }

  /** Return the next record that is not blank, or null if more must be read. */
  #next() {
    const scanner = this.#scanner;
    while (this.#at < this.#units.length) {
      const { line } = scanner;
      if (!scanner.scan(this.#units, this.#at, this.#isLast)) return null;
      const [start, stop, end] = [this.#at, scanner.stop, scanner.end].map(
        (place) => place * this.#encoding.unitBytes,
      );
      this.#at = scanner.end;
      if (scanner.cells === 0) continue;
      this.#rows += 1;
      const bytes = this.#bytes.subarray(start, end);
      return { bytes, length: stop - start, cells: scanner.cells, line, row: this.#rows };
    }
    return null;
  }

  /** Read at least as many bytes as wait, so that a long record is not scanned too often. */
  async #fill() {
    const start = this.#at * this.#encoding.unitBytes;
    const parts = [this.#bytes.subarray(start)];
    const wanted = Math.max(1, parts[0].length);
    if (wanted > this.#maxBytes) {
      const place = `Line ${grouped(this.#scanner.line)}`;
      const limit = `${grouped(this.#maxBytes)} bytes, the longest row that the API takes`;
      throw new FileError(`${place}: the row does not end within ${limit}. Is a quote open?`);
    }
    for (let size = 0; size < wanted && !this.#isLast; ) {
      const chunk = await this.#stream.next();
      this.#isLast = chunk === null;
      const part = chunk?.subarray(Math.min(this.#skip, chunk.length)) ?? new Uint8Array();
      this.#skip -= chunk === null ? 0 : chunk.length - part.length;
      parts.push(part);
      size += part.length;
    }
    this.#before += start;
    this.#at = 0;
    this.#bytes = joined(parts);
    this.#units = this.#encoding.units(this.#bytes);
  }
}
