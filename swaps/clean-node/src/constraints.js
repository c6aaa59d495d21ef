// Constraints of a field: which types they fit, how they read, and which values break them.

import { RE2JS } from 're2js'
import { settingsError } from './errors.js'

export const EXPECTED = {
  string: 'a text',
  number: 'a number',
  integer: 'an integer within ±2^53',
  boolean: 'true or false',
  datetime: 'a datetime such as 2013-01-31T05:00:00Z',
  date: 'a date such as 2013-01-31'
}

const ALL = Object.keys(EXPECTED)
const ORDERED = ['number', 'integer', 'datetime', 'date']
const TEXTS = ['string']

/** By setting: the name in schema.json, the types it fits, what a cell should have been, and a check made of the operand. */
const RULES = {
  required: ['required', ALL, () => 'a value', required => value => required && value === undefined],
  minimum: ['minimum', ORDERED, bound => `≥ ${bound}`, bound => value => value < bound],
  maximum: ['maximum', ORDERED, bound => `≤ ${bound}`, bound => value => value > bound],
  exclusive_minimum: ['exclusiveMinimum', ORDERED, bound => `> ${bound}`, bound => value => value <= bound],
  exclusive_maximum: ['exclusiveMaximum', ORDERED, bound => `< ${bound}`, bound => value => value >= bound],
  min_length: ['minLength', TEXTS, size => `at least ${size} characters`, size => value => codePoints(value) < size],
  max_length: ['maxLength', TEXTS, size => `at most ${size} characters`, size => value => codePoints(value) > size],
  pattern: ['pattern', TEXTS, pattern => `a text that matches ${pattern}`, compile],
  enum: ['enum', ALL, choices => `one of ${choices.join(', ')}`, choices => value => !choices.has(value)]
}

/** Return the constraints of a column as schema.json holds them. */
export function describeConstraints(column) {
  const stated = Object.keys(RULES).filter(setting => setting in column && column[setting] !== false)
  return Object.fromEntries(stated.map(setting => [RULES[setting][0], column[setting]]))
}

/** Return the constraints of a column ready to use; `read` turns the text of a date into a value. */
export function makeConstraints(name, type, column, read) {
  return Object.keys(RULES).filter(setting => setting in column && column[setting] !== false).map(setting => {
    const [constraint, fits, wording, make] = RULES[setting]
    const operand = column[setting]
    const fail = problem => settingsError(`[clean.columns.${name}] ${setting} = ${JSON.stringify(operand)}: ${problem}`)
    if (!fits.includes(type)) throw fail(`fits no column of type ${type}; declare another type or remove it`)
    const typed = item => {
      const value = ['date', 'datetime'].includes(type) && typeof item === 'string' ? read(item) : item
      if (value === undefined || !isOfType(value, type)) throw fail(`expected ${EXPECTED[type]}, as the column is of type ${type}`)
      return value
    }
    let ready = operand
    if (setting === 'enum') ready = new Set(operand.map(typed))
    else if (fits === ORDERED) ready = typed(operand)
    try {
      return { reason: `constraint ${constraint}`, expected: wording(operand), breaks: present(constraint, make(ready)) }
    } catch (error) {
      throw fail(`expected a regular expression in RE2 syntax (${error.message})`)
    }
  })
}

/** A missing value breaks nothing but `required`. */
const present = (constraint, check) => (constraint === 'required' ? check : value => value !== undefined && check(value))

function isOfType(value, type) {
  if (type === 'number' || type === 'integer') return typeof value === 'number'
  if (type === 'date') return typeof value === 'number'
  if (type === 'datetime') return typeof value === 'bigint'
  return typeof value === type
}

/** RE2 rather than RegExp: other classes, and time linear in the text. */
function compile(pattern) {
  RE2JS.compile(pattern)
  const whole = RE2JS.compile(`^(?:${pattern})$`)
  return value => !whole.matcher(value).matches()
}

function codePoints(text) {
  let size = 0
  for (const _ of text) size++
  return size
}
