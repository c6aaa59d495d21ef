// Values of a row: texts as they were typed, and the JSON that is sent. No digit is lost.

const NUMBER = /^([+\-−]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))([eE][+-]?\d+)?$/u;
const INTEGER = /^\+?(-?)0*(?=\d)(\d+)(?:\.0*)?$/u;
const DATETIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/u;
const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];
const FIRST_YEAR = 100; // Date.UTC takes earlier years for years of the 20th century.

/** Return the JSON number for a number such as `.50`, digit by digit; null for other texts. */
export function numberText(text) {
  const match = NUMBER.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = "0", behind = "", alone, exponent = ""] = match;
  const digits = whole.replace(/^0+(?=\d)/u, "");
  const fraction = alone ?? behind;
  const minus = sign === "" || sign === "+" ? "" : "-";
  return `${minus}${digits}${fraction && `.${fraction}`}${exponent}`;
}

/** Return the JSON of a cell; null is missing. What is not a number is sent as text, and judged. */
export function cellText(field, text) {
  if (text === null) return "null";
  if (field.type === "boolean" && ["true", "false"].includes(text)) return text;
  const isNumber = field.type === "number" || field.type === "integer";
  return (isNumber ? numberText(text) : null) ?? JSON.stringify(text);
}

/** Return the JSON of a row; `values` has texts by column. */
export function rowText(fields, values) {
  const cells = fields.map(
    (field) => `${JSON.stringify(field.name)}: ${cellText(field, values.get(field.name))}`,
  );
  return `{${cells.join(", ")}}`;
}

/** Return the JSON body of a request. */
export function bodyText(rows) {
  return `{"rows": [${rows.join(", ")}]}`;
}

/** Return a JSON value as text; null is missing. */
export function textOf(value) {
  return value === null || value === undefined || value === "" ? null : String(value);
}

/** Return whether the API takes a text for missing. */
export function meansMissing(form, field, text) {
  return text.trim() === "" || (field.missingValues ?? form.missingValues).includes(text.trim());
}

/** Return the texts that a column is known to have, the most frequent first. */
export function knownTexts(field) {
  if (field.type === "boolean") return ["true", "false"];
  if (field.constraints?.enum) return field.constraints.enum.map(String);
  return (field.observed?.categories ?? []).map((category) => category.value);
}

/** Return whether the values of a column have an order, instead of being categories. */
export function isOrdered(field) {
  return knownTexts(field).length === 0;
}

/** Return a text as the number by which it is drawn: NaN if it has none. */
export function drawnNumber(form, field, text) {
  if (text === null) return NaN;
  if (field.type === "date") return secondsOf(text, "UTC");
  if (field.type === "datetime") return secondsOf(text, form.timezone);
  if (field.type !== "number" && field.type !== "integer") return NaN;
  return (
    Number(numberText(text) ?? numberText(withoutFormat(field, text)) ?? NaN) * scaleOf(field, text)
  );
}

function scaleOf(field, text) {
  return field.percent && text.trim().endsWith("%") ? 0.01 : 1;
}

/** Return a number in the format of its column, such as `$ 1,234.50`, as a plain one. */
function withoutFormat(field, text) {
  let plain = text.replaceAll(/\s/gu, "");
  for (const affix of field.affixes ?? []) plain = plain.replace(affix.replaceAll(/\s/gu, ""), "");
  if (field.percent) plain = plain.replace("%", "");
  if (field.groupChar) plain = plain.replaceAll(field.groupChar, "").replaceAll("’", "");
  return plain.replace(field.decimalChar ?? ".", ".");
}

/** Return the seconds since 1970 of a date or datetime; without an offset it is in the zone. */
export function secondsOf(text, zone) {
  const match = DATETIME.exec(text.trim());
  if (match === null || Number(match[1]) < FIRST_YEAR) return NaN;
  const [year, month, ...others] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const wall = Date.UTC(year, month - 1, ...others) / 1000 + Number(match[7] ?? 0);
  return wall - (match[8] ? secondsOfOffset(match[8]) : offsetAt(wall, zone));
}

/** Return a moment as the native picker of a date or datetime takes it. */
export function pickerText(field, text, zone) {
  const isDate = field.type === "date";
  const seconds = secondsOf(text, isDate ? "UTC" : zone);
  if (Number.isNaN(seconds)) return "";
  if (isDate) return isoDay(seconds);
  const wall = new Date((seconds + offsetOf(seconds, zone)) * 1000).toISOString();
  return wall.slice(0, seconds % 60 ? 19 : 16);
}

/** Return a moment as the API reads it. */
export function momentText(field, seconds) {
  if (field.type === "date") return isoDay(seconds);
  return `${new Date(Math.round(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

function isoDay(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function secondsOfOffset(text) {
  if (text === "Z") return 0;
  const digits = text.replaceAll(/[^\d]/gu, "").padEnd(4, "0");
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  return text.startsWith("-") ? -seconds : seconds;
}

function offsetAt(wall, zone) {
  return offsetOf(wall - offsetOf(wall, zone), zone);
}

/** Return the offset of a zone at a moment, in seconds. */
function offsetOf(seconds, zone) {
  const parts = Object.fromEntries(
    clockOf(zone)
      .formatToParts(seconds * 1000)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(seconds);
}

const clocks = new Map();

function clockOf(zone) {
  if (!clocks.has(zone)) {
    const numbers = ["year", "month", "day", "hour", "minute", "second"];
    const options = Object.fromEntries(numbers.map((part) => [part, "numeric"]));
    const clock = new Intl.DateTimeFormat("en-US", {
      ...options,
      timeZone: zone,
      hourCycle: "h23",
    });
    clocks.set(zone, clock);
  }
  return clocks.get(zone);
}

/** Return the share of the training rows below a number, by their quantiles. */
export function shareBelow(quantiles, number) {
  if (number <= quantiles[0]) return 0;
  for (let place = 1; place < quantiles.length; place += 1) {
    const [low, high] = [quantiles[place - 1], quantiles[place]];
    if (number > high || low === high) continue;
    const within = (number - low) / (high - low);
    return QUANTILES[place - 1] + within * (QUANTILES[place] - QUANTILES[place - 1]);
  }
  return 1;
}

/** Return in sentences how a text differs from what training had; the API accepts it. */
export function warningsOf(form, field, text) {
  if (text === null) return [];
  if (meansMissing(form, field, text)) return ["This text means missing."];
  return [
    ...rangeWarnings(form, field, text),
    ...formatWarnings(field, text),
    ...categoryWarnings(field, text),
  ];
}

function* rangeWarnings(form, field, text) {
  const { minimum, maximum } = field.observed ?? {};
  if (minimum === undefined || maximum === undefined) return;
  const number = drawnNumber(form, field, text);
  const [low, high] = [minimum, maximum].map((bound) => drawnNumber(form, field, String(bound)));
  if (number < low) yield "Below the range of training: the prediction is an extrapolation.";
  if (number > high) yield "Above the range of training: the prediction is an extrapolation.";
  if (field.percent && number > high && number / 100 <= high) {
    yield `A fraction is expected: ${number / 100} is ${number} %.`;
  }
}

function* formatWarnings(field, text) {
  // A JSON number has a decimal point, whatever the source writes.
  const isGrouped = field.groupChar === "." && /^[+\-−]?\d{1,3}(\.\d{3})+$/u.test(text.trim());
  if (isGrouped && numberText(text) !== null) {
    yield `Read with a decimal point: ${text.trim().replace(".", "")} is written without one.`;
  }
}

function* categoryWarnings(field, text) {
  const known = field.observed?.categories ?? [];
  if (!known.length || field.constraints?.enum) return;
  const cleaned = normalized(field, text);
  if (known.some((category) => category.value === cleaned)) return;
  const { distinct } = field.observed;
  if (distinct === known.length)
    yield "Training had no such category: the model treats it as unknown.";
  else yield `Not among the ${known.length} most frequent categories of training.`;
}

/** Return a text as the API normalizes it. */
function normalized(field, text) {
  let cleaned = text.trim();
  if (field.type === "integer") return INTEGER.exec(cleaned)?.slice(1).join("") ?? cleaned;
  if (field.unicode) cleaned = cleaned.normalize(field.unicode);
  if (field.case) cleaned = field.case === "lower" ? cleaned.toLowerCase() : cleaned.toUpperCase();
  if (field.unicode) cleaned = cleaned.normalize(field.unicode).trim();
  if (field.whitespace) cleaned = cleaned.replaceAll(/\p{White_Space}+/gu, " ").trim();
  return Object.hasOwn(field.synonyms ?? {}, cleaned) ? field.synonyms[cleaned] : cleaned;
}

/** Return the ends of the interval, or the outer quantiles, of a prediction; undefined without. */
export function boundsOf({ interval, quantiles }) {
  if (!quantiles) return interval;
  const numbers = Object.values(quantiles);
  return { low: numbers[0], high: numbers.at(-1) };
}
