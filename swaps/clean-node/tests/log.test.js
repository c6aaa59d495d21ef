// A cell forges no line of the log.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { escaped } from '../src/log.js'

test('what a terminal does not print is escaped', () => {
  assert.equal(escaped('größe 日本 a\x1b[2J\n\x85\u2028\u202e'), 'größe 日本 a\\u001b[2J\\u000a\\u0085\\u2028\\u202e')
})

test('JSON stays JSON', () => {
  const cell = 'a\x1b\n\u202e\ud800'
  assert.equal(JSON.parse(escaped(JSON.stringify(cell))), cell)
})
