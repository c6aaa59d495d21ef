// Exact copies among more rows than memory holds: hashes in partition files of the draft.

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

const HASH_BYTES = 16
const RECORD_BYTES = HASH_BYTES + 8
/** Bounds the memory: one partition of hashes is compared at a time. */
const ROWS_PER_FILE = 250_000
const BUFFER_BYTES = RECORD_BYTES * 2048

export class Copies {
  constructor(folder, rows) {
    this.folder = folder
    this.partitions = Math.floor(rows / ROWS_PER_FILE) + 1
    this.buffers = new Map()
    this.found = { file: -1, firstByRow: new Map() }
    fs.mkdirSync(folder)
  }

  /** Keep the hash of a row: equal hashes meet in one file. */
  add(row, values) {
    const record = Buffer.alloc(RECORD_BYTES)
    createHash('sha256').update(canonical(values)).digest().copy(record, 0, 0, HASH_BYTES)
    record.writeDoubleLE(row, HASH_BYTES)
    this.append('hashes', record.readUInt32LE(0) % this.partitions, record)
  }

  /** Compare the hashes of each partition and keep, by row, which row it is a copy of. */
  find() {
    this.flush()
    for (let number = 0; number < this.partitions; number++) {
      const place = this.place('hashes', number)
      if (!fs.existsSync(place)) continue
      const firstByHash = new Map()
      for (const { hash, row } of records(place)) {
        const first = firstByHash.get(hash)
        if (first === undefined) firstByHash.set(hash, row)
        else this.keep(row, first)
      }
      fs.rmSync(place)
    }
    this.flush()
  }

  /** Return the first row that a row is a copy of, undefined for none; rows are asked for in their order. */
  firstOf(row) {
    const number = Math.floor(row / ROWS_PER_FILE)
    if (this.found.file !== number) {
      const place = this.place('copies', number)
      const pairs = fs.existsSync(place) ? [...records(place)].map(({ hash, row: first }) => [Buffer.from(hash, 'latin1').readDoubleLE(0), first]) : []
      this.found = { file: number, firstByRow: new Map(pairs) }
    }
    return this.found.firstByRow.get(row)
  }

  close() {
    fs.rmSync(this.folder, { recursive: true, force: true })
  }

  keep(row, first) {
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeDoubleLE(row, 0)
    record.writeDoubleLE(first, HASH_BYTES)
    this.append('copies', Math.floor(row / ROWS_PER_FILE), record)
  }

  append(name, number, record) {
    const place = this.place(name, number)
    const buffer = this.buffers.get(place) ?? { bytes: Buffer.alloc(BUFFER_BYTES), used: 0 }
    this.buffers.set(place, buffer)
    record.copy(buffer.bytes, buffer.used)
    buffer.used += RECORD_BYTES
    if (buffer.used === BUFFER_BYTES) this.write(place, buffer)
  }

  flush() {
    for (const [place, buffer] of this.buffers) this.write(place, buffer)
    this.buffers.clear()
  }

  write(place, buffer) {
    fs.appendFileSync(place, buffer.bytes.subarray(0, buffer.used))
    buffer.used = 0
  }

  place(name, number) {
    return path.join(this.folder, `${name}-${String(number).padStart(6, '0')}`)
  }
}

function * records(place) {
  const bytes = fs.readFileSync(place)
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    yield { hash: bytes.latin1Slice(at, at + HASH_BYTES), row: bytes.readDoubleLE(at + HASH_BYTES) }
  }
}

/** Return a row as a text that no other row has: texts carry their length before them. */
function canonical(values) {
  let text = ''
  for (const value of values) {
    if (value === undefined) text += '-,'
    else text += typeof value === 'string' ? `${value.length}:${value},` : `${value},`
  }
  return text
}
