// Reading a text as a value of a type: undefined if it is not of it.

import { readDate, readDatetime } from './datetimes.js'

export const WHOLE_LIMIT = 2 ** 53

const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/
const INTEGER = /^([+-]?)0*([0-9]{1,16})(?:\.0*)?$/

/** Whether a UTF-16 unit has the Unicode property White_Space; String.trim takes U+FEFF as well. */
function isSpace(unit) {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d)
  return unit === 0x85 || unit === 0xa0 || unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 || unit === 0x2029 || unit === 0x202f || unit === 0x205f || unit === 0x3000
}

export function trim(text) {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function readNumber(text) {
  if (!NUMBER.test(text)) return
  const value = Number(text)
  // Minus zero becomes zero: they are the same value in a row that is a copy.
  return Number.isFinite(value) ? value + 0 : undefined
}

function readInteger(text) {
  const parts = INTEGER.exec(text)
  if (!parts) return
  const size = BigInt(parts[2])
  if (size > WHOLE_LIMIT) return
  return Number(parts[1] === '-' ? -size : size)
}

/** Return the function that reads trimmed texts, which do not mean missing, for a field. */
export function reader({ type, trueValues, falseValues, localize }) {
  switch (type) {
    case 'number': return readNumber
    case 'integer': return readInteger
    case 'boolean': return text => (trueValues.has(text) ? true : falseValues.has(text) ? false : undefined)
    case 'date': return readDate
    case 'datetime': return text => readDatetime(text, localize)
    default: return text => text
  }
}
