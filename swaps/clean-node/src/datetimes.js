// Dates as days since 1970, datetimes as microseconds since 1970 in UTC; undefined for what is neither.

const DAY_MS = 86_400_000
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const DATETIME = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?( ?(?:Z|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?))?)?$/

const FIRST_DAY = -719_162
const LAST_DAY = 2_932_896
const FIRST_MICRO = BigInt(FIRST_DAY) * 86_400_000_000n
const LAST_MICRO = BigInt(LAST_DAY + 1) * 86_400_000_000n - 1n

export function readDate(text) {
  const parts = DATE.exec(text)
  if (!parts) return
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const read = new Date(0)
  read.setUTCFullYear(year, month - 1, day)
  // 30 February would have become March.
  if (year < 1 || read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day) return
  return read.getTime() / DAY_MS
}

/** `localize` turns the milliseconds that clocks show into UTC. */
export function readDatetime(text, localize) {
  const parts = DATETIME.exec(text)
  const day = parts && readDate(parts[1])
  if (day == null) return
  const [, , hour = 0, minute = 0, second = 0, fraction = '', zone, sign, hours = 0, minutes = 0] = parts
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6))
  const clock = day * DAY_MS + (hour * 3600 + minute * 60 + Number(second)) * 1000
  const offset = (hours * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000)
  const utc = zone === undefined ? localize(clock) : clock - offset
  return utc === undefined ? undefined : plausibleMicros(BigInt(utc) * 1000n + BigInt(micros))
}

/** Return timestamps of a typed source that clocks show as instants. */
export function localizeMicros(micros, localize) {
  const second = micros - ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const utc = localize(Number(second / 1000n))
  return utc === undefined ? undefined : BigInt(utc) * 1000n + (micros - second)
}

export const plausibleMicros = micros => (micros >= FIRST_MICRO && micros <= LAST_MICRO ? micros : undefined)
export const plausibleDay = day => (day >= FIRST_DAY && day <= LAST_DAY ? day : undefined)

export const showDate = day => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** Return RFC 3339, with microseconds only where there are some. */
export function showDatetime(micros) {
  const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const text = new Date(Number((micros - part) / 1000n)).toISOString().slice(0, 19)
  return part ? `${text}.${String(part).padStart(6, '0')}Z` : `${text}Z`
}

