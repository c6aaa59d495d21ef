// JSON as a request needs it: objects become Maps, integers that a double cannot hold become BigInts, and NaN may be read.

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const BLANKS = /[ \t\r\n]*/y;
const WORDS = [['null', null], ['true', true], ['false', false], ['NaN', NaN]];
const DEEPEST = 64;
// A Map takes 200 bytes, which a body of empty objects would multiply by millions.
const MOST_OBJECTS = 250_000;
const MOST_VALUES = 4_000_000;

export function parseJson(text, { mayHoldNaN = true } = {}) {
  let at = 0;
  let objects = 0;
  let values = 0;

  function fail(expected) {
    throw new SyntaxError(`expected ${expected} at character ${at + 1}`);
  }

  function blanks() {
    BLANKS.lastIndex = at;
    BLANKS.test(text);
    at = BLANKS.lastIndex;
    return text[at];
  }

  function string() {
    let end = at;
    for (;;) {
      end = text.indexOf('"', end + 1);
      if (end < 0) fail('the end of a text');
      let slashes = 0;
      while (text[end - 1 - slashes] === '\\') slashes++;
      if (slashes % 2 === 0) break;
    }
    const value = JSON.parse(text.slice(at, end + 1));
    at = end + 1;
    return value;
  }

  function number() {
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(text);
    if (!match) fail('a value');
    at = NUMBER.lastIndex;
    const value = Number(match[0]);
    return match[1] || match[2] || Number.isSafeInteger(value) ? value : BigInt(match[0]);
  }

  function list(close, item) {
    at++;
    if (blanks() === close) at++;
    else
      for (;;) {
        item();
        const next = blanks();
        at++;
        if (next === close) break;
        if (next !== ',') fail(`, or ${close}`);
        blanks();
      }
  }

  function value(depth) {
    if (depth > DEEPEST) fail('fewer levels');
    if (++values > MOST_VALUES) fail(`${MOST_VALUES} values at most`);
    const first = blanks();
    if (first === '"') return string();
    if (first === '[') {
      const items = [];
      list(']', () => items.push(value(depth + 1)));
      return items;
    }
    if (first === '{') {
      if (++objects > MOST_OBJECTS) fail(`${MOST_OBJECTS} objects at most`);
      const members = new Map();
      list('}', () => {
        if (text[at] !== '"') fail('a name');
        const name = string();
        if (blanks() !== ':') fail(':');
        at++;
        members.set(name, value(depth + 1));
      });
      return members;
    }
    for (const [word, meaning] of WORDS)
      if (text.startsWith(word, at)) {
        if (Number.isNaN(meaning) && !mayHoldNaN) fail('a value');
        at += word.length;
        return meaning;
      }
    return number();
  }

  const result = value(0);
  if (blanks() !== undefined) fail('the end');
  return result;
}
