// Logs on standard output: lines for people, or one JSON object a line with LOG_FORMAT=json.

import fs from 'node:fs'

const STAGE = 'clean'
const REPORT_MS = 5000

export const count = number => number.toLocaleString('en-US')

function write(level, event, facts) {
  const line = process.env.LOG_FORMAT === 'json'
    ? JSON.stringify({ time: new Date().toISOString(), level, stage: STAGE, event, ...facts })
    : `${STAGE.padEnd(9)} ${level === 'info' ? '' : `${level}: `}${event}`
  // Synchronous, so that the last line is out when the process ends.
  fs.writeSync(1, `${escaped(line)}\n`)
}

/** Write what a terminal does not print as JSON does, so that a cell forges and hides no line. */
export function escaped(text) {
  const unit = (match, index) => `\\u${match.charCodeAt(index).toString(16).padStart(4, '0')}`
  return text.replace(/(?! )[\p{C}\p{Z}]/gu, match => Array.from(match.split(''), (_, index) => unit(match, index)).join(''))
}

export const info = (event, facts) => write('info', event, facts)
export const warning = (event, facts) => write('warning', event, facts)
export const error = (event, facts) => write('error', event, facts)

/** Report done, total, rate and time left of long work, every few seconds. */
export function progress(what, total) {
  const start = Date.now()
  let reported = start
  let done = 0
  return rows => {
    done += rows
    const now = Date.now()
    if (now - reported < REPORT_MS) return
    reported = now
    const rate = done / ((now - start) / 1000)
    const left = Math.round((total - done) / rate)
    info(`${count(done)} of ${count(total)} ${what}, ${count(Math.round(rate))}/s, ${left} s left`, { done, total, rate, seconds_left: left })
  }
}
