// profile.json: what stands in each column of the cleaned table.

import { showDate, showDatetime } from './datetimes.js'

/** Distinct values are counted exactly up to here, which bounds the memory of a column. */
const MAX_DISTINCT = 10_000
/** So many of the most frequent texts are shown. */
const FREQUENT = 20

const SHOW = { date: showDate, datetime: showDatetime }

export class ColumnProfile {
  constructor(field) {
    this.field = field
    this.rows = 0
    this.missing = 0
    this.sum = 0
    this.counts = new Map()
    this.isExact = true
  }

  add(values) {
    const { type } = this.field
    const isNumeric = type === 'number' || type === 'integer'
    for (const value of values) {
      if (value === undefined) {
        this.missing++
        continue
      }
      if (isNumeric) this.sum += value
      if (this.minimum === undefined || value < this.minimum) this.minimum = value
      if (this.maximum === undefined || value > this.maximum) this.maximum = value
      if (this.isExact) this.count(value)
    }
    this.rows += values.length
  }

  count(value) {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1)
    if (this.counts.size > MAX_DISTINCT) {
      this.counts.clear()
      this.isExact = false
    }
  }

  /** Return the column's entry; of a private one only counts. */
  describe() {
    const { name, type, isPrivate } = this.field
    const distinct = this.isExact ? { distinct: this.counts.size } : { distinct_more_than: MAX_DISTINCT }
    const entry = { name, type, rows: this.rows, missing: this.missing, ...distinct }
    return isPrivate || this.rows === this.missing ? entry : { ...entry, ...this.range(), ...this.frequent() }
  }

  range() {
    const { minimum, maximum } = this
    const { type } = this.field
    if (type in SHOW) return { earliest: SHOW[type](minimum), latest: SHOW[type](maximum) }
    if (type === 'string' || type === 'boolean') return {}
    const mean = this.sum / (this.rows - this.missing)
    return { minimum, maximum, ...(Number.isFinite(mean) ? { mean } : {}) }
  }

  frequent() {
    if (!['string', 'boolean'].includes(this.field.type) || !this.isExact) return {}
    const ranked = [...this.counts].sort(([a, rowsOfA], [b, rowsOfB]) => rowsOfB - rowsOfA || (a < b ? -1 : 1))
    return { frequent: ranked.slice(0, FREQUENT).map(([value, rows]) => ({ value, rows })) }
  }
}
