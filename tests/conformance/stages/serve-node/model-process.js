// A process of its own for each model: it verifies the artifact, tries the graph on the examples, and then answers rows.
// What a bad model does to it, it does not do to the server: the process has its own memory and can be ended at any time.

import { readModel } from './artifact.js';
import { encode, probabilitiesOf } from './encode.js';
import { checkGraph } from './graph.js';
import { parseJson } from './json.js';
import { readersOf } from './signature.js';
import ort from 'onnxruntime-node';

const TOLERANCE = 1e-5;
const BATCH = 4096;
const [volume, id] = process.argv.slice(2);

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // the server ends it

function checkDocument({ task, target, classes, signature, metrics, interval }) {
  const right =
    ['regression', 'classification'].includes(task) && typeof target?.name === 'string' && signature && typeof metrics === 'object' &&
    (task === 'regression' ? classes === null : Array.isArray(classes) && classes.length >= 2);
  if (!right) throw new Error('model.json: a member is missing or wrong');
  const taken = task === 'classification' ? ['probabilities'] : interval ? ['interval', 'low', 'high'] : [];
  if (taken.includes(target.name)) throw new Error(`model.json: the target must not be called ${target.name}`);
}

// Runs rows through the graph, some thousand at a time, and joins the outputs.
function runner(session, { classes, interval }) {
  const widths = classes ? { label: 1, probabilities: classes.length } : interval ? { prediction: 1, low: 1, high: 1 } : { prediction: 1 };
  for (const name of [...Object.keys(widths)]) if (!session.outputNames.includes(name)) throw new Error(`model.onnx: no output ${name}`);
  if (!interval && !classes && session.outputNames.includes('low')) throw new Error('model.onnx: an interval that model.json does not know');
  return async ({ count, numbers, strings, widths: inputs }) => {
    const joined = Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, new Float32Array(count * width)]));
    for (let start = 0; start < count; start += BATCH) {
      const size = Math.min(BATCH, count - start);
      const feeds = {};
      const part = (values, width) => values.slice(start * width, (start + size) * width);
      if (inputs.numbers) feeds.numbers = new ort.Tensor('float64', part(numbers, inputs.numbers), [size, inputs.numbers]);
      if (inputs.strings) feeds.strings = new ort.Tensor('string', part(strings, inputs.strings), [size, inputs.strings]);
      const outputs = await session.run(feeds, Object.keys(widths));
      for (const [name, width] of Object.entries(widths)) {
        const values = Float32Array.from(outputs[name].data, Number);
        if (values.length !== size * width || !values.every(Number.isFinite)) throw new Error(`model.onnx: ${name} has another shape, or is not finite`);
        joined[name].set(values, start * width);
      }
    }
    if (classes && joined.label.some((label) => !(label in classes))) throw new Error('model.onnx: a label that is not a class');
    return joined;
  };
}

// Every example must come out as it says.
async function tryExamples(text, run, readers, { classes, interval, signature }) {
  const lines = text.split('\n').filter((line) => line.trim() !== '').map(parseJson);
  const encoded = encode(lines.map((line) => line.get('row')), readers, signature.ignored, { constrained: false });
  if (encoded.errors.length) throw new Error(`examples.jsonl: row ${encoded.errors[0].row}: expected ${encoded.errors[0].expected}`);
  const outputs = await run(encoded);
  lines.forEach((line, i) => {
    const expected = line.get('expected');
    let [got, wanted, scale] = [[outputs.prediction?.[i]], [expected], 1];
    if (classes) [got, wanted] = [probabilitiesOf(classes, outputs, i), expected];
    else if (interval) [got, wanted] = [[...got, outputs.low[i], outputs.high[i]], [expected, ...line.get('interval')]];
    if (!classes) scale = Math.max(1, ...wanted.map(Math.abs));
    const close = wanted.length === got.length && wanted.every((value, k) => Math.abs(got[k] - value) <= TOLERANCE * scale);
    if (!close) throw new Error(`examples.jsonl: line ${i + 1} is answered otherwise than it says`);
  });
}

try {
  const { manifest, files } = readModel(volume, id);
  const document = JSON.parse(files['model.json'].toString('utf8'));
  checkDocument(document);
  const readers = readersOf(document.signature);
  checkGraph(files['model.onnx']);
  const session = await ort.InferenceSession.create(files['model.onnx'], { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const run = runner(session, document);
  await tryExamples(files['examples.jsonl'].toString('utf8'), run, readers, document);
  process.send({ ready: { manifest, document, report: files['report.html']?.toString('utf8'), examples: files['examples.jsonl'].toString('utf8') } });
  process.on('message', async ({ request, inputs }) => {
    try {
      process.send({ request, outputs: await run(inputs) });
    } catch (error) {
      process.send({ request, error: error.message });
    }
  });
} catch (error) {
  process.send({ refused: error.message }, () => process.exit());
}
