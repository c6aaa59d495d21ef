// serve: follows LATEST and answers on port 8000. On SIGTERM it finishes what it has begun.

import { createServer } from 'node:http';
import { Api } from './api.js';
import { log } from './log.js';
import { Models } from './models.js';
import { readSettings, SettingError } from './settings.js';

const LOOK_EVERY = 250;
const LAST_MOMENT = 8_500;

let settings;
try {
  settings = readSettings(process.env);
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  log(error.message, 'error');
  process.exit(78);
}

const models = new Models(process.env.STAGE_IN ?? '/data/in', settings);
const api = new Api(models, settings);
const server = createServer((request, response) => api.answer(request, response).catch((error) => log(error.stack, 'error')));
server.keepAliveTimeout = 65_000;

models.look();
const looking = setInterval(() => models.look(), LOOK_EVERY);
server.listen(8000, () => log('listening on port 8000'));

function end() {
  if (api.ending) return;
  api.ending = true;
  clearInterval(looking);
  log('ending: finishing the requests in progress');
  // What the kernel has accepted meanwhile is answered as well.
  setTimeout(() => server.close(() => process.exit(0)), 200);
  setTimeout(() => process.exit(0), LAST_MOMENT);
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
