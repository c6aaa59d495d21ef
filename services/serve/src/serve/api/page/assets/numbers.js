// Numbers as the page shows them.

const DIGITS = 6;
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0, useGrouping: "min2" });
const SMALLEST_PLAIN = 1e-4;
const LARGEST_PLAIN = 1e15;
const SHARE = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

/** Return a number with some significant digits, and with all before the point. */
export function shown(number, digits = DIGITS) {
  if (number === null || !Number.isFinite(number)) return "not a number";
  const size = Math.abs(number);
  const isPlain = size === 0 || (size >= SMALLEST_PLAIN && size < LARGEST_PLAIN);
  if (!isPlain) return String(Number(number.toPrecision(digits)));
  return size < 10 ** digits ? shortened(number, digits) : WHOLE.format(number);
}

function shortened(number, digits) {
  return number.toLocaleString("en", { maximumSignificantDigits: digits, useGrouping: "min2" });
}

/** Return a share as a percentage. */
export function share(number) {
  if (number > 0 && number < 0.001) return "< 0.1 %";
  if (number < 1 && number > 0.999) return "> 99.9 %";
  return SHARE.format(number).replace("%", " %");
}

/** Return about `count` round numbers between two numbers. */
export function ticks(low, high, count = 5) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = power * [1, 2, 5, 10].find((factor) => span / (power * factor) <= count);
  const found = [];
  for (let number = Math.ceil(low / step); number * step <= high + step * 1e-9; number += 1) {
    found.push(Number((number * step).toPrecision(12)));
  }
  return found;
}

/** Return an integer with separators of thousands. */
export function grouped(number) {
  return number.toLocaleString("en");
}
