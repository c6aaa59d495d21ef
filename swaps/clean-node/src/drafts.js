// Drafts: publications in progress. A live run holds a lock on its own.

import fs from 'node:fs'
import path from 'node:path'
import { lock, locked } from './locks.js'

const DRAFT = '.draft-'

/** Make an empty draft, and remove those that dead runs left. */
export const openDraft = volume => locked(volume, async () => {
  for (const name of fs.readdirSync(volume).filter(name => name.startsWith(DRAFT))) {
    const other = path.join(volume, name)
    const free = await lock(other, { wait: false })
    if (!free) continue
    fs.rmSync(other, { recursive: true, force: true })
    free()
  }
  const draft = fs.mkdtempSync(path.join(volume, DRAFT))
  fs.chmodSync(draft, 0o755)
  await lock(draft)
  return draft
})
