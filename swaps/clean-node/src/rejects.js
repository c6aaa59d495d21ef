// The rows that do not go on: written to rejects/ with the reason and all values.

import fs from 'node:fs'
import path from 'node:path'
import { showDate, showDatetime } from './datetimes.js'
import { count } from './log.js'

const PRIVATE = '(private)'
const BUFFER_CHARACTERS = 1 << 16

export class Rejects {
  constructor(draft, fields) {
    this.folder = path.join(draft, 'rejects')
    this.fields = fields
    this.lines = ''
    this.reasons = new Map()
    this.examples = new Map()
    this.duplicates = 0
  }

  get rejected() {
    return [...this.reasons.values()].reduce((sum, rows) => sum + rows, 0)
  }

  /** Keep a row with a cell that breaks a rule. */
  addFaulty(row, cells, { field, reason }) {
    const value = shown(cells[field], this.fields[field])
    const { name } = this.fields[field]
    const expected = this.fields[field].expectation(reason)
    this.write({ row, reason, column: name, value: value === null ? '' : String(value), expected }, cells)
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
    if (!this.examples.has(reason)) this.examples.set(reason, `row ${count(row)}, column ${name}: expected ${expected}, got '${String(value ?? '').slice(0, 40)}'`)
  }

  addCopy(row, cells, first) {
    this.write({ row, reason: 'duplicate', first }, cells)
    this.duplicates++
  }

  close() {
    this.flush()
    if (this.file !== undefined) fs.closeSync(this.file)
  }

  /** The record is put together as a text, since an object would put names that are numbers first. */
  write(facts, cells) {
    const pairs = this.fields.map((field, index) => `${JSON.stringify(field.name)}:${JSON.stringify(shown(cells[index], field))}`)
    this.lines += `${JSON.stringify(facts).slice(0, -1)},"record":{${pairs.join(',')}}}\n`
    if (this.lines.length > BUFFER_CHARACTERS) this.flush()
  }

  flush() {
    if (!this.lines) return
    if (this.file === undefined) {
      fs.mkdirSync(this.folder)
      this.file = fs.openSync(path.join(this.folder, 'part-00000.jsonl'), 'w')
    }
    fs.writeFileSync(this.file, this.lines)
    this.lines = ''
  }
}

/** Return a raw cell as JSON knows it: there is no NaN, infinity and large integers are texts. */
function shown(cell, field) {
  if (field.isPrivate) return PRIVATE
  if (cell == null || Number.isNaN(cell)) return null
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell)
  if (field.native === 'date') return showDate(cell)
  if (field.native === 'datetime') return cell.isLocal ? showDatetime(cell.micros).slice(0, -1) : showDatetime(cell.micros)
  return Number.isFinite(cell) || typeof cell !== 'number' ? cell : String(cell)
}
