// The types of a Parquet column: the contract's, and how its cells come out.

import { contractError } from './errors.js'

const TIME_UNITS = { TIMESTAMP_MILLIS: 'MILLIS', TIMESTAMP_MICROS: 'MICROS' }
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Return the contract's type for a column of a source. */
export function nativeType({ name, type, converted_type: converted, logical_type: logical }, place) {
  const annotation = logical?.type ?? converted
  if (annotation === 'STRING' || annotation === 'UTF8' || annotation === 'NULL') return 'string'
  if (annotation === 'DECIMAL') return 'number'
  if (annotation === 'DATE') return 'date'
  if (annotation === 'TIMESTAMP' || annotation in TIME_UNITS || type === 'INT96') return 'datetime'
  if (annotation === undefined || annotation === 'FLOAT16' || /^U?INT(EGER|_)/.test(annotation)) {
    if (type === 'BOOLEAN') return 'boolean'
    if (type === 'FLOAT' || type === 'DOUBLE' || annotation === 'FLOAT16') return 'number'
    if (type === 'INT32' || type === 'INT64') return 'integer'
  }
  throw contractError(`${place}: column '${name}' is ${annotation ?? type}; expected texts, numbers, booleans, dates or timestamps, so convert or drop it in the source`)
}

/** Return what else has to be known to read a column: a decimal's scale, and whether clocks showed its timestamps. */
export function repair({ type, converted_type: converted, logical_type: logical, scale }) {
  if ((logical?.type ?? converted) === 'DECIMAL') return { scale: scale ?? 0 }
  if (type === 'INT96') return { isLocal: true }
  return logical?.type === 'TIMESTAMP' ? { isLocal: !logical.isAdjustedToUTC } : {}
}

/** hyparquet multiplies a decimal's digits, which leaves 1.1 a little beside 1.1. */
export const isDecimal = column => column.scale !== undefined

/** Return hyparquet's parsers: JavaScript's own dates end at milliseconds, and its decoder drops a byte order mark. */
export function parsers({ name, isLocal = false }) {
  return {
    timestampFromMilliseconds: millis => ({ micros: millis * 1000n, isLocal }),
    timestampFromMicroseconds: micros => ({ micros, isLocal }),
    timestampFromNanoseconds: nanos => ({ micros: (nanos - ((nanos % 1000n) + 1000n) % 1000n) / 1000n, isLocal }),
    dateFromDays: days => days,
    stringFromBytes: bytes => bytes && decodeText(bytes, name)
  }
}

function decodeText(bytes, name) {
  try {
    return decoder.decode(bytes)
  } catch {
    throw contractError(`column '${name}': a text is not UTF-8, as Parquet's strings are; run the stage that wrote it again`)
  }
}
