// Tables as CSV: in the form of the source, or RFC 4180 in UTF-8.

import { trim } from './text.js';

const KNOWN_KEYS = ['delimiter', 'quoteChar', 'escapeChar', 'header', 'commentRows'];
const RFC_4180 = { encoding: 'utf-8', dialect: { delimiter: ',' }, renamed: [] };

export class CsvError extends Error {}

// The records of a text, each a list of cells.
export function* records(text, { delimiter, quoteChar = '"', escapeChar = '' }) {
  const special = new RegExp(`[\\r\\n${[delimiter, quoteChar, escapeChar].filter(Boolean).map((c) => `\\u{${c.codePointAt(0).toString(16)}}`).join('')}]`, 'gu');
  let record = [];
  let cell = '';
  let at = 0;
  let quoted = false;
  let empty = true; // nothing of this record has been read
  const find = () => {
    special.lastIndex = at;
    return special.exec(text)?.index ?? text.length;
  };
  for (;;) {
    const next = find();
    if (next > at) empty = false;
    cell += text.slice(at, next);
    at = next;
    const character = text[at];
    if (character === undefined) {
      if (quoted) throw new CsvError('a quote is never closed');
      if (!empty) yield [...record, cell];
      return;
    }
    at++;
    if (character === escapeChar && at < text.length) {
      empty = false;
      cell += text[at++];
    } else if (quoted) {
      if (character !== quoteChar) cell += character;
      else if (text[at] === quoteChar) cell += text[at++];
      else quoted = false;
    } else if (character === quoteChar && cell === '') {
      quoted = true;
      empty = false;
    } else if (character === delimiter) {
      record.push(cell);
      cell = '';
      empty = false;
    } else if (character === '\r' || character === '\n') {
      if (character === '\r' && text[at] === '\n') at++;
      yield empty ? [] : [...record, cell];
      [record, cell, empty] = [[], '', true];
    } else cell += character;
  }
}

// The columns that the cells of a header mean; null for a cell that means none, or one that is taken.
export function columnsOf(header, names, renamed) {
  const written = (text) => {
    const later = renamed.filter((column) => trim(column.written) === text).sort((a, b) => a.position - b.position).map(({ name }) => name);
    const first = names.has(text) && !renamed.some(({ name }) => name === text) ? [text] : [];
    return [...first, ...later];
  };
  const trimmed = header.map(trim);
  const count = (text) => trimmed.filter((cell) => cell === text).length;
  const byPandas = new Map();
  for (const { position, written: text, name } of renamed) {
    if (trim(text) === '') byPandas.set(`Unnamed: ${position - 1}`, name);
    else byPandas.set(`${trim(text)}.${written(trim(text)).indexOf(name)}`, name);
  }
  const taken = new Set();
  return header.map((cell, i) => {
    const text = trimmed[i];
    const sources = written(text);
    const nth = trimmed.slice(0, i).filter((other) => other === text).length;
    const candidates = [cell, sources.length === count(text) ? sources[nth] : undefined, text, byPandas.get(text)];
    const column = candidates.find((name) => name !== undefined && names.has(name) && !taken.has(name)) ?? null;
    if (column !== null) taken.add(column);
    return column;
  });
}

// The forms that the sources of a model may have; the last two fit every model.
function formsOf(lineage) {
  const forms = lineage.filter((entry) => entry.dialect && Object.keys(entry.dialect).every((key) => KNOWN_KEYS.includes(key)));
  const form = ({ encoding = 'utf-8', dialect, renamed = [] }) => ({ encoding, dialect, renamed });
  const source = forms.map(form);
  const withoutComments = source.filter(({ dialect }) => dialect.commentRows?.length).map((f) => ({ ...f, dialect: { ...f.dialect, commentRows: [] } }));
  const withHeader = source.filter(({ dialect }) => dialect.header === false).map((f) => ({ ...f, dialect: { ...f.dialect, header: true } }));
  return [...withHeader, ...source, ...withoutComments, { ...RFC_4180, renamed: source[0]?.renamed ?? [] }];
}

function decode(body, encoding) {
  try {
    return new TextDecoder(encoding.replace(/^utf[-_]8[-_]sig$/i, 'utf-8').replace(/_/g, '-'), { fatal: true }).decode(body);
  } catch {
    return undefined; // other bytes, or an encoding that is not known here
  }
}

// The columns and rows of a body. Where several forms are possible, the header decides.
export function readTable(body, names, lineage) {
  let best;
  for (const { encoding, dialect, renamed } of formsOf(lineage)) {
    let text = decode(body, encoding);
    if (text === undefined) continue;
    const skipped = Math.max(0, ...(dialect.commentRows ?? []));
    for (let i = 0; i < skipped; i++) text = text.slice(text.search(/\n|$/) + 1);
    const table = records(text, dialect);
    const first = nextRecord(table);
    if (!first) continue;
    const header = dialect.header === false ? first.map((_, i) => `column_${i + 1}`) : first;
    const columns = columnsOf(header, names, renamed);
    const unknown = columns.filter((column) => column === null).length;
    if (!best || unknown < best.unknown) best = { unknown, header, columns, text, dialect, first };
  }
  if (!best) throw new CsvError('no table with a header in UTF-8');
  const rows = [...records(best.text, best.dialect)].map((row) => (row.length === 0 && best.header.length === 1 ? [''] : row)).filter((row) => row.length > 0);
  return { header: best.header, columns: best.columns, rows: best.dialect.header === false ? rows : rows.slice(1) };
}

function nextRecord(table) {
  try {
    for (const record of table) if (record.length > 0) return record;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  return undefined;
}

// RFC 4180.
export function writeTable(rows) {
  const quote = (cell) => (/[",\r\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell));
  return rows.map((row) => `${row.map(quote).join(',')}\r\n`).join('');
}
