// Cleans raw-data batch by batch: infers types, finds copies, writes what is right and sets aside the rest.

import path from 'node:path'
import { Copies } from './copies.js'
import { contractError, settingsError } from './errors.js'
import { Field } from './fields.js'
import { IntegerInference, TextInference } from './inference.js'
import * as log from './log.js'
import { didYouMean } from './names.js'
import { ColumnProfile } from './profile.js'
import { writeJson } from './publishing.js'
import { Rejects } from './rejects.js'
import { openTable } from './table.js'
import { openTableWriter } from './writing.js'

/** Fill the draft; return what the manifest says of it. */
export async function clean(source, draft, settings) {
  const table = await openTable(source)
  const fields = await decideFields(table, settings)
  const copies = new Copies(path.join(draft, '.spill'), table.rows)
  const rejects = new Rejects(draft, fields)
  if (settings.duplicates === 'drop') await findCopies(table, fields, copies)
  const profiles = await write(table, draft, { fields, copies, rejects })
  copies.close()
  rejects.close()
  const [{ rows }] = profiles
  writeJson(path.join(draft, 'schema.json'), {
    fields: fields.map(field => field.description),
    missingValues: settings.missing,
    timezone: settings.timezone
  })
  writeJson(path.join(draft, 'profile.json'), { rows, columns: profiles.map(profile => profile.describe()) })
  return { rows, metrics: account(table.rows, rows, rejects) }
}

/** Return a field for each column; the rows are read only if a type depends on them. */
async function decideFields({ columns, rows, batches }, settings) {
  const names = columns.map(({ name }) => name)
  for (const name of Object.keys(settings.columns)) {
    if (!names.includes(name)) throw settingsError(`[clean.columns.${name}] the table has no such column${didYouMean(name, names)}`)
  }
  const declared = name => (Object.hasOwn(settings.columns, name) ? settings.columns[name].type : undefined)
  const isUntyped = columns.every(({ native }) => native === 'string')
  const inferences = columns.map(({ name, native }) => {
    if (declared(name)) {
      // A rule that does not fit its column is told before the rows are read.
      return void new Field(name, declared(name), native, settings)
    }
    const bare = { ...settings, columns: { ...settings.columns, [name]: wordsOf(settings.columns, name) } }
    if (isUntyped) return new TextInference(new Field(name, 'boolean', native, bare))
    return native === 'integer' ? new IntegerInference(new Field(name, 'boolean', native, bare)) : undefined
  })
  if (inferences.some(Boolean)) {
    const report = log.progress('rows looked at for their types', rows)
    for await (const batch of batches()) {
      inferences.forEach((inference, index) => inference?.add(batch.cells[index], batch.firstRow))
      report(batch.rows)
    }
  }
  for (const inference of inferences) {
    const warning = inference?.warning()
    if (warning) log.warning(warning)
  }
  return columns.map(({ name, native }, index) => new Field(name, declared(name) ?? inferences[index]?.decide() ?? native, native, settings))
}

/** What inference needs of a column's settings. */
function wordsOf(columns, name) {
  const { missing, true_values, false_values, private: isPrivate } = Object.hasOwn(columns, name) ? columns[name] : {}
  return Object.fromEntries(Object.entries({ missing, true_values, false_values, private: isPrivate }).filter(([, value]) => value !== undefined))
}

async function findCopies({ rows, batches }, fields, copies) {
  const report = log.progress('rows compared', rows)
  for await (const batch of batches()) {
    const { columns, faults } = cleanBatch(batch, fields)
    for (let index = 0; index < batch.rows; index++) {
      if (!faults[index]) copies.add(batch.firstRow + index, columns.map(values => values[index]))
    }
    report(batch.rows)
  }
  copies.find()
}

async function write({ rows, batches }, draft, { fields, copies, rejects }) {
  const profiles = fields.map(field => new ColumnProfile(field))
  const writer = openTableWriter(draft, fields)
  const report = log.progress('rows cleaned', rows)
  for await (const batch of batches()) {
    const { columns, faults } = cleanBatch(batch, fields)
    const kept = []
    for (let index = 0; index < batch.rows; index++) {
      const row = batch.firstRow + index
      const first = faults[index] ? undefined : copies.firstOf(row)
      if (!faults[index] && first === undefined) {
        kept.push(index)
        continue
      }
      const cells = batch.cells.map(column => column[index])
      if (faults[index]) rejects.addFaulty(row, cells, faults[index])
      else rejects.addCopy(row, cells, first)
    }
    const values = columns.map(column => kept.map(index => column[index]))
    profiles.forEach((profile, index) => profile.add(values[index]))
    writer.write(values)
    report(batch.rows)
  }
  writer.close()
  return profiles
}

/** Return values by column, and by row the first fault in the order of the columns. */
function cleanBatch({ rows, cells }, fields) {
  const faults = new Array(rows)
  const columns = fields.map((field, position) => {
    const values = new Array(rows)
    for (let index = 0; index < rows; index++) {
      const { value, reason } = field.clean(cells[position][index])
      values[index] = value
      if (reason) faults[index] ??= { field: position, reason }
    }
    return values
  })
  return { columns, faults }
}

/** Say what was counted; the rows must add up. */
function account(rowsIn, rows, rejects) {
  const { rejected, duplicates, reasons, examples } = rejects
  if (rowsIn !== rows + rejected + duplicates) throw new Error(`${rowsIn} rows in are not ${rows} + ${rejected} + ${duplicates}`)
  const ranked = [...reasons].sort(([, a], [, b]) => b - a)
  if (!rows) {
    const [reason, count] = ranked[0]
    throw contractError(`all ${log.count(rowsIn)} rows were rejected, ${log.count(count)} of them for '${reason}', the first: ${examples.get(reason)}; fix the source or the rules in [clean.columns]`)
  }
  const metrics = { rejected, rows_in: rowsIn, rejected_by_reason: Object.fromEntries(ranked), duplicates }
  for (const [reason, count] of ranked) log.info(`${log.count(count)} rejected for '${reason}', the first: ${examples.get(reason)}`)
  log.info(`${log.count(rowsIn)} rows in, ${log.count(rows)} out, ${log.count(rejected)} rejected, ${log.count(duplicates)} duplicates`, { rows_out: rows, ...metrics })
  return metrics
}
