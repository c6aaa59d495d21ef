// The cleaned table as Parquet: one row group for each batch of rows.

import fs from 'node:fs'
import path from 'node:path'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'

const OPTIONAL = { repetition_type: 'OPTIONAL' }
const ELEMENTS = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...OPTIONAL },
  number: { type: 'DOUBLE', ...OPTIONAL },
  integer: { type: 'INT64', ...OPTIONAL },
  boolean: { type: 'BOOLEAN', ...OPTIONAL },
  datetime: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS', ...OPTIONAL },
  date: { type: 'INT32', converted_type: 'DATE', ...OPTIONAL }
}

export function openTableWriter(draft, fields) {
  const folder = path.join(draft, 'table')
  fs.mkdirSync(folder)
  const schema = [{ name: 'root', num_children: fields.length }, ...fields.map(({ name, type }) => ({ name, ...ELEMENTS[type] }))]
  const writer = new ParquetWriter({ writer: fileWriter(path.join(folder, 'part-00000.parquet')), schema, createdBy: 'stagecoach clean-node' })
  return {
    /** Append rows, given by column. */
    write(columns) {
      if (!columns[0].length) return
      const columnData = fields.map(({ name, type }, index) => ({
        name,
        data: type === 'integer' ? columns[index].map(value => (value === undefined ? value : BigInt(value))) : columns[index],
        // JavaScript orders texts by UTF-16, Parquet by bytes.
        statistics: type !== 'string'
      }))
      writer.write({ columnData, rowGroupSize: columns[0].length })
    },
    close: () => writer.finish()
  }
}
