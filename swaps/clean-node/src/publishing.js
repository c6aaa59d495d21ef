// Publishing an artifact, all at once or not at all, and removing old ones.

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { BESIDE, CONTRACT, readPointer, sizes } from './artifact.js'
import { byBytes, contentDigest, fileDigest } from './digests.js'
import { outputError } from './errors.js'
import { lock, locked } from './locks.js'

export function checkWritable(volume) {
  try {
    fs.accessSync(volume, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
  } catch {
    throw outputError(`${volume}: not writable for uid ${process.getuid()}; the image must create it: RUN install -d -o 10001 -g 10001 ${volume}`)
  }
}

/** Turn a draft into an artifact and make it the latest; return its id. */
export async function publish(draft, volume, { facts, source, started }) {
  const files = []
  for (const [name, bytes] of sizes(draft)) {
    if (BESIDE.has(name)) continue
    sync(path.join(draft, name))
    files.push({ path: name, bytes, sha256: await fileDigest(path.join(draft, name)) })
  }
  files.sort(byBytes)
  // Without a build digest an id means nothing but itself.
  const id = randomBytes(8).toString('hex')
  const { kind, content, rows, lineage, stage, metrics } = source.manifest
  const ancestor = { stage: stage?.name ?? '?', kind, content, rows, rejected: metrics?.rejected ?? null }
  if (Object.keys(metrics?.rejected_by_reason ?? {}).length) ancestor.rejected_by_reason = metrics.rejected_by_reason
  const manifest = {
    contract: CONTRACT,
    kind: 'clean-data',
    id,
    content: contentDigest(files),
    stage: facts.stage,
    settings: facts.settings,
    inputs: [{ kind, content }],
    lineage: [...lineage, ancestor],
    files,
    rows: facts.rows,
    metrics: facts.metrics
  }
  const seconds = (Date.now() - started) / 1000
  writeJson(path.join(draft, 'manifest.json'), manifest)
  writeJson(path.join(draft, 'run.json'), {
    ancestors: [source.manifest.id],
    finished: new Date().toISOString(),
    seconds,
    rows_per_second: Math.round(facts.rows / seconds),
    host: os.hostname()
  })
  syncFolders(draft)
  await locked(volume, () => {
    fs.renameSync(draft, path.join(volume, id))
    sync(volume)
    if (!fs.existsSync(path.join(volume, 'PINNED'))) replace(path.join(volume, 'LATEST'), `${id}\n`)
    fs.rmSync(path.join(volume, 'FAILED.json'), { force: true })
    // A stage with a gate, in whose place this one is, may have left it.
    fs.rmSync(path.join(volume, 'REFUSED'), { force: true })
  })
  return id
}

/** Remove all but the newest artifacts, never that of LATEST or PINNED, nor one that a reader holds; return how many. */
export const prune = (volume, keep) => locked(volume, async () => {
  const pinned = path.join(volume, 'PINNED')
  const named = [readPointer(volume), fs.existsSync(pinned) ? fs.readFileSync(pinned, 'utf8').trim() : undefined]
  const old = fs.readdirSync(volume)
    .filter(name => /^[0-9a-f]{16}$/.test(name))
    .map(name => ({ name, age: fs.statSync(path.join(volume, name, 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.age - a.age)
    .slice(keep)
    .filter(({ name }) => !named.includes(name))
  let removed = 0
  for (const { name } of old) {
    const manifest = path.join(volume, name, 'manifest.json')
    const free = fs.existsSync(manifest) ? await lock(manifest, { wait: false }) : () => {}
    if (!free) continue
    // Readers see it whole or not at all.
    const hidden = path.join(volume, `.draft-old-${name}`)
    fs.renameSync(path.join(volume, name), hidden)
    fs.rmSync(hidden, { recursive: true })
    free()
    removed += 1
  }
  return removed
})

/** Leave FAILED.json for whoever looks at the volume. */
export async function recordFailure(volume, error, exitCode) {
  const [cause, ...hint] = error.message.split('; ')
  const record = { stage: 'clean', exit_code: exitCode, cause, hint: hint.join('; '), when: new Date().toISOString() }
  await locked(volume, () => writeJson(path.join(volume, 'FAILED.json'), record))
}

export const writeJson = (place, value) => replace(place, `${JSON.stringify(value, null, 2)}\n`)

/** Write a file under another name and rename it, so that nobody reads half of it. */
function replace(place, text) {
  const other = path.join(path.dirname(place), `.${path.basename(place)}.new`)
  fs.writeFileSync(other, text)
  sync(other)
  fs.renameSync(other, place)
  sync(path.dirname(place))
}

function syncFolders(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) syncFolders(path.join(folder, entry.name))
  }
  sync(folder)
}

/** Make a file's bytes, or a folder's names, survive a crash. */
function sync(place) {
  const descriptor = fs.openSync(place, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}
