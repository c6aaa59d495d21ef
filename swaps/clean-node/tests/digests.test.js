// The contract's vectors of digests and settings.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { contentDigest } from '../src/digests.js'
import { settingsText } from '../src/settings.js'

const FOLDER = process.env.VECTORS ?? new URL('../../../contract/examples/vectors', import.meta.url).pathname
const vectors = JSON.parse(fs.readFileSync(path.join(FOLDER, 'digests.json')))

for (const { about, files, content } of vectors.content) {
  test(about, () => assert.equal(contentDigest(files), content))
}

for (const { about, values, text } of vectors.settings) {
  // A number without fraction has none in JavaScript's JSON.
  test(about, () => assert.equal(settingsText(values), text.replace('1.0', '1')))
}
