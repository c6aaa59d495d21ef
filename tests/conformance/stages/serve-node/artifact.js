// Reading an artifact: contract/reference/reading.md. Only plain files are opened, and none that is not listed.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const ID = /^[0-9a-f]{16}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const BESIDE = ['manifest.json', 'run.json', 'verdict.json'];
const KEPT = ['model.json', 'model.onnx', 'examples.jsonl', 'report.html'];

function* filesBelow(folder, prefix = '') {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = prefix + entry.name;
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name), `${path}/`);
    else if (entry.isFile()) yield path;
    else throw new Error(`${path} is not a plain file`);
  }
}

// The digest of a plain file, and its bytes if they are kept.
function readPlain(path, keep) {
  if (!lstatSync(path).isFile()) throw new Error(`${path} is not a plain file`);
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a plain file`);
    const hash = createHash('sha256');
    const chunks = [];
    let bytes = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(1 << 20);
      const size = readSync(file, chunk, 0, chunk.length, null);
      if (size === 0) return { bytes, sha256: hash.digest('hex'), content: keep && Buffer.concat(chunks) };
      hash.update(chunk.subarray(0, size));
      bytes += size;
      if (keep) chunks.push(chunk.subarray(0, size));
    }
  } finally {
    closeSync(file);
  }
}

export function readJson(path) {
  return JSON.parse(readPlain(path, true).content.toString('utf8'));
}

// The id in LATEST or PINNED; null if there is no such file.
export function pointer(volume, name) {
  try {
    const text = readPlain(join(volume, name), true).content.toString('utf8');
    return ID.test(text.trimEnd()) ? text.trimEnd() : `no id in ${name}`;
  } catch (error) {
    return error.code === 'ENOENT' ? null : `${name} cannot be read: ${error.message}`;
  }
}

// When an artifact was made or found last.
export function timeOf(volume, id) {
  return lstatSync(join(volume, id, 'manifest.json')).mtimeMs;
}

// Artifacts that the gate accepted, the newest first, not newer than a pinned one.
export function accepted(volume) {
  const pinned = pointer(volume, 'PINNED');
  const found = [];
  for (const id of readdirSync(volume).filter((name) => ID.test(name)))
    try {
      const time = timeOf(volume, id);
      if ((pinned === null || time <= timeOf(volume, pinned)) && isAccepted(volume, id)) found.push([time, id]);
    } catch {
      continue; // it is damaged, or was pruned meanwhile
    }
  return found.sort(([a], [b]) => b - a).map(([, id]) => id);
}

function isAccepted(volume, id) {
  try {
    return readJson(join(volume, id, 'verdict.json')).accepted !== false;
  } catch (error) {
    return error.code === 'ENOENT';
  }
}

function checkManifest(manifest, id) {
  const { contract, kind, stage, lineage, files } = manifest;
  if (kind !== 'model') throw new Error(`manifest.json: kind is ${JSON.stringify(kind)}, expected "model"`);
  if (typeof contract !== 'string' || !/^1\.[0-9]+$/.test(contract)) throw new Error(`manifest.json: contract ${JSON.stringify(contract)} is not 1.x; update serve`);
  if (manifest.id !== id) throw new Error(`manifest.json: id is not ${id}`);
  const right =
    SHA256.test(manifest.content) && stage?.name && stage.version && typeof manifest.settings === 'string' &&
    [manifest.inputs, lineage, files].every((list) => Array.isArray(list) && list.length > 0) && Number.isInteger(manifest.rows) &&
    typeof manifest.metrics === 'object' &&
    files.every(({ path, bytes, sha256 }) => typeof path === 'string' && Number.isInteger(bytes) && SHA256.test(sha256));
  if (!right) throw new Error('manifest.json: a member is missing or wrong');
  const lines = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))).map(({ sha256, path }) => `${sha256}  ${path}\n`);
  if (createHash('sha256').update(lines.join('')).digest('hex') !== manifest.content) throw new Error('manifest.json: content is not the digest of its files');
}

// The manifest and the files of a model. Throws if anything is not as listed.
export function readModel(volume, id) {
  const folder = join(volume, id);
  if (!ID.test(id) || !lstatSync(folder).isDirectory()) throw new Error(`${id} is not a folder of an artifact`);
  const present = new Set(filesBelow(folder));
  const manifest = readJson(join(folder, 'manifest.json'));
  checkManifest(manifest, id);
  const listed = new Set(manifest.files.map(({ path }) => path));
  if (listed.size !== manifest.files.length) throw new Error('manifest.json: a file is listed twice');
  for (const path of present) if (!listed.has(path) && !BESIDE.includes(path)) throw new Error(`${path} is not listed`);
  const kept = {};
  for (const { path, bytes, sha256 } of manifest.files) {
    if (!present.has(path)) throw new Error(`${path} is listed, but missing`);
    const read = readPlain(join(folder, path), KEPT.includes(path));
    if (read.bytes !== bytes || read.sha256 !== sha256) throw new Error(`${path} has another SHA-256 than listed`);
    kept[path] = read.content;
  }
  for (const path of ['model.json', 'model.onnx', 'examples.jsonl']) if (!kept[path]) throw new Error(`${path} is missing`);
  return { manifest, files: kept };
}
