// A file that may hold a CSV table: its bytes, unpacked, and its encoding.

import {
  Encoding,
  FileError,
  isAscii,
  isDoubleByte,
  joined,
  markedEncoding,
  startsWith,
} from "./encodings.js";

const MAX_HEADER_BYTES = 1 << 20;
const GZIP = [0x1f, 0x8b];
const OTHER_FORMATS = [
  ["an Excel or OpenDocument file", [0x50, 0x4b, 0x03, 0x04]],
  ["an old Excel file", [0xd0, 0xcf, 0x11, 0xe0]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
  ["a file compressed by bzip2", [0x42, 0x5a, 0x68]],
  ["a file compressed by Zstandard", [0x28, 0xb5, 0x2f, 0xfd]],
];

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
   * It is that of the byte order mark, else UTF-8, else the source's if there is one, else a guess.
   */
  async findEncoding(sources) {
    const marked = markedEncoding(this.head.bytes);
    if (marked !== null) return { encoding: marked, isCertain: true };
    const others = [...new Set(sources)].filter((name) => !new Encoding(name).isUtf8);
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
    return { encoding, isCertain: others.length === 1 };
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
