// Drafts of live runs stay, those of dead ones go.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openDraft } from '../src/drafts.js'

test('a run leaves the draft of another that lives alone', async () => {
  const volume = fs.mkdtempSync(path.join(os.tmpdir(), 'volume-'))
  const first = await openDraft(volume)

  const second = await openDraft(volume)

  assert.deepEqual(fs.readdirSync(volume).sort(), [first, second].map(draft => path.basename(draft)).sort())
})

test('a run removes the draft of one that was killed', async () => {
  const volume = fs.mkdtempSync(path.join(os.tmpdir(), 'volume-'))
  fs.mkdirSync(path.join(volume, '.draft-dead', 'table'), { recursive: true })

  const draft = await openDraft(volume)

  assert.deepEqual(fs.readdirSync(volume), [path.basename(draft)])
})
