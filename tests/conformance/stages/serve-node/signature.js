// The signature of a model: fields that the contract does not know are refused, since an ignored rule would clean differently.

import { cellReader } from './clean.js';
import { zone } from './times.js';

const text = (value) => typeof value === 'string';
const texts = (value) => Array.isArray(value) && value.every(text);
const oneOf = (...values) => (value) => values.includes(value);
const only = (...types) => (field) => types.includes(field.type);
const numeric = only('number', 'integer');
const string = only('string');
const any = () => true;
const length = (value) => Number.isInteger(value) && value >= 0;
const bound = (value) => text(value) || typeof value === 'number';

const AFFIX = /^([^0-9+\-−\s][^0-9+\-−]*)?[^0-9+\-−\s.,'’_]([^0-9+\-−]*[^0-9+\-−\s])?$/;
const affixes = (value) => texts(value) && value.length > 0 && new Set(value).size === value.length && value.every((affix) => AFFIX.test(affix));
const synonyms = (value) => isObject(value) && Object.keys(value).length > 0 && Object.entries(value).flat().every((item) => text(item) && item !== '');

const KEYS = {
  name: [(value) => text(value) && value !== '', any],
  type: [oneOf('string', 'number', 'integer', 'boolean', 'datetime', 'date'), any],
  description: [text, any],
  unit: [text, any],
  private: [oneOf(true, false), any],
  missingValues: [texts, any],
  trueValues: [texts, any],
  falseValues: [texts, any],
  unicode: [oneOf('NFC', 'NFKC'), string],
  whitespace: [oneOf('collapse'), string],
  case: [oneOf('lower', 'upper'), string],
  synonyms: [synonyms, string],
  affixes: [affixes, numeric],
  groupChar: [oneOf('.', ',', "'", '_', ' '), numeric],
  decimalChar: [oneOf('.', ','), numeric],
  percent: [oneOf(true), only('number')],
  format: [text, only('date', 'datetime')],
  constraints: [isObject, any],
  input: [isObject, any],
  observed: [isObject, any],
};

const CONSTRAINTS = {
  required: oneOf(true, false), minimum: bound, maximum: bound, exclusiveMinimum: bound, exclusiveMaximum: bound,
  minLength: length, maxLength: length, pattern: text, enum: (value) => Array.isArray(value) && value.length > 0,
};

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Throws if a field makes no sense, or has a key that this server does not know.
export function checkField(field) {
  if (!isObject(field) || !('name' in field && 'type' in field)) throw new Error('a field without name or type');
  const fail = (what) => {
    throw new Error(`field ${JSON.stringify(field.name)}: ${what}; update serve if a later contract allows it`);
  };
  for (const [key, value] of Object.entries(field)) {
    if (!Object.hasOwn(KEYS, key)) fail(`unknown key ${JSON.stringify(key)}`);
    const [right, fits] = KEYS[key];
    if (!right(value)) fail(`wrong ${key}`);
    if (!fits(field)) fail(`${key} does not go with ${field.type}`);
  }
  for (const [key, value] of Object.entries(field.constraints ?? {}))
    if (!Object.hasOwn(CONSTRAINTS, key) || !CONSTRAINTS[key](value)) fail(`unknown or wrong constraint ${JSON.stringify(key)}`);
  if (field.groupChar !== undefined && field.groupChar === (field.decimalChar ?? '.')) fail('groupChar is decimalChar');
  if (field.percent && field.affixes?.includes('%')) fail('% is an affix and means hundredths');
}

// The readers of a signature's columns, in order. Throws if a row could not be cleaned by it.
export function readersOf(signature) {
  if (!isObject(signature) || !Array.isArray(signature.fields) || !texts(signature.missingValues) || !texts(signature.ignored) || !text(signature.timezone))
    throw new Error('model.json: signature needs fields, missingValues, timezone and ignored');
  zone(signature.timezone);
  const seen = new Set();
  const readers = signature.fields.map((field) => {
    checkField(field);
    const { group, index } = field.input ?? {};
    if (!['numbers', 'strings'].includes(group) || !length(index)) throw new Error(`field ${JSON.stringify(field.name)}: input names no place in the graph`);
    for (const place of [`name ${field.name}`, `${group} ${index}`]) {
      if (seen.has(place)) throw new Error(`two fields have the ${place}`);
      seen.add(place);
    }
    return { field, read: cellReader(field, signature) };
  });
  for (const group of ['numbers', 'strings'])
    readers.filter(({ field }) => field.input.group === group).forEach((_, i) => {
      if (!seen.has(`${group} ${i}`)) throw new Error(`no field is input ${i} of ${group}`);
    });
  return readers;
}
