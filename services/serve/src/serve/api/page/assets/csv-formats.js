// The possible formats of a CSV file: dialect, header, and where the rows start.

import { cellsOf, RFC_4180, Scanner } from "./csv.js";
import { FileError } from "./encodings.js";

export const DELIMITERS = [",", ";", "\t", "|"];

const DECLARED_DELIMITER = /^"?sep=([^\r\n\0])"?(?:\r\n|\r|\n)/;
const DECLARED_LENGTH = 16;

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
 * `sources` are the dialects of the model's source files, `delimiter` is the user's choice or null.
 */
export function* formatsOf(head, encoding, { sources, delimiter }) {
  const mark = encoding.mark / encoding.unitBytes;
  const units = encoding.units(head.bytes);
  const slice = (start, stop) => {
    const bytes = head.bytes.subarray(start * encoding.unitBytes, stop * encoding.unitBytes);
    return encoding.decode(bytes);
  };
  const declared = DECLARED_DELIMITER.exec(slice(mark, mark + DECLARED_LENGTH));
  const wanted = delimiter ?? declared?.[1] ?? null;
  const dialects = [
    ...sources,
    ...(wanted === null ? DELIMITERS : [wanted]).map((each) => ({ ...RFC_4180, delimiter: each })),
  ].filter((dialect) => wanted === null || dialect.delimiter === wanted);
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

  for (const skip of new Set([declared === null ? 0 : 1, ...sources.map((source) => source.commentRows.length)])) {
    for (const dialect of dialects) {
      const scanner = below(skip, dialect);
      const found = firstRow(scanner, units, head.isWhole);
      if (found === null) continue;
      const header = cellsOf(slice, scanner, found.starts, dialect);
      const { end, line } = scanner;
      yield format(dialect, scanner, { header, start: found.at, end, line });
    }
  }
  for (const source of sources) {
    if (source.header || !dialects.includes(source)) continue;
    const scanner = below(source.commentRows.length, source);
    const { end, line } = scanner;
    if (firstRow(scanner, units, head.isWhole) === null) continue;
    yield format(source, scanner, { header: null, start: end, end, line });
  }
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
