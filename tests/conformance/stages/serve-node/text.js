// White space, cases and names, as the contract defines them.

export const SPACES = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[${SPACES}]`);
const RUN = new RegExp(`[${SPACES}]+`, 'g');

export function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start])) start++;
  while (end > start && SPACE.test(text[end - 1])) end--;
  return text.slice(start, end);
}

// Code points whose full upper case has several characters, but whose simple one has one: Greek with an iota below.
const IOTA = new Map([[0x1fb3, 0x1fbc], [0x1fc3, 0x1fcc], [0x1ff3, 0x1ffc]]);
for (const row of [0x1f80, 0x1f90, 0x1fa0]) for (let i = row; i < row + 8; i++) IOTA.set(i, i + 8);

function simpleCase(character, to) {
  if (to === 'lower') return character === 'İ' ? 'i' : character.toLowerCase();
  const code = character.codePointAt(0);
  if (IOTA.has(code)) return String.fromCodePoint(IOTA.get(code));
  const upper = character.toUpperCase();
  return [...upper].length === 1 ? upper : character;
}

// Steps 3.1 to 3.4 of cleaning one cell: the keys of a string field, in their order.
export function normalizer({ unicode, case: to, whitespace, synonyms }) {
  const replacement = new Map(Object.entries(synonyms ?? {}));
  return (text) => {
    if (unicode) text = text.normalize(unicode);
    if (to) {
      text = Array.from(text, (character) => simpleCase(character, to)).join('');
      if (unicode) text = text.normalize(unicode);
    }
    if (whitespace) text = text.replace(RUN, ' ');
    if (unicode || whitespace) text = trim(text);
    return replacement.get(text) ?? text;
  };
}

// The candidate that is nearest to a name, if one is near.
export function nearest(name, candidates) {
  let best;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  if (name.length > 100) return best;
  for (const candidate of candidates) {
    const distance = edits(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function edits(a, b) {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] !== b[j - 1]));
    above = row;
  }
  return above[b.length];
}

// Text of others in a log: no control character, line break or direction mark.
export function escaped(text) {
  return String(text).replace(/[\p{C}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}
