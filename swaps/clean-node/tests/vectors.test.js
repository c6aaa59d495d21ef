// Every test vector of the contract that a column meets, read as the contract says.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { showDate, showDatetime } from '../src/datetimes.js'
import { Field } from '../src/fields.js'

const FOLDER = process.env.VECTORS ?? new URL('../../../contract/examples/vectors', import.meta.url).pathname
const SETTING = {
  missingValues: 'missing', trueValues: 'true_values', falseValues: 'false_values', required: 'required', minimum: 'minimum', maximum: 'maximum',
  exclusiveMinimum: 'exclusive_minimum', exclusiveMaximum: 'exclusive_maximum', minLength: 'min_length', maxLength: 'max_length', pattern: 'pattern', enum: 'enum'
}
const SHOW = { date: showDate, datetime: showDatetime }

for (const { about, field, missingValues = [], timezone = 'UTC', text, value, error } of JSON.parse(fs.readFileSync(path.join(FOLDER, 'cleaning.json')))) {
  if (text === undefined) continue
  test(about, () => {
    const facts = Object.entries({ ...field, ...field.constraints }).filter(([name]) => name in SETTING)
    const column = Object.fromEntries(facts.map(([name, operand]) => [SETTING[name], operand]))
    const settings = { missing: missingValues, timezone, columns: { x: column } }

    const cleaned = new Field('x', field.type, 'string', settings).clean(text)

    assert.equal(cleaned.reason?.split(' ')[0], error)
    if (error) return
    const shown = cleaned.value !== undefined && field.type in SHOW ? SHOW[field.type](cleaned.value) : cleaned.value ?? null
    assert.equal(shown, value)
  })
}
