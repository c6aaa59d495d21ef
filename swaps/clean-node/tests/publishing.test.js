// What a run writes to its volume.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openDraft } from '../src/drafts.js'
import { lock } from '../src/locks.js'
import { publish, recordFailure } from '../src/publishing.js'

const volumeOf = () => fs.mkdtempSync(path.join(os.tmpdir(), 'volume-'))

async function ancestorOf(metrics) {
  const volume = volumeOf()
  const source = { manifest: { kind: 'raw-data', content: 'a', rows: 1, lineage: [], stage: { name: 'ingest' }, metrics } }
  const id = await publish(await openDraft(volume), volume, { facts: { rows: 1 }, source, started: Date.now() })
  return JSON.parse(fs.readFileSync(path.join(volume, id, 'manifest.json'))).lineage[0]
}

test('the lineage has the reasons for rejected rows, unless no row was rejected', async () => {
  assert.deepEqual((await ancestorOf({ rejected: 2, rejected_by_reason: { type: 2 } })).rejected_by_reason, { type: 2 })
  assert.ok(!('rejected_by_reason' in await ancestorOf({ rejected: 0, rejected_by_reason: {} })))
  assert.ok(!('rejected_by_reason' in await ancestorOf(undefined)))
})

test('a failure is written under the lock of the volume', async () => {
  const volume = volumeOf()
  const place = path.join(volume, 'FAILED.json')
  const free = await lock(volume)

  const written = recordFailure(volume, new Error('wrong; do right'), 78)
  await setTimeout(300)
  assert.ok(!fs.existsSync(place))
  free()
  await written

  assert.equal(JSON.parse(fs.readFileSync(place)).hint, 'do right')
})
