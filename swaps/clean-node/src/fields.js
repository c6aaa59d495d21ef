// Fields: the rules of one column, ready to be applied to its cells.

import { reader, trim, WHOLE_LIMIT } from './cells.js'
import { EXPECTED, describeConstraints, makeConstraints } from './constraints.js'
import { localizeMicros, plausibleDay, plausibleMicros, showDate, showDatetime } from './datetimes.js'
import { settingsError } from './errors.js'
import { localizer } from './zones.js'

const TRUE = ['true', 'True', 'TRUE']
const FALSE = ['false', 'False', 'FALSE']
const MAX_CACHED = 50_000
const MAX_CACHED_CHARACTERS = 64

const FACTS = { description: 'description', unit: 'unit', missing: 'missingValues', true_values: 'trueValues', false_values: 'falseValues' }

/** Return the entry of a column in `fields` of schema.json; what the settings leave open is left out. */
function describe(name, type, column) {
  const field = { name, type }
  for (const [setting, fact] of Object.entries(FACTS)) if (setting in column) field[fact] = column[setting]
  if (column.private) field.private = true
  const constraints = describeConstraints(column)
  if (Object.keys(constraints).length) field.constraints = constraints
  return field
}

export class Field {
  /** `native` is the type of the source's column, of which undefined cells are missing. */
  constructor(name, type, native, settings) {
    const column = Object.hasOwn(settings.columns, name) ? settings.columns[name] : {}
    this.name = name
    this.type = type
    this.native = native
    this.description = describe(name, type, column)
    this.isPrivate = column.private === true
    this.missing = new Set(['', ...(column.missing ?? settings.missing)])
    this.trueValues = new Set(column.true_values ?? TRUE)
    this.falseValues = new Set(column.false_values ?? FALSE)
    this.localize = localizer(settings.timezone)
    this.read = reader(this)
    this.constraints = makeConstraints(name, type, column, this.read)
    this.cache = new Map()
    this.checkWords(column)
  }

  checkWords(column) {
    const where = `[clean.columns.${this.name}]`
    const both = [...this.trueValues].find(word => this.falseValues.has(word))
    if (both !== undefined) throw settingsError(`${where} '${both}' is in true_values and in false_values; keep one`)
    if (this.type !== 'boolean' && ('true_values' in column || 'false_values' in column)) {
      throw settingsError(`${where} true_values and false_values do not fit a column of type ${this.type}; declare type = "boolean" or remove them`)
    }
  }

  expectation(reason) {
    const words = this.type === 'boolean' ? `one of ${[...this.trueValues, ...this.falseValues].join(', ')}` : EXPECTED[this.type]
    return this.constraints.find(constraint => constraint.reason === reason)?.expected ?? words
  }

  /** Return value and reason of a cell: a missing value is undefined, and so is the reason against a right one. */
  clean(cell) {
    if (typeof cell !== 'string' || cell.length > MAX_CACHED_CHARACTERS) return this.cleanAnew(cell)
    // Tables repeat themselves: each distinct text is read once.
    let cleaned = this.cache.get(cell)
    if (cleaned === undefined) {
      if (this.cache.size >= MAX_CACHED) this.cache.clear()
      cleaned = this.cleanAnew(cell)
      this.cache.set(cell, cleaned)
    }
    return cleaned
  }

  cleanAnew(cell) {
    let value
    const isMissing = cell == null || Number.isNaN(cell) || (typeof cell === 'string' && this.missing.has(trim(cell)))
    if (!isMissing) {
      value = typeof cell === 'string' ? this.read(trim(cell)) : this.readTyped(cell)
      if (value === undefined) return { value, reason: 'type' }
    }
    return { value, reason: this.constraints.find(constraint => constraint.breaks(value))?.reason }
  }

  /** Read a cell of a typed source; one of another type by way of its text. */
  readTyped(cell) {
    if (this.native === this.type || (isNumeric(this.native) && isNumeric(this.type))) {
      switch (this.type) {
        case 'number': return finite(Number(cell))
        case 'integer': return wholeWithin(Number(cell), cell)
        case 'date': return plausibleDay(cell)
        case 'datetime': return this.instant(cell)
        default: return cell
      }
    }
    return this.read(this.asText(cell))
  }

  /** Return a cell of a typed source as the text that a CSV file would hold. */
  asText(cell) {
    if (this.native === 'date') return showDate(cell)
    if (this.native === 'datetime') return showDatetime(this.instant(cell) ?? 0n)
    return String(cell)
  }

  instant(cell) {
    const micros = cell.isLocal ? localizeMicros(cell.micros, this.localize) : cell.micros
    return micros === undefined ? undefined : plausibleMicros(micros)
  }
}

const isNumeric = type => type === 'number' || type === 'integer'
const finite = value => (Number.isFinite(value) ? value + 0 : undefined)
const wholeWithin = (value, cell) => (Number.isInteger(value) && cell >= -WHOLE_LIMIT && cell <= WHOLE_LIMIT ? value + 0 : undefined)
