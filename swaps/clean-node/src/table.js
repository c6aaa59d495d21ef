// The table of raw-data: Parquet parts, read a bounded number of rows at a time, rows numbered from 1.

import path from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { contractError, StageError } from './errors.js'
import { isDecimal, nativeType, parsers, repair } from './native.js'

/** Bounds the memory, and the time until a signal is heard. */
const BATCH_ROWS = 32_768

const RUN_AGAIN = 'run the stage that wrote it again'

/** Return names, types and number of rows; throws unless all parts agree and every column has a known type. */
export async function openTable({ folder, manifest }) {
  const names = manifest.files.map(file => file.path).filter(name => name.startsWith('table/'))
  const parts = []
  for (const name of names) parts.push(await openPart(path.join(folder, name)))
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  if (!rows) throw contractError(`${folder}: table/ holds no rows; look at the source and ingest`)
  const [{ columns, place }] = parts
  for (const part of parts) {
    if (JSON.stringify(part.columns) !== JSON.stringify(columns)) {
      throw contractError(`${part.place}: other columns than ${path.basename(place)}; expected the same in every part, ${RUN_AGAIN}`)
    }
  }
  const seen = new Set()
  for (const { name } of columns) {
    if (name === '') throw contractError(`${place}: a column has no name; name it in the source`)
    if (seen.has(name)) throw contractError(`${place}: column '${name}' is repeated; rename one in the source`)
    seen.add(name)
  }
  return { columns, rows, batches: () => batches(parts) }
}

async function openPart(place) {
  return await readable(place, async () => {
    const file = await asyncBufferFromFile(place)
    const metadata = await parquetMetadataAsync(file)
    const [root, ...elements] = metadata.schema
    const nested = elements.find(element => element.num_children || element.repetition_type === 'REPEATED')
    if (nested || elements.length !== root.num_children) throw contractError(`${place}: column '${nested?.name}' is nested; convert or drop it in the source`)
    const columns = elements.map(element => ({ name: element.name, native: nativeType(element, place), ...repair(element) }))
    return { place, file, metadata, columns, rows: Number(metadata.num_rows) }
  })
}

/** Yield the first row's number and, by column, the cells of the next rows. */
async function * batches(parts) {
  let firstRow = 1
  for (const part of parts) {
    for await (const cells of partBatches(part)) {
      yield { firstRow, rows: cells[0].length, cells }
      firstRow += cells[0].length
    }
  }
}

async function * partBatches({ place, file, metadata, columns }) {
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows)
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += BATCH_ROWS) {
      const rowEnd = Math.min(rowStart + BATCH_ROWS, groupEnd)
      const cells = []
      for (const column of columns) {
        cells.push(await readable(place, () => readColumn({ file, metadata, column, rowStart, rowEnd })))
      }
      yield cells
    }
    groupStart = groupEnd
  }
}

async function readColumn({ file, metadata, column, rowStart, rowEnd }) {
  const scan = await parquetScan({ file, metadata, compressors, parsers: parsers(column), columns: [column.name] })
  const cells = await scan.readColumn({ column: column.name, rowStart, rowEnd })
  if (cells.length !== rowEnd - rowStart) throw new Error(`column '${column.name}' ends early`)
  return isDecimal(column) ? cells.map(cell => (cell == null ? cell : Number(cell.toFixed(column.scale)))) : cells
}

/** What hyparquet says of a file that was written wrong is the user's error: its bytes were verified before. */
async function readable(place, read) {
  try {
    return await read()
  } catch (error) {
    if (error instanceof StageError || error.code) throw error
    throw contractError(`${place}: can't be read as Parquet (${error.message}); ${RUN_AGAIN}`)
  }
}
