// Which model is live. LATEST is followed; a model goes live once its process has tried it, and the one before answers until then.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { accepted, pointer } from './artifact.js';
import { log } from './log.js';
import { readersOf } from './signature.js';

const PROGRAM = fileURLToPath(new URL('model-process.js', import.meta.url));
const MIN_PAUSE_MS = 15_000;
const MAX_PAUSE_MS = 600_000;

// The shortest decimal number that is the same float32: what the graph answers has no more digits.
function shortest(value) {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

// A model in its process.
class Model {
  #child;
  #waiting = new Map();
  #requests = 0;
  #retired = false;

  constructor(child, { manifest, document, report, examples }) {
    Object.assign(this, { id: manifest.id, manifest, document, report, examples, readers: readersOf(document.signature) });
    this.#child = child;
    child.on('message', ({ request, outputs, error }) => {
      const { resolve, reject } = this.#waiting.get(request);
      this.#waiting.delete(request);
      if (error) reject(new Error(error));
      else resolve(Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, Float64Array.from(values, shortest)])));
      this.#endIfIdle();
    });
    child.on('exit', () => this.#waiting.forEach(({ reject }) => reject(new Error('the process of the model has ended'))));
  }

  run(inputs) {
    return new Promise((resolve, reject) => {
      const request = this.#requests++;
      this.#waiting.set(request, { resolve, reject });
      this.#child.send({ request, inputs }, (error) => error && reject(error));
    });
  }

  // Ends the process once it has answered everything.
  retire() {
    this.#retired = true;
    this.#endIfIdle();
  }

  #endIfIdle() {
    if (this.#retired && this.#waiting.size === 0) this.#child.kill('SIGKILL');
  }
}

// Tries a model within limits of memory and time.
function tryModel(volume, id, { trial_seconds: seconds, trial_memory_mb: megabytes }) {
  const limited = ['-c', 'echo 1000 >/proc/self/oom_score_adj; ulimit -c 0; ulimit -d "$0"; exec "$@"', String(megabytes * 1024), process.execPath, PROGRAM, volume, id];
  const child = spawn('/bin/sh', limited, { stdio: ['ignore', 'inherit', 'ignore', 'ipc'], serialization: 'advanced' });
  const model = new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the trial took more than ${seconds} s`));
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.once('message', ({ ready, refused }) => {
      clearTimeout(timer);
      if (refused !== undefined) reject(new Error(refused));
      else resolve(new Model(child, ready));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the trial ended with ${signal ?? code}; it may use ${megabytes} MB`));
    });
  });
  return { child, model, stop: () => child.kill('SIGKILL') };
}

export class Models {
  live = null;
  refused = null; // {id, reason} of the model that LATEST names, if it is not served
  #turn = {};
  #wanted = null;
  #retryAt = Infinity;
  #failures = 0;

  constructor(volume, settings) {
    Object.assign(this, { volume, settings });
  }

  // Looks at LATEST once.
  look() {
    const latest = pointer(this.volume, 'LATEST');
    if (latest === null) return;
    const moved = latest !== this.#wanted;
    if (!moved && Date.now() < this.#retryAt) return;
    if (moved) this.#failures = 0;
    this.#wanted = latest;
    this.#retryAt = Infinity;
    this.#follow(latest).catch((error) => log(`following LATEST failed: ${error.stack}`, 'error'));
  }

  async #follow(latest) {
    this.#turn.stop?.();
    const turn = (this.#turn = {});
    if (latest !== this.refused?.id) this.refused = null;
    for (const id of this.#candidates(latest)) {
      if (id === this.live?.id) break;
      const trial = tryModel(this.volume, id, this.settings);
      turn.stop = trial.stop;
      log(`model ${id}: trying it`);
      try {
        const model = await trial.model;
        if (this.#turn !== turn) return trial.stop();
        turn.stop = undefined;
        this.#goLive(model, trial.child);
        if (id === latest) this.refused = null;
        break;
      } catch (error) {
        if (this.#turn !== turn) return;
        log(`model ${id}: refused: ${error.message}`, 'error');
        if (id === latest) this.refused = { id, reason: error.message };
      }
    }
    // The cause may go: a limit of time on a busy machine, a damaged file that is repaired.
    if (this.refused) this.#retryAt = Date.now() + Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** this.#failures++);
  }

  // LATEST, and if nothing is live after that, the newest that was accepted.
  *#candidates(latest) {
    yield latest;
    if (this.live === null) yield* accepted(this.volume).filter((id) => id !== latest);
  }

  #goLive(model, child) {
    const before = this.live;
    this.live = model;
    before?.retire();
    log(`model ${model.id}: live`);
    child.once('exit', (code, signal) => {
      if (this.live !== model) return;
      log(`model ${model.id}: its process ended with ${signal ?? code}; starting it again`);
      this.live = null;
      this.#wanted = null;
    });
  }
}
