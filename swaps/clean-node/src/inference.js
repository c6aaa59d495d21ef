// The type of a column that nobody declared, from all of its values.

import { reader, trim, WHOLE_LIMIT } from './cells.js'
import { EXPECTED } from './constraints.js'
import { count } from './log.js'

/** The first that fits all values wins. */
const NARROW = ['boolean', 'integer', 'number', 'date', 'datetime']
/** With no more values than this of another type, the type may well be meant: worth a warning. */
const TOLERATED_SHARE = 0.01
const MAX_CACHED = 50_000
const MAX_CACHED_CHARACTERS = 64

const WHOLE = /^[+-]?(?:0|[1-9][0-9]*)$/
/** A code such as 01234, which a number would shorten. */
const LEADING_ZERO = /^[+-]?0[0-9]/

/** What was seen of a column of texts. */
export class TextInference {
  constructor(field) {
    this.field = field
    this.readers = NARROW.map(type => reader({ ...field, type }))
    this.present = 0
    this.isWhole = true
    this.others = NARROW.map(() => 0)
    this.firstOthers = []
    this.cache = new Map()
  }

  add(cells, firstRow) {
    for (let index = 0; index < cells.length; index++) {
      const fits = this.fits(cells[index])
      if (fits === undefined) continue
      this.present++
      this.isWhole &&= fits.isWhole
      for (const kind of fits.others) {
        this.others[kind]++
        this.firstOthers[kind] ??= { row: firstRow + index, text: cells[index] }
      }
    }
  }

  /** Return the types that a text is not of, undefined for a missing one. */
  fits(cell) {
    if (cell == null) return
    if (cell.length > MAX_CACHED_CHARACTERS) return this.fitsAnew(cell)
    if (this.cache.has(cell)) return this.cache.get(cell)
    if (this.cache.size >= MAX_CACHED) this.cache.clear()
    const fits = this.fitsAnew(cell)
    this.cache.set(cell, fits)
    return fits
  }

  fitsAnew(cell) {
    const text = trim(cell)
    if (this.field.missing.has(text)) return
    const isWhole = WHOLE.test(text)
    const others = []
    NARROW.forEach((type, kind) => {
      const isStrict = type === 'integer' ? isWhole : type !== 'number' || !LEADING_ZERO.test(text)
      if (!isStrict || this.readers[kind](text) === undefined) others.push(kind)
    })
    return { isWhole, others }
  }

  decide() {
    if (!this.present || this.isBeyondLimit()) return 'string'
    return NARROW[this.others.indexOf(0)] ?? 'string'
  }

  warning() {
    const { name, isPrivate } = this.field
    const show = place => `in row ${count(place.row)}${isPrivate ? '' : `: '${place.text.slice(0, 40)}'`}`
    if (this.isBeyondLimit()) return beyondLimit(name, show(this.firstOthers[NARROW.indexOf('integer')]))
    if (!this.present || this.decide() !== 'string') return
    const least = Math.min(...this.others)
    const kind = this.others.indexOf(least)
    if (least > TOLERATED_SHARE * this.present) return
    return `column ${name} becomes a string: ${count(least)} of ${count(this.present)} values are not ${EXPECTED[NARROW[kind]]}, the first ${show(this.firstOthers[kind])};` +
      ` [clean.columns.${name}] type = "${NARROW[kind]}" makes it one and rejects the rows that do not fit`
  }

  isBeyondLimit() {
    return this.isWhole && this.firstOthers[NARROW.indexOf('integer')] !== undefined
  }
}

/** A typed column of integers, which stays one while a double holds them all. */
export class IntegerInference {
  constructor(field) {
    this.field = field
  }

  add(cells, firstRow) {
    if (this.firstBeyond) return
    const index = cells.findIndex(cell => cell != null && (cell > WHOLE_LIMIT || cell < -WHOLE_LIMIT))
    if (index >= 0) this.firstBeyond = { row: firstRow + index, text: String(cells[index]) }
  }

  decide() {
    return this.firstBeyond ? 'string' : 'integer'
  }

  warning() {
    const { name, isPrivate } = this.field
    if (!this.firstBeyond) return
    return beyondLimit(name, `in row ${count(this.firstBeyond.row)}${isPrivate ? '' : `: '${this.firstBeyond.text}'`}`)
  }
}

const beyondLimit = (name, first) =>
  `column ${name} becomes a string: not every integer is within ±2^53, the first ${first}; [clean.columns.${name}] type = "number" reads it rounded`
