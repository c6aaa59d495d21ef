// Logs go to standard output, as lines for people or, with LOG_FORMAT=json, as one JSON object each.

import { escaped } from './text.js';

export function log(message) {
  const text = escaped(message);
  const time = new Date().toISOString();
  process.stdout.write(process.env.LOG_FORMAT === 'json' ? `${JSON.stringify({ time, stage: 'serve', message: text })}\n` : `${time} serve: ${text}\n`);
}
