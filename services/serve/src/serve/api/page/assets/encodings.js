// Encodings of text files: which one a file has, its characters and its bytes.

/** An error in a file; the message is written for its owner. */
export class FileError extends Error {
  name = "FileError";
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

/** Return whether a text has no characters beyond ASCII. */
export function isAscii(text) {
  return !/[^\0-\x7f]/.test(text);
}

/** Return the UTF-16 code units of a text. */
export function utf16(text) {
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

/** Return whether bytes begin with others. */
export function startsWith(bytes, mark) {
  return mark.every((byte, place) => bytes[place] === byte);
}

/** Return whether an encoding takes one or two bytes for a character. */
export function isDoubleByte(name) {
  return /^(gb|big5|euc|shift|sjis|cp9(32|36|49|50)|johab|hz)/i.test(name);
}

/** Return the encoding that a byte order mark names, or null. */
export function markedEncoding(head) {
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
