// Cleaning one row: contract/reference/cleaning-one-row.md.

import { RE2JS } from 're2js';
import { normalizer, SPACES, trim } from './text.js';
import { formatReader, isoDate, isoTime, zone } from './times.js';

const LARGEST = 2 ** 53;
const NUMBER = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const INTEGER = /^[+-]?[0-9]+(\.0*)?$/;
const WORDS = { trueValues: ['true', 'True', 'TRUE'], falseValues: ['false', 'False', 'FALSE'] };
const AS_PEOPLE_WRITE = ['affixes', 'groupChar', 'decimalChar', 'percent'];

// What the error of a row says of a cell.
export class CellError extends Error {}

const finite = (value) => (Number.isFinite(value) ? value : undefined);
const within = (value) => (Math.abs(value) <= LARGEST ? value : undefined);

function integerOf(text) {
  const whole = BigInt(text.replace(/^\+/, '').replace(/\..*$/, ''));
  return whole >= -BigInt(LARGEST) && whole <= BigInt(LARGEST) ? Number(whole) : undefined;
}

function plainNumber(text, type) {
  if (type === 'integer') return INTEGER.test(text) ? integerOf(text) : undefined;
  return NUMBER.test(text) ? finite(Number(text)) : undefined;
}

// [sign] [affix] [sign] digits [%] [affix]
function numberReader({ type, affixes = [], groupChar, decimalChar = '.', percent }) {
  const literal = (text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const longest = [...affixes].sort((a, b) => b.length - a.length).map(literal).join('|');
  const point = literal(decimalChar);
  const group = { ' ': '[ \\xa0\\u2009\\u202f]', "'": "['\\u2019]" }[groupChar] ?? (groupChar && literal(groupChar));
  const whole = group ? `[1-9][0-9]{0,2}(?:${group}[0-9]{3})+|[0-9]+` : '[0-9]+';
  const tail = type === 'integer' ? `(?:${point}0*)?` : `(?:${point}[0-9]*)?`;
  const digits = type === 'integer' ? `(?:${whole})${tail}` : `(?:(?:${whole})${tail}|${point}[0-9]+)${percent ? '' : '(?:[eE][+-]?[0-9]+)?'}`;
  const before = longest ? `(?:(?:${longest})[${SPACES}]*)?` : '';
  const after = longest ? `(?:[${SPACES}]*(?:${longest}))?` : '';
  const pattern = new RegExp(`^(?<first>[-+−])?${before}(?<second>[-+−])?(?<digits>${digits})${percent ? `[${SPACES}]*%` : ''}${after}$`);
  const groups = group && new RegExp(group, 'g');
  return (text) => {
    const match = pattern.exec(text)?.groups;
    if (!match || (match.first && match.second)) return undefined;
    const sign = (match.first ?? match.second ?? '+') === '+' ? '' : '-';
    const ungrouped = groups ? match.digits.replace(groups, '') : match.digits;
    const plain = sign + ungrouped.replace(decimalChar, '.') + (percent ? 'e-2' : '');
    return type === 'integer' ? integerOf(plain) : finite(Number(plain));
  };
}

// text → value or undefined, as the table of types says.
function textReader(field, ahead) {
  const { type, format } = field;
  if (type === 'string') return (text) => text;
  if (type === 'boolean') {
    const words = { ...WORDS, ...(field.trueValues && { trueValues: field.trueValues }), ...(field.falseValues && { falseValues: field.falseValues }) };
    return (text) => (words.trueValues.includes(text) ? true : words.falseValues.includes(text) ? false : undefined);
  }
  if (type === 'date' || type === 'datetime') {
    const iso = type === 'date' ? isoDate : (text) => isoTime(text, ahead);
    const other = format === undefined ? () => undefined : formatReader(format, type, ahead);
    return (text) => iso(text) ?? other(text);
  }
  if (AS_PEOPLE_WRITE.some((key) => key in field)) return numberReader(field);
  return (text) => plainNumber(text, type);
}

// A value of JSON that is not a text.
function typedReader({ type }) {
  if (type === 'number') return (cell) => (typeof cell === 'number' || typeof cell === 'bigint' ? finite(Number(cell)) : undefined);
  if (type === 'integer')
    return (cell) => {
      if (typeof cell === 'bigint') return cell >= -BigInt(LARGEST) && cell <= BigInt(LARGEST) ? Number(cell) : undefined;
      return Number.isInteger(cell) ? within(cell) : undefined;
    };
  if (type === 'boolean') return (cell) => (typeof cell === 'boolean' ? cell : undefined);
  return () => undefined;
}

const EXPECTED = {
  string: 'a text', number: 'a finite number', integer: 'an integer within ±2⁵³', boolean: 'true or false', date: 'a date, YYYY-MM-DD', datetime: 'a datetime, as in RFC 3339',
};

const BOUNDS = {
  minimum: [(value, bound) => value >= bound, 'at least'],
  maximum: [(value, bound) => value <= bound, 'at most'],
  exclusiveMinimum: [(value, bound) => value > bound, 'more than'],
  exclusiveMaximum: [(value, bound) => value < bound, 'less than'],
};

// Constraints as [test, expectation]; a bound is read by the rules of its type.
function constraintTests(field, ahead) {
  const { type, constraints = {}, private: secret } = field;
  const comparable = ['number', 'integer', 'date', 'datetime'].includes(type);
  const plain = type === 'string' || type === 'boolean' ? textReader(field, ahead) : { date: isoDate, datetime: (text) => isoTime(text, ahead) }[type] ?? ((text) => plainNumber(text, 'number'));
  const typed = typedReader({ type: type === 'integer' ? 'number' : type });
  const valueOf = (bound) => {
    const value = typeof bound === 'string' ? plain(bound) : typed(bound);
    if (value === undefined) throw new Error(`constraints: ${JSON.stringify(bound)} is no ${type}`);
    return value;
  };
  const tests = [];
  for (const [name, [holds, words]] of Object.entries(BOUNDS)) {
    if (!(name in constraints)) continue;
    if (!comparable) throw new Error(`constraints: ${name} of a ${type}`);
    const bound = valueOf(constraints[name]);
    tests.push([(value) => holds(value, bound), `${words} ${constraints[name]}`]);
  }
  if ('enum' in constraints) {
    const allowed = new Set(constraints.enum.map(valueOf));
    const shown = constraints.enum.slice(0, 20).map((item) => JSON.stringify(item)).join(', ');
    tests.push([(value) => allowed.has(value), secret ? 'one of the allowed values' : `one of ${shown}`]);
  }
  const { minLength, maxLength, pattern } = constraints;
  if (type !== 'string' && (minLength ?? maxLength ?? pattern) !== undefined) throw new Error(`constraints: a length or pattern of a ${type}`);
  if (minLength !== undefined) tests.push([(text) => [...text].length >= minLength, `at least ${minLength} characters`]);
  if (maxLength !== undefined) tests.push([(text) => [...text].length <= maxLength, `at most ${maxLength} characters`]);
  if (pattern !== undefined) {
    const expression = RE2JS.compile(pattern);
    tests.push([(text) => expression.matches(text), `a text of the pattern ${pattern}`]);
  }
  return tests;
}

// A reader of a field's cells. `written` cells are texts of a CSV; others are values of JSON. null is missing.
export function cellReader(field, { missingValues, timezone }) {
  const ahead = zone(timezone);
  const missing = new Set(field.missingValues ?? missingValues);
  const isMissing = (text) => text === '' || missing.has(text);
  const normalize = field.type === 'string' ? normalizer(field) : (text) => text;
  const fromText = textReader(field, ahead);
  const fromTyped = typedReader(field);
  const readsJsonTexts = !['number', 'integer'].includes(field.type) || AS_PEOPLE_WRITE.some((key) => key in field);
  const tests = constraintTests(field, ahead);
  const required = field.constraints?.required === true;

  function valueOf(cell, written) {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return null;
    if (typeof cell !== 'string') return fromTyped(cell);
    const text = trim(cell);
    if (isMissing(text)) return null;
    if (!written && !readsJsonTexts) return undefined;
    const normal = normalize(text);
    if (normal !== text && isMissing(normal)) return null;
    return fromText(normal);
  }

  return (cell, { written = false, constrained = true } = {}) => {
    const value = valueOf(cell, written);
    if (value === undefined) throw new CellError(EXPECTED[field.type] + (field.format ? ` or in the format ${field.format}` : ''));
    if (!constrained) return value;
    if (value === null) {
      if (required) throw new CellError(`${EXPECTED[field.type]}: this column is required`);
      return value;
    }
    for (const [holds, expected] of tests) if (!holds(value)) throw new CellError(expected);
    return value;
  };
}

// A value as the graph takes it.
export function graphValue(value, { type, input }) {
  if (input.group === 'strings') return value === null ? '' : String(value);
  if (value === null) return NaN;
  return type === 'date' || type === 'datetime' ? Number(value) / 1e6 : Number(value);
}
