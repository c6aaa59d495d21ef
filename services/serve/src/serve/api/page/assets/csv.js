// CSV files as bytes: encoding, dialect and records. Nothing in a record is changed.

export const RFC_4180 = { delimiter: ",", quoteChar: '"', escapeChar: "" };
export const DELIMITERS = [",", ";", "\t", "|"];

const DECLARED_DELIMITER = /^"?sep=([^\r\n\0])"?(?:\r\n|\r|\n)/;
const DECLARED_LENGTH = 16;
const MAX_HEADER_BYTES = 1 << 20;
const GZIP = [0x1f, 0x8b];
const OTHER_FORMATS = [
  ["an Excel or OpenDocument file", [0x50, 0x4b, 0x03, 0x04]],
  ["an old Excel file", [0xd0, 0xcf, 0x11, 0xe0]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
  ["a file compressed by bzip2", [0x42, 0x5a, 0x68]],
  ["a file compressed by Zstandard", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** An error in a file; the message is written for its owner. */
export class FileError extends Error {
  name = "FileError";
}

/** Return an integer with separators of thousands. */
export function grouped(number) {
  return number.toLocaleString("en");
}

/** The encoding of a file: it is split in this encoding, and new cells are written in it. */
export class Encoding {
  #encoder = null;

  /** `name` is one that Python knows; `mark` is the length of the byte order mark in bytes. */
  constructor(name, mark = 0) {
    const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    this.name = name;
    this.mark = mark;
    this.isUtf8 = plain.startsWith("utf8");
    this.unitBytes = plain.startsWith("utf16") ? 2 : 1;
    this.isBigEndian = plain === "utf16be";
    this.decoder = decoder(name, plain);
  }

  /** Return the code units of bytes. */
  units(bytes) {
    if (this.unitBytes === 1) return bytes;
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
    return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
  }

  /** Return the code unit of a character, as `units` returns it. */
  unit(character) {
    return this.#ordered(character.charCodeAt(0));
  }

  decode(bytes) {
    return this.decoder.decode(bytes);
  }

  /** Return a text as bytes; throw FileError if the encoding lacks a character. */
  encode(text) {
    if (this.unitBytes === 2) {
      return new Uint8Array(utf16(text).map((unit) => this.#ordered(unit)).buffer);
    }
    if (this.isUtf8 || isAscii(text)) return new TextEncoder().encode(text);
    this.#encoder ??= bytesByCharacter(this.decoder.encoding);
    const bytes = [...text].map((character) => this.#encoder.get(character));
    if (bytes.includes(undefined)) {
      throw new FileError(`"${text}" can't be written in ${this.name}. Save the file as UTF-8.`);
    }
    return Uint8Array.from(bytes.flat());
  }

  #ordered(unit) {
    return this.isBigEndian ? ((unit & 0xff) << 8) | (unit >> 8) : unit;
  }
}

function isAscii(text) {
  return !/[^\0-\x7f]/.test(text);
}

function utf16(text) {
  const units = new Uint16Array(text.length);
  for (let place = 0; place < text.length; place += 1) units[place] = text.charCodeAt(place);
  return units;
}

/** Return a decoder for an encoding of Python; if the browser lacks it, only ASCII is right. */
function decoder(name, plain) {
  const others = {
    utf16: "utf-16le",
    utf16le: "utf-16le",
    utf16be: "utf-16be",
    cp932: "ms932",
    cp949: "windows-949",
  };
  const names = [others[plain], name.replaceAll("_", "-"), plain, plain.replace(/^mac/, "x-mac-")];
  for (const label of names.filter(Boolean)) {
    try {
      return new TextDecoder(label);
    } catch {
      continue; // not a name of the browser
    }
  }
  return new TextDecoder("latin1");
}

/** Return the bytes of all characters that take one or two bytes. */
function bytesByCharacter(encoding) {
  const found = new Map();
  const decoder = new TextDecoder(encoding, { fatal: true });
  const add = (...bytes) => {
    try {
      const text = decoder.decode(Uint8Array.from(bytes));
      if ([...text].length === 1 && !found.has(text)) found.set(text, bytes);
    } catch {
      // not a character
    }
  };
  for (let byte = 0; byte < 0x100; byte += 1) add(byte);
  if (found.size > 0xc0) return found; // a single-byte encoding
  for (let lead = 0x81; lead < 0xff; lead += 1) {
    for (let trail = 0x40; trail < 0xff; trail += 1) add(lead, trail);
  }
  return found;
}

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

function cellsOf(slice, scanner, starts, dialect, from = 0) {
  const cells = [];
  for (let place = from; place < starts.length; place += 1) {
    const stop = place + 1 < starts.length ? starts[place + 1] - 1 : scanner.stop;
    cells.push(unquoted(slice(starts[place], stop), dialect));
  }
  return cells;
}

/** Reads a file as a stream of bytes; unpacks gzip. */
class ByteReader {
  #reader;
  /** Number of bytes of the file that were read. */
  read = 0;

  constructor(file, isGzip) {
    const count = new TransformStream({
      transform: (chunk, controller) => {
        this.read += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const bytes = file.stream().pipeThrough(count);
    const stream = isGzip ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
    this.#reader = stream.getReader();
  }

  /** Return the next chunk, or null at the end. */
  async next() {
    try {
      const { value, done } = await this.#reader.read();
      return done ? null : value;
    } catch (error) {
      if (error.name === "NotReadableError" || error.name === "NotFoundError") {
        throw new FileError("The file can't be read: it was changed or moved. Choose it again.");
      }
      throw new FileError(`The file can't be unpacked: it is damaged (${error.message}).`);
    }
  }

  close() {
    this.#reader.cancel().catch(() => {}); // A stream that failed is closed already.
  }
}

/** A file that may hold a CSV table. */
export class CsvFile {
  #file;

  /** The first bytes, and whether they are the whole file; a longer header is not read. */
  head = { bytes: new Uint8Array(), isWhole: false };

  constructor(file, isGzip) {
    this.#file = file;
    this.isGzip = isGzip;
  }

  get name() {
    return this.#file.name;
  }

  /** Size in bytes. */
  get size() {
    return this.#file.size;
  }

  /** Open a file; throw FileError if it is empty or has another format. */
  static async open(file) {
    if (file.size === 0) throw new FileError("The file is empty.");
    const mark = await new ByteReader(file.slice(0, 4), false).next();
    for (const [format, first] of OTHER_FORMATS) {
      if (startsWith(mark, first)) throw new FileError(`This is ${format}. Save the table as CSV.`);
    }
    const opened = new CsvFile(file, startsWith(mark, GZIP));
    await opened.#readHead();
    return opened;
  }

  /** Return a reader of the bytes, unpacked. */
  stream() {
    return new ByteReader(this.#file, this.isGzip);
  }

  async #readHead() {
    const stream = this.stream();
    const parts = [];
    let size = 0;
    let chunk = null;
    while (size <= MAX_HEADER_BYTES && (chunk = await stream.next()) !== null) {
      parts.push(chunk);
      size += chunk.length;
    }
    stream.close();
    if (size === 0) throw new FileError("The file is empty.");
    this.head = { bytes: joined(parts), isWhole: size <= MAX_HEADER_BYTES };
  }

  /**
   * Return the encoding, and whether it is certain.
   *
   * It is that of the byte order mark, else UTF-8, else the source's, else a guess.
   */
  async findEncoding(source) {
    const marked = markedEncoding(this.head.bytes);
    if (marked !== null) return { encoding: marked, isCertain: true };
    const others = source === null || new Encoding(source).isUtf8 ? [] : [source];
    const found = await this.#readAsUtf8();
    if (found.isUtf8 && !found.hasZeros) {
      // Two bytes of GBK and its like are often a character of UTF-8; three bytes rarely are.
      const isAmbiguous = found.hasShort && !found.hasLong && others.some(isDoubleByte);
      return { encoding: new Encoding("utf-8"), isCertain: !isAmbiguous };
    }
    const encoding = new Encoding(others[0] ?? "cp1252");
    if (found.hasZeros && encoding.unitBytes === 1) {
      throw new FileError("This is not a text file. Save the table as CSV.");
    }
    return { encoding, isCertain: others.length > 0 };
  }

  async #readAsUtf8() {
    const found = { isUtf8: true, hasZeros: false, hasShort: false, hasLong: false };
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const stream = this.stream();
    try {
      for (let chunk = new Uint8Array(); chunk !== null; chunk = await stream.next()) {
        found.hasZeros ||= chunk.includes(0);
        const text = decoder.decode(chunk, { stream: true });
        if (isAscii(text)) continue;
        found.hasShort ||= /[\x80-\u07ff]/.test(text);
        found.hasLong ||= /[\u0800-\uffff]/.test(text);
      }
      decoder.decode();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      found.isUtf8 = false;
    } finally {
      stream.close();
    }
    return found;
  }
}

function startsWith(bytes, mark) {
  return mark.every((byte, place) => bytes[place] === byte);
}

function isDoubleByte(name) {
  return /^(gb|big5|euc|shift|sjis|cp9(32|36|49|50)|johab|hz)/i.test(name);
}

function markedEncoding(head) {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return new Encoding("utf-8", 3);
  if (startsWith(head, [0xff, 0xfe, 0, 0]) || startsWith(head, [0, 0, 0xfe, 0xff])) {
    throw new FileError("The file is UTF-32. Save it as UTF-8.");
  }
  if (startsWith(head, [0xff, 0xfe])) return new Encoding("utf-16-le", 2);
  if (startsWith(head, [0xfe, 0xff])) return new Encoding("utf-16-be", 2);
  return null;
}

/** Return one array with the bytes of all. */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** How the records of a file are read. */
class Format {
  constructor(encoding, dialect, facts) {
    this.encoding = encoding;
    this.dialect = dialect;
    /** Whether the user or a line such as `sep=;` names the delimiter. */
    this.isDeclared = facts.isDeclared;
    /** Cells of the header, or null. */
    this.header = facts.header;
    /** Number of cells in a row. */
    this.columns = facts.columns;
    /** Where the header starts and the rows start, in bytes; without a header both are the same. */
    this.start = facts.start;
    this.end = facts.end;
    /** The line on which the rows start. */
    this.line = facts.line;
    this.lineEnd = facts.lineEnd;
  }
}

/**
 * Yield the possible formats of a file, in the order in which the API tries them.
 *
 * `source` is the dialect of the model's source, `delimiter` the user's choice; both may be null.
 */
export function* formatsOf(head, encoding, { source, delimiter }) {
  const mark = encoding.mark / encoding.unitBytes;
  const units = encoding.units(head.bytes);
  const slice = (start, stop) => {
    const bytes = head.bytes.subarray(start * encoding.unitBytes, stop * encoding.unitBytes);
    return encoding.decode(bytes);
  };
  const declared = DECLARED_DELIMITER.exec(slice(mark, mark + DECLARED_LENGTH));
  const wanted = delimiter ?? declared?.[1] ?? null;
  const dialects = [
    ...(source === null ? [] : [source]),
    ...(wanted === null ? DELIMITERS : [wanted]).map((each) => ({ ...RFC_4180, delimiter: each })),
  ].filter((dialect) => wanted === null || dialect.delimiter === wanted);
  const sourceSkip = source === null ? 0 : source.commentRows.length;
  const unit = (character) => encoding.unit(character);

  const below = (skip, dialect) => {
    const lines = new Scanner({ delimiter: "\0" }, { unit });
    lines.end = mark;
    for (let line = 0; line < skip; line += 1) lines.scan(units, lines.end, true);
    const scanner = new Scanner(dialect, { unit, line: lines.line });
    scanner.end = lines.end;
    return scanner;
  };
  const format = (dialect, scanner, facts) => {
    const [start, end] = [facts.start * encoding.unitBytes, facts.end * encoding.unitBytes];
    const lineEnd = slice(scanner.stop, scanner.end) || "\n";
    const more = { columns: scanner.cells, start, end, lineEnd, isDeclared: wanted !== null };
    return new Format(encoding, dialect, { ...facts, ...more });
  };

  for (const skip of new Set([declared === null ? 0 : 1, sourceSkip])) {
    for (const dialect of dialects) {
      const scanner = below(skip, dialect);
      const found = firstRow(scanner, units, head.isWhole);
      if (found === null) continue;
      const header = cellsOf(slice, scanner, found.starts, dialect);
      const { end, line } = scanner;
      yield format(dialect, scanner, { header, start: found.at, end, line });
    }
  }
  if (source === null || source.header || !dialects.includes(source)) return;
  const scanner = below(sourceSkip, source);
  const { end, line } = scanner;
  if (firstRow(scanner, units, head.isWhole) === null) return;
  yield format(source, scanner, { header: null, start: end, end, line });
}

/** Find the first row that is not blank; return null if there is none, or a quote is wrong. */
function firstRow(scanner, units, isWhole) {
  const starts = [];
  try {
    while (scanner.end < units.length) {
      const at = scanner.end;
      if (!scanner.scan(units, at, isWhole, starts)) return null;
      if (scanner.cells > 0) return { at, starts };
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
  }
  return null;
}

/**
 * Return the first format whose header names only columns, else the one that names the most.
 *
 * Rows without a header are taken if no header names a column. Throw FileError without a row.
 */
export function chooseFormat(formats, names) {
  let best = null;
  let most = [0, 0];
  for (const format of formats) {
    const cells = format.header ?? [];
    const known = cells.filter((cell) => names.has(cell.trim())).length;
    if (format.header === null && known + most[0] === 0) return format;
    if (format.header !== null && known === cells.length) return format;
    const isBetter = known > most[0] || (known === most[0] && cells.length > most[1]);
    if (isBetter) [best, most] = [format, [known, cells.length]];
  }
  if (best === null) throw new FileError("No header was found. Save the table as CSV.");
  return best;
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
