// Dates and datetimes: every value is a BigInt of microseconds since 1970 in UTC; undefined is none.

import { SPACES } from './text.js';

const ISO_DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const ISO_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$/;
const FIRST = -62135596800000000n; // 0001-01-01
const LAST = 253402300799999999n; // the end of 9999

export function zone(name) {
  if (name === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  // Seconds that local time is ahead of UTC. Before 1800 every zone has its first offset.
  return (seconds) => {
    const instant = Math.max(seconds, -5364662400) * 1000;
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    return (Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - instant) / 1000;
  };
}

// Local time to UTC: the first of two hours, undefined in an hour that does not exist.
function toUtc(local, ahead) {
  const offsets = [-86400, 0, 86400].map((shift) => ahead(local + shift));
  const instants = offsets.map((offset) => local - offset).filter((instant) => ahead(instant) === local - instant);
  return instants.length ? Math.min(...instants) : undefined;
}

function midnight(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = year >= 1 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return real ? date.getTime() / 1000 : undefined;
}

function offsetOf(text) {
  if (text === 'Z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (text[0] === '-' ? -60 : 60) * (60 * hours + minutes);
}

function micros({ year, month, day, hour = 0, minute = 0, second = 0, fraction = '', offset }, ahead) {
  const start = midnight(year, month, day);
  if (start === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const local = start + 3600 * hour + 60 * minute + second;
  const shift = offset && offsetOf(offset);
  if (offset && shift === undefined) return undefined;
  const utc = offset ? local - shift : toUtc(local, ahead);
  if (utc === undefined) return undefined;
  const result = BigInt(utc) * 1000000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
  return result >= FIRST && result <= LAST ? result : undefined;
}

export function isoDate(text) {
  const match = ISO_DATE.exec(text);
  return match ? micros({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }, () => 0) : undefined;
}

export function isoTime(text, ahead) {
  const match = ISO_TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => (digits === undefined ? undefined : Number(digits)));
  return micros({ year, month, day, hour, minute, second, fraction: match[7], offset: match[8] }, ahead);
}

// Dates in another order

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const SHORT = MONTHS.map((month) => month.slice(0, 3));
const anyCase = (words) => words.map((word) => word.replace(/[a-z]/gi, (c) => `[${c.toUpperCase()}${c.toLowerCase()}]`)).join('|');
const DIGITS = { d: 1, m: 1, H: 1, I: 1, M: 1, S: 1, Y: 4, y: 2, f: 9 };
const NAMES = { b: anyCase(SHORT), B: anyCase(MONTHS), p: '[AaPp][Mm]' };

// The parts of a format: directives as {directive}, everything else as {literal}.
function partsOf(format) {
  return Array.from(format.matchAll(/%(.?)|[^%]/gsu), ([text, directive]) => {
    if (directive === undefined || directive === '%') return { literal: directive ?? text };
    if (!(directive in DIGITS) && !(directive in NAMES) && directive !== 'z') throw new Error(`format: ${text} is not a directive`);
    return { directive };
  });
}

function refuseNonsense(type, parts) {
  const given = parts.flatMap(({ directive }) => directive ?? []);
  const has = (...directives) => given.filter((directive) => directives.includes(directive)).length;
  const right =
    new Set(given).size === given.length && has('d') === 1 && has('m', 'b', 'B') === 1 && has('Y', 'y') === 1 &&
    (type === 'datetime' || given.length === 3) && has('H', 'I') <= 1 && has('I') === has('p') &&
    (has('H', 'I') || !has('M', 'z')) && (has('M') || !has('S')) && (has('S') || !has('f'));
  if (!right) throw new Error('format: its directives make no moment');
  for (const { literal } of parts)
    if (literal !== undefined && literal !== ' ' && new RegExp(`[0-9${SPACES}]`).test(literal)) throw new Error('format: a digit or white space in it');
}

// A reader of the texts of a format.
export function formatReader(format, type, ahead) {
  const parts = partsOf(format);
  refuseNonsense(type, parts);
  const numeric = (part) => part?.directive in DIGITS;
  const source = parts.map((part, i) => {
    const { directive, literal } = part;
    if (literal === ' ') return `[${SPACES}]+`;
    if (literal !== undefined) return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    if (directive in NAMES) return `(?<${directive}>${NAMES[directive]})`;
    if (directive === 'z') return '(?<z>Z|[+-][0-9]{2}(?::?[0-9]{2})?)';
    const most = DIGITS[directive];
    if (directive === 'f') return '(?<f>[0-9]{1,9})';
    const alone = most === 1 && !numeric(parts[i - 1]) && !numeric(parts[i + 1]);
    return `(?<${directive}>[0-9]${alone ? '{1,2}' : `{${Math.max(2, most)}}`})`;
  });
  const pattern = new RegExp(`^${source.join('')}$`);
  const read = (text, zoneOfText) => {
    const found = pattern.exec(text)?.groups;
    if (!found) return undefined;
    let hour = Number(found.H ?? found.I ?? 0);
    if (found.I && (hour < 1 || hour > 12)) return undefined;
    if (found.I) hour = (hour % 12) + (found.p[0].toLowerCase() === 'p' ? 12 : 0);
    const named = (words, name) => words.findIndex((word) => word.toLowerCase() === name.toLowerCase()) + 1;
    const month = found.b ? named(SHORT, found.b) : found.B ? named(MONTHS, found.B) : Number(found.m);
    const short = Number(found.y);
    const year = found.Y ? Number(found.Y) : short + (short >= 69 ? 1900 : 2000);
    return micros(
      { year, month, day: Number(found.d), hour, minute: Number(found.M ?? 0), second: Number(found.S ?? 0), fraction: found.f, offset: found.z },
      zoneOfText,
    );
  };
  const iso = type === 'date' ? isoDate : isoTime;
  for (const text of samples(parts)) {
    const first = iso(text, () => 0);
    const second = read(text, () => 0);
    if (first !== undefined && second !== undefined && first !== second) throw new Error(`format: ISO 8601 reads ${text} as another time`);
  }
  return (text) => read(text, ahead);
}

// Texts of a format, in a fixed order that looks random.
function* samples(parts) {
  let seed = 1;
  const pick = (least, most) => {
    seed = (seed * 48271) % 2147483647;
    return least + (seed % (most - least + 1));
  };
  const two = (number) => String(number).padStart(2, '0');
  const make = {
    d: () => two(pick(1, 28)), m: () => two(pick(1, 12)), H: () => two(pick(0, 23)), I: () => two(pick(1, 12)),
    M: () => two(pick(0, 23)), S: () => two(pick(0, 23)), Y: () => `20${two(pick(1, 12))}`, y: () => two(pick(1, 12)),
    b: () => SHORT[pick(0, 11)], B: () => MONTHS[pick(0, 11)], p: () => ['AM', 'PM'][pick(0, 1)],
    f: () => String(pick(1, 59)), z: () => ['Z', '+01', '-0130', '+02:00'][pick(0, 3)],
  };
  for (let i = 0; i < 2000; i++) yield parts.map(({ directive, literal }) => literal ?? make[directive]()).join('');
}
