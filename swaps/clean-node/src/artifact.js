// Reading an artifact: the one that LATEST names, with everything checked before it is used.

import fs from 'node:fs'
import path from 'node:path'
import { contentDigest, fileDigest } from './digests.js'
import { contractError } from './errors.js'

export const CONTRACT = '1.0'
export const BESIDE = new Set(['manifest.json', 'run.json', 'verdict.json'])

const RUN_AGAIN = 'run the stage that wrote it again'
const SHAPE = { kind: 'string', id: 'string', content: 'string', files: 'object', rows: 'number', lineage: 'object' }

/** Return folder and manifest of the latest artifact of a kind. */
export async function openLatest(volume, kind) {
  const pointer = readPointer(volume)
  if (pointer === undefined) throw contractError(`${volume}: no LATEST file, so no ${kind} was published here yet; run the stage that writes it first`)
  const folder = path.join(volume, pointer)
  const manifest = readManifest(folder, kind)
  checkFiles(folder, manifest.files)
  for (const file of manifest.files) {
    if (await fileDigest(path.join(folder, file.path)) !== file.sha256) {
      throw contractError(`${folder}: ${file.path} does not match its SHA-256 in the manifest; the file was changed or torn, ${RUN_AGAIN}`)
    }
  }
  return { folder, manifest }
}

/** Return the id that LATEST names, undefined if there is none. */
export function readPointer(volume) {
  let text
  try {
    text = fs.readFileSync(path.join(volume, 'LATEST'), 'utf8').trim()
  } catch (error) {
    if (error.code === 'ENOENT') return
    if (error.code === 'EISDIR') throw contractError(`${volume}/LATEST: is a folder; expected a file with an id, ${RUN_AGAIN}`)
    throw error
  }
  if (!/^[0-9a-f]{16}$/.test(text)) throw contractError(`${volume}/LATEST: '${text.slice(0, 40)}' is not an id of 16 hex digits; ${RUN_AGAIN}`)
  return text
}

function readManifest(folder, kind) {
  const place = path.join(folder, 'manifest.json')
  if (isLink(folder) || isLink(place)) throw contractError(`${place}: is reached by a link; an artifact holds plain files only`)
  const manifest = readJson(place, folder)
  if (typeof manifest?.contract !== 'string') throw contractError(`${place}: contract is missing; see manifest.schema.json`)
  if (manifest.contract.split('.')[0] !== CONTRACT.split('.')[0]) {
    throw contractError(`${folder}: written for contract ${manifest.contract}, this image reads ${CONTRACT}; update this image or the image of ${manifest.stage?.name ?? 'the stage that wrote it'}`)
  }
  for (const [key, type] of Object.entries(SHAPE)) {
    if (typeof manifest[key] !== type || manifest[key] === null) throw contractError(`${place}: ${key} is missing or no ${type}; see manifest.schema.json`)
  }
  if (manifest.kind !== kind) throw contractError(`${folder}: holds ${manifest.kind}, expected ${kind}; check which volume is mounted here`)
  if (manifest.id !== path.basename(folder)) throw contractError(`${folder}: its manifest says id ${manifest.id}; publish it again`)
  manifest.files.forEach((file, index) => checkEntry(file, index, place))
  if (contentDigest(manifest.files) !== manifest.content) throw contractError(`${folder}: content is not the digest of its files; publish it again`)
  return manifest
}

function readJson(place, folder) {
  try {
    return JSON.parse(fs.readFileSync(place, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw contractError(`${folder}: no manifest.json; ${RUN_AGAIN}`)
    if (error instanceof SyntaxError) throw contractError(`${place}: not JSON (${error.message}); ${RUN_AGAIN}`)
    throw error
  }
}

function checkEntry(file, index, place) {
  const isShaped = typeof file?.path === 'string' && Number.isInteger(file.bytes) && /^[0-9a-f]{64}$/.test(file.sha256)
  if (!isShaped) throw contractError(`${place}: files[${index}] is not a path with bytes and sha256; see manifest.schema.json`)
  if (path.posix.isAbsolute(file.path) || path.posix.normalize(file.path) !== file.path || /^\.\.?(\/|$)|[\n\0]/.test(file.path)) {
    throw contractError(`${place}: lists '${file.path}'; expected a relative path inside the artifact`)
  }
}

/** Check that exactly the listed files are there, with the listed sizes, and no links. */
function checkFiles(folder, files) {
  const found = sizes(folder)
  const listed = new Set(files.map(file => file.path))
  for (const name of found.keys()) {
    if (!listed.has(name) && !BESIDE.has(name)) throw contractError(`${folder}: ${name} is not in the manifest; ${RUN_AGAIN}`)
  }
  for (const { path: name, bytes } of files) {
    if (!found.has(name)) throw contractError(`${folder}: ${name} is missing; ${RUN_AGAIN}`)
    if (found.get(name) !== bytes) throw contractError(`${folder}: ${name} has ${found.get(name)} bytes, the manifest says ${bytes}; the file was changed or torn, ${RUN_AGAIN}`)
  }
}

/** Return the size of every file in a folder by its relative path; a link is an error. */
export function sizes(root, below = '') {
  const found = new Map()
  for (const entry of fs.readdirSync(path.join(root, below), { withFileTypes: true })) {
    const name = path.posix.join(below, entry.name)
    if (entry.isDirectory()) for (const [inner, size] of sizes(root, name)) found.set(inner, size)
    else if (entry.isFile()) found.set(name, fs.statSync(path.join(root, name)).size)
    else throw contractError(`${root}: ${name} is not a plain file; an artifact holds nothing else`)
  }
  return found
}

const isLink = place => fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()
