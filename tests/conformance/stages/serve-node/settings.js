// The pipeline file: its name for the model, and the table [serve].

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { nearest } from './text.js';

const STAGES = ['ingest', 'clean', 'features', 'train', 'serve'];
const TOP = ['source', 'target', 'name', ...STAGES];
const DEFAULTS = { max_body_mb: 16, max_rows: 100_000, trial_seconds: 60, trial_memory_mb: 1024 };

export class SettingError extends Error {}

function refuseUnknown(table, known, where) {
  for (const key of Object.keys(table))
    if (!known.includes(key)) {
      const near = nearest(key, known);
      throw new SettingError(`${where}: unknown key ${JSON.stringify(key)}, expected one of ${known.join(', ')}${near ? `; did you mean ${near}?` : ''}`);
    }
}

const isTable = (value) => typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);

export function readSettings({ STAGE_CONFIG = '/config', PIPELINE }) {
  if (!PIPELINE) throw new SettingError('PIPELINE is not set; expected the name of a pipeline file');
  const path = join(STAGE_CONFIG, `${PIPELINE}.toml`);
  if (!existsSync(path)) throw new SettingError(`${path}: no such file; write it, or correct PIPELINE`);
  let file;
  try {
    file = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SettingError(`${path}: no TOML: ${error.message.split('\n')[0]}`);
  }
  refuseUnknown(file, TOP, path);
  const { serve = {}, name = PIPELINE } = file;
  for (const stage of STAGES)
    if (stage in file && !isTable(file[stage])) throw new SettingError(`${path}: ${stage} is no table; expected [${stage}]`);
  if (typeof name !== 'string' || name === '') throw new SettingError(`${path}: expected a text as name`);
  refuseUnknown(serve, Object.keys(DEFAULTS), `${path} [serve]`);
  for (const [key, value] of Object.entries(serve))
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw new SettingError(`${path} [serve]: ${key} is ${JSON.stringify(value)}, expected a whole number above 0`);
  return { name, ...DEFAULTS, ...serve };
}
