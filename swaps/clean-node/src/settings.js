// Settings of the stage: the table [clean] of the pipeline file, checked, defaults filled in.

import fs from 'node:fs'
import path from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { trim } from './cells.js'
import { settingsError } from './errors.js'
import { didYouMean } from './names.js'
import { isZone } from './zones.js'

const TABLES = ['ingest', 'clean', 'features', 'train', 'serve']
const SHORT = ['source', 'target']
const MISSING = ['', 'NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None', '<NA>', '#N/A', '\\N']
export const TYPES = ['string', 'number', 'integer', 'boolean', 'datetime', 'date']

const isText = value => typeof value === 'string'
const isNumber = value => typeof value === 'number' && Number.isFinite(value)
const isLength = value => Number.isInteger(value) && value >= 0
const isTokens = value => Array.isArray(value) && value.every(token => isText(token) && trim(token) === token)
const isBound = value => isText(value) || isNumber(value)
const isBoolean = value => typeof value === 'boolean'

export const COLUMN = {
  type: [value => TYPES.includes(value), `one of ${TYPES.join(', ')}`],
  description: [isText, 'a text'],
  unit: [isText, 'a text'],
  private: [isBoolean, 'true or false'],
  missing: [isTokens, 'a list of texts, trimmed'],
  true_values: [isTokens, 'a list of texts, trimmed'],
  false_values: [isTokens, 'a list of texts, trimmed'],
  required: [isBoolean, 'true or false'],
  minimum: [isBound, 'a number, or a date'],
  maximum: [isBound, 'a number, or a date'],
  exclusive_minimum: [isBound, 'a number, or a date'],
  exclusive_maximum: [isBound, 'a number, or a date'],
  min_length: [isLength, 'a whole number from 0'],
  max_length: [isLength, 'a whole number from 0'],
  pattern: [isText, 'a regular expression in RE2 syntax'],
  enum: [value => Array.isArray(value) && value.length > 0 && value.every(item => isBound(item) || isBoolean(item)), 'a list of values']
}
export const CLEAN = {
  missing: [isTokens, 'a list of texts, trimmed'],
  timezone: [isZone, 'an IANA name such as UTC or Europe/Berlin'],
  duplicates: [value => value === 'drop' || value === 'keep', '"drop" or "keep"'],
  columns: [isTable, 'a table'],
  keep: [value => Number.isInteger(value) && value >= 1, '1 or more']
}
export const DEFAULTS = { missing: MISSING, timezone: 'UTC', duplicates: 'drop', columns: {} }

/** Read the pipeline file; `keep` is not part of what an artifact is made from. */
export function readSettings(environment) {
  const place = path.join(environment.STAGE_CONFIG || '/config', `${environment.PIPELINE || 'diamonds'}.toml`)
  const name = path.basename(place)
  const pipeline = readToml(place)
  checkTop(pipeline, name)
  const table = pipeline.clean ?? {}
  checkKeys(table, CLEAN, [], name)
  for (const [column, known] of Object.entries(table.columns ?? {})) {
    if (!isTable(known)) throw settingsError(`${name}: [clean] columns.${column}: expected a table`)
    checkKeys(known, COLUMN, ['columns', column], name)
  }
  const { keep = 5, ...stated } = table
  return { keep, ...DEFAULTS, ...stated }
}

/** Return settings as the manifest holds them: keys sorted, no white space. */
export function settingsText({ keep, ...values }) {
  return JSON.stringify(sorted(values))
}

function readToml(place) {
  let text
  try {
    text = fs.readFileSync(place, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    if (error.code === 'EACCES') throw settingsError(`${place}: not readable for uid ${process.getuid()}; on the host: chmod a+r pipelines/${path.basename(place)}`)
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    throw settingsError(`${place}: no such pipeline file${didYouMean(path.parse(place).name, others(place))}`)
  }
  try {
    return plain(parse(text, { integersAsBigInt: 'asNeeded' }))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw settingsError(`${path.basename(place)}: not TOML: ${error.message.split('\n')[0]}, line ${error.line}`)
  }
}

function others(place) {
  const folder = path.dirname(place)
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter(name => name.endsWith('.toml')).map(name => path.parse(name).name) : []
}

function checkTop(pipeline, name) {
  for (const [key, value] of Object.entries(pipeline)) {
    if (key === 'name' || SHORT.includes(key)) continue
    if (!TABLES.includes(key)) throw settingsError(`${name}: ${key} is not a stage or key${didYouMean(key, [...TABLES, ...SHORT, 'name'])}`)
    if (!isTable(value)) throw settingsError(`${name}: ${key} must be a table, written [${key}]`)
  }
  if ('name' in pipeline && !(isText(pipeline.name) && pipeline.name)) throw settingsError(`${name}: name: expected a text`)
  for (const [short, stage] of [['source', 'ingest'], ['target', 'features']]) {
    if (short in pipeline && pipeline[stage] && short in pipeline[stage]) throw settingsError(`${name}: ${short} and ${stage}.${short} are the same; keep one`)
  }
}

function checkKeys(table, known, where, name) {
  for (const [key, value] of Object.entries(table)) {
    const dotted = [...where, key].join('.')
    if (!Object.hasOwn(known, key)) throw settingsError(`${name}: [clean] ${dotted} is not a setting${didYouMean(key, Object.keys(known))}`)
    const [holds, expected] = known[key]
    if (!holds(value)) throw settingsError(`${name}: [clean] ${dotted} = ${JSON.stringify(value)}: expected ${expected}`)
  }
}

function isTable(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Return TOML's values as JSON has them: dates as texts, large integers as doubles, which bounds are compared as. */
function plain(value) {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  return isTable(value) ? fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : value
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isTable(value)) return value
  return fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

/** Unlike Object.assign this takes a column called __proto__ for what it is. */
const fromEntries = entries => Object.fromEntries(entries)
