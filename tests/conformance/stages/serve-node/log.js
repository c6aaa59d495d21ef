// Logs go to standard output, as lines for people or, with LOG_FORMAT=json, as one JSON object each.

import { escaped } from './text.js';

export function log(message, level = 'info') {
  const text = escaped(message);
  const time = new Date().toISOString();
  process.stdout.write(process.env.LOG_FORMAT === 'json' ? `${JSON.stringify({ time, level, stage: 'serve', event: text })}\n` : `${time} serve: ${text}\n`);
}
