// Clean stage: raw-data in, clean-data out, by contract/README.md.

import fs from 'node:fs'
import { openLatest } from './artifact.js'
import { openDraft } from './drafts.js'
import { asStageError } from './errors.js'
import * as log from './log.js'
import { checkWritable, prune, publish, recordFailure } from './publishing.js'
import { readSettings, settingsText } from './settings.js'
import { clean } from './work.js'

const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url)))
const HELP = `usage: clean [--help] [--version]

The clean stage: reads /data/in, writes clean-data to /data/out.
Settings: the table [clean] of /config/$PIPELINE.toml.`

const volume = process.env.STAGE_OUT || '/data/out'
let draft

async function run() {
  const started = Date.now()
  checkWritable(volume)
  const settings = readSettings(process.env)
  const source = await openLatest(process.env.STAGE_IN || '/data/in', 'raw-data')
  log.info('works: this image has no build digest, so it always runs')
  draft = await openDraft(volume)
  const { rows, metrics } = await clean(source, draft, settings)
  const facts = { stage: { name: 'clean', version: `node ${version}` }, settings: settingsText(settings), rows, metrics }
  const id = await publish(draft, volume, { facts, source, started })
  draft = undefined
  log.info(`published clean-data ${id}, ${log.count(rows)} rows  ${((Date.now() - started) / 1000).toFixed(1)} s`, { artifact: id, rows })
  const removed = await prune(volume, settings.keep)
  if (removed) log.info(`removed ${removed} older artifacts`)
}

/** Leave nothing of a run that ends early. */
function discard() {
  if (draft) fs.rmSync(draft, { recursive: true, force: true })
}

async function fail(error) {
  discard()
  const failure = asStageError(error, volume)
  try {
    await recordFailure(volume, failure ?? error, failure?.exitCode ?? 1)
  } catch (unwritable) {
    log.warning(`FAILED.json could not be written: ${unwritable.message}`)
  }
  if (!failure) throw error
  log.error(failure.message.replaceAll('\n', ' '), { exit_code: failure.exitCode })
  process.exit(failure.exitCode)
}

for (const [signal, code] of [['SIGTERM', 143], ['SIGINT', 130]]) {
  process.on(signal, () => {
    discard()
    process.exit(code)
  })
}

const [argument] = process.argv.slice(2)
if (argument === '--help') console.log(HELP)
else if (argument === '--version') console.log(`clean node ${version}`)
else if (argument !== undefined) {
  console.error(`${argument} is not an argument of this image; see --help`)
  process.exitCode = 2
} else run().catch(fail)
