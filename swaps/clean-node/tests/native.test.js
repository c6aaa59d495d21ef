// Cells of a Parquet file that was written wrong.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parsers } from '../src/native.js'

test('a text that is not UTF-8 is an error of the input, and names its column', () => {
  const { stringFromBytes } = parsers({ name: 'city' })
  assert.equal(stringFromBytes(Buffer.from('Köln')), 'Köln')
  assert.throws(() => stringFromBytes(Buffer.from('Köln', 'latin1')), { exitCode: 65, message: /column 'city'.*not UTF-8/ })
})
