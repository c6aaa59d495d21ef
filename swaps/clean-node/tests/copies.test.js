// Copies are found by value, and told as the first row of their kind.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Copies } from '../src/copies.js'

const ROWS = 600_000

function firstsOf(rows) {
  const copies = new Copies(path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'copies-')), 'spill'), ROWS)
  for (const [row, values] of rows) copies.add(row, values)
  copies.find()
  const firsts = rows.map(([row]) => copies.firstOf(row))
  copies.close()
  return firsts
}

test('a copy far behind in another file names the first of its kind', () => {
  assert.deepEqual(firstsOf([[1, ['a', 1]], [2, ['b', 1]], [400_000, ['a', 1]], [ROWS, ['a', 1]]]), [undefined, undefined, 1, 1])
})

test('cells do not run into each other', () => {
  assert.deepEqual(firstsOf([[1, ['a,1:b', 'c']], [2, ['a', 'b,1:c']], [3, ['1', undefined]], [4, [1, undefined]]]), [undefined, undefined, undefined, undefined])
})
