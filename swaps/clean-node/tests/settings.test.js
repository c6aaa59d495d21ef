// settings.schema.json, which the image holds, says what src/settings.js does.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { CLEAN, COLUMN, DEFAULTS } from '../src/settings.js'

const PLACE = process.env.SETTINGS_SCHEMA ?? new URL('../settings.schema.json', import.meta.url).pathname
const { properties } = JSON.parse(fs.readFileSync(PLACE))

test('the schema has the keys of the table', () => {
  // keep is a key of every batch stage and not of this one.
  assert.deepEqual(new Set([...Object.keys(properties), 'keep']), new Set(Object.keys(CLEAN)))
})

test('the schema has the defaults', () => {
  assert.deepEqual(Object.fromEntries(Object.entries(properties).map(([key, { default: value }]) => [key, value])), DEFAULTS)
})

test('the schema has the keys of a column', () => {
  assert.deepEqual(new Set(Object.keys(properties.columns.additionalProperties.properties)), new Set(Object.keys(COLUMN)))
})
