// Time zones: the offset at an instant, and the instant of a time that clocks show.

const DAY_MS = 86_400_000
const QUARTER_MS = 900_000
const MAX_CACHED = 100_000

/** Return whether a text is an IANA name as it is written there; Intl knows offsets and other capitals as well. */
export function isZone(name) {
  if (typeof name !== 'string' || !/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name)) return false
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

/** Return a function from local milliseconds to UTC: of an hour that happens twice the first, undefined for one that does not exist. */
export function localizer(zone) {
  if (zone === 'UTC') return local => local
  const offsetAt = offsets(zone)
  return local => {
    for (const nearby of [local - DAY_MS, local + DAY_MS]) {
      const utc = local - offsetAt(nearby)
      if (utc + offsetAt(utc) === local) return utc
    }
  }
}

/** Return a function from an instant to the zone's offset in milliseconds. */
function offsets(zone) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric'
  })
  const cache = new Map()
  return utc => {
    // Asking Intl is slow; an offset that holds at both ends of a quarter of an hour holds within.
    const quarter = Math.floor(utc / QUARTER_MS)
    if (!cache.has(quarter)) {
      if (cache.size > MAX_CACHED) cache.clear()
      const first = ask(format, quarter * QUARTER_MS)
      cache.set(quarter, first === ask(format, (quarter + 1) * QUARTER_MS - 1000) ? first : undefined)
    }
    return cache.get(quarter) ?? ask(format, Math.floor(utc / 1000) * 1000)
  }
}

function ask(format, utc) {
  const parts = Object.fromEntries(format.formatToParts(utc).map(({ type, value }) => [type, value]))
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
  const shown = new Date(0)
  shown.setUTCFullYear(year, parts.month - 1, parts.day)
  shown.setUTCHours(parts.hour, parts.minute, parts.second)
  return shown.getTime() - utc
}
