// The routes: contract/reference/api.md.

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { CsvError, readTable, writeTable } from './csv.js';
import { docsPage, openApi } from './docs.js';
import { encode, predictionOf, probabilitiesOf, unknownColumn } from './encode.js';
import { parseJson } from './json.js';
import { log } from './log.js';
import { Metrics } from './metrics.js';

const NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
const DRAIN = 5_000;
const DATATYPES = { string: 'BYTES', number: 'FP64', integer: 'INT64', boolean: 'BOOL', date: 'BYTES', datetime: 'BYTES' };
const TITLES = { 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed', 413: 'Content Too Large', 422: 'Unprocessable Content', 500: 'Internal Server Error', 503: 'Service Unavailable' };

class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    Object.assign(this, { status, more });
  }
}

const json = (value, status = 200) => ({ status, type: 'application/json', body: JSON.stringify(value) });

export class Api {
  ending = false;
  #metrics = new Metrics();

  constructor(models, settings) {
    Object.assign(this, { models, settings });
  }

  async answer(request, response) {
    const started = performance.now();
    const [pathname] = request.url.split('?');
    let route = 'other';
    let result;
    try {
      const found = this.#find(pathname);
      route = found.route;
      const handler = found.methods[request.method === 'HEAD' ? 'GET' : request.method];
      if (!handler) throw new Problem(405, `${request.method} is not allowed here`, { headers: { allow: Object.keys(found.methods).join(', ') } });
      result = await handler(request, ...found.parameters);
    } catch (error) {
      if (!(error instanceof Problem)) log(`${request.method} ${route}: ${error.stack}`, 'error');
      result = problem(error instanceof Problem ? error : new Problem(500, 'The server has failed; its log says why.'), pathname);
    }
    this.#metrics.count(route, result.status, (performance.now() - started) / 1000);
    const body = Buffer.from(result.body ?? '');
    const headers = { 'content-type': result.type, 'content-length': body.length, 'x-content-type-options': 'nosniff', ...result.headers };
    if (this.ending || result.status === 413) headers.connection = 'close';
    response.writeHead(result.status, headers);
    if (request.method !== 'HEAD') response.write(body);
    // Who is still sending would not see an answer on a connection that is closed.
    if (result.status === 413 && !request.complete) await Promise.race([once(request, 'close'), setTimeout(DRAIN)]);
    response.end();
  }

  #routes = [
    ['/predict', { POST: (request) => this.#predict(request) }],
    ['/live', { GET: () => json({ status: 'live' }) }],
    ['/ready', { GET: () => this.#ready() }],
    ['/model', { GET: () => json(this.#description()) }],
    ['/metrics', { GET: () => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: this.#metrics.text(this.models) }) }],
    ['/report', { GET: () => this.#report() }],
    ['/openapi.json', { GET: () => json(openApi(this.#live(), this.settings)) }],
    ['/docs', { GET: () => ({ status: 200, type: 'text/html; charset=utf-8', body: docsPage(this.#live(), this.settings), headers: { 'content-security-policy': NOTHING } }) }],
    ['/ping', { GET: () => json({ model: this.#live().id }) }],
    ['/invocations', { POST: (request) => this.#invocations(request) }],
    ['/v2', { GET: () => json({ name: 'serve-node', version: '0.1.0', extensions: [] }) }],
    ['/v2/health/live', { GET: () => json({ live: true }) }],
    ['/v2/health/ready', { GET: () => json({ ready: Boolean(this.#live()) }) }],
    ['/v2/models/:name', { GET: (_, name) => this.#metadata(name) }],
    ['/v2/models/:name/ready', { GET: (_, name) => json({ name: this.#named(name) && name, ready: true }) }],
    ['/v2/models/:name/infer', { POST: (request, name) => this.#infer(request, name) }],
    ['/v2/models/:name/versions/:version', { GET: (_, name, version) => this.#metadata(name, version) }],
    ['/v2/models/:name/versions/:version/ready', { GET: (_, name, version) => json({ name: this.#named(name, version) && name, ready: true }) }],
    ['/v2/models/:name/versions/:version/infer', { POST: (request, name, version) => this.#infer(request, name, version) }],
  ].map(([route, methods]) => ({ route, methods, pattern: new RegExp(`^${route.replace(/:\w+/g, '([^/]+)')}$`) }));

  #find(pathname) {
    for (const { route, methods, pattern } of this.#routes) {
      const match = pattern.exec(pathname);
      if (!match) continue;
      try {
        return { route, methods, parameters: match.slice(1).map(decodeURIComponent) };
      } catch {
        break; // no UTF-8 behind a percent sign
      }
    }
    throw new Problem(404, 'No such route; GET /docs has them.');
  }

  #live() {
    if (this.models.live) return this.models.live;
    const { refused } = this.models;
    throw new Problem(503, refused ? `No model is live: ${refused.id} is refused: ${refused.reason}` : 'No model is live yet.');
  }

  #ready() {
    const { id } = this.#live();
    const { refused } = this.models;
    return json({ model: id, ...(refused && { refused }) });
  }

  #description() {
    const { manifest, document } = this.#live();
    const { id, content, lineage } = manifest;
    const { metrics, classes, signature } = document;
    return { id, name: this.settings.name, content, lineage, metrics, classes, signature };
  }

  #report() {
    const { report } = this.#live();
    if (report === undefined) throw new Problem(404, 'This model has no report.');
    return { status: 200, type: 'text/html; charset=utf-8', body: report, headers: { 'content-security-policy': NOTHING } };
  }

  // The whole body. What follows one that is too long is read, too, but not kept.
  #body(request) {
    const most = this.settings.max_body_mb * 2 ** 20;
    const tooLong = () => new Problem(413, `The body is too long; at most ${this.settings.max_body_mb} MB.`);
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new Problem(400, `The body has the encoding ${encoding}; expected none.`);
    return new Promise((resolve, reject) => {
      const chunks = [];
      let size = 0;
      if (Number(request.headers['content-length']) > most) reject(tooLong());
      request.on('data', (chunk) => {
        size += chunk.length;
        if (size <= most) chunks.push(chunk);
        else reject(tooLong());
      });
      request.on('end', () => resolve(Buffer.concat(chunks)));
      request.on('error', () => reject(new Problem(400, 'The client has gone.')));
    });
  }

  async #json(request, options) {
    const body = await this.#body(request);
    try {
      return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body), options);
    } catch (error) {
      throw new Problem(400, `The body is no JSON in UTF-8: ${error.message}`);
    }
  }

  // Outputs of the graph for rows; a wrong row is a problem.
  async #run(model, rows, options) {
    if (rows.length === 0) throw new Problem(422, 'The body has no rows; expected one at least.');
    if (rows.length > this.settings.max_rows) throw new Problem(413, `${rows.length} rows are too many; at most ${this.settings.max_rows} in a request.`);
    const { errors, ...inputs } = encode(rows, model.readers, model.document.signature.ignored, options);
    if (errors.length) throw new Problem(422, sentence(errors[0]), { errors });
    const outputs = await model.run(inputs);
    this.#metrics.rows += rows.length;
    return outputs;
  }

  async #predict(request) {
    this.#live();
    if (isCsv(request)) return this.#predictTable(request);
    const body = await this.#json(request, { mayHoldNaN: false });
    const rows = body instanceof Map ? body.get('rows') : undefined;
    if (!Array.isArray(rows)) throw new Problem(422, 'The body has no rows; expected {"rows": [{column: value}, …]}.');
    const model = this.#live();
    const outputs = await this.#run(model, rows);
    return json({ model: model.id, predictions: rows.map((_, i) => predictionOf(model.document, outputs, i)) });
  }

  // The rows of a CSV body, for the model that is live once it has come.
  async #table(request) {
    const body = await this.#body(request);
    const model = this.#live();
    const { signature } = model.document;
    const names = new Set([...signature.fields.map(({ name }) => name), ...signature.ignored]);
    let table;
    try {
      table = readTable(body, names, model.manifest.lineage);
    } catch (error) {
      if (error instanceof CsvError) throw new Problem(400, `The body is no CSV: ${error.message}.`);
      throw error;
    }
    const { header, columns, rows } = table;
    const errors = header.flatMap((cell, i) => (columns[i] === null ? [{ row: 1, ...unknownColumn(cell, names) }] : []));
    rows.forEach((row, i) => {
      if (row.length !== header.length) errors.push({ row: i + 1, column: null, expected: `${header.length} cells, as in the header` });
    });
    if (errors.length) throw new Problem(422, sentence(errors[0]), { errors: errors.slice(0, 100) });
    const outputs = await this.#run(model, rows.map((row) => new Map(row.map((cell, i) => [columns[i], cell]))), { written: true });
    return { model, header, rows, outputs };
  }

  async #predictTable(request) {
    const { model, header, rows, outputs } = await this.#table(request);
    const { target, classes, interval } = model.document;
    const more = classes ? classes.map((name) => `probability_${name}`) : interval ? [`predicted_${target.name}_low`, `predicted_${target.name}_high`] : [];
    const written = rows.map((row, i) => {
      if (classes) return [...row, classes[outputs.label[i]], ...probabilitiesOf(classes, outputs, i)];
      return [...row, outputs.prediction[i], ...(interval ? [outputs.low[i], outputs.high[i]] : [])];
    });
    return { status: 200, type: 'text/csv; charset=utf-8', body: writeTable([[...header, `predicted_${target.name}`, ...more], ...written]), headers: { 'x-model': model.id } };
  }

  // MLflow

  async #invocations(request) {
    this.#live();
    if (isCsv(request)) {
      const { model, rows, outputs } = await this.#table(request);
      return json({ predictions: rows.map((_, i) => plain(model.document, outputs, i)) });
    }
    const rows = mlflowRows(await this.#json(request));
    const model = this.#live();
    const outputs = await this.#run(model, rows);
    return json({ predictions: rows.map((_, i) => plain(model.document, outputs, i)) });
  }

  // Open Inference Protocol

  #named(name, version) {
    const model = this.#live();
    if (name !== this.settings.name) throw new Problem(404, `No model ${name}; it is called ${this.settings.name}.`);
    if (version !== undefined && version !== model.id) throw new Problem(404, `Version ${version} is not live; it is ${model.id}.`);
    return model;
  }

  #metadata(name, version) {
    const { id, document } = this.#named(name, version);
    const inputs = document.signature.fields.map((field) => ({ name: field.name, datatype: datatypeOf(field), shape: [-1, 1] }));
    const outputs = outputsOf(document).map(({ name: output, datatype, width }) => ({ name: output, datatype, shape: [-1, width] }));
    return json({ name, versions: [id], platform: 'onnxruntime_onnx', inputs, outputs });
  }

  async #infer(request, name, version) {
    this.#named(name, version);
    const body = await this.#json(request);
    const model = this.#named(name, version);
    const rows = tensorRows(body, model.document.signature.fields);
    const wanted = body.get('outputs')?.map((output) => output.get('name'));
    const available = outputsOf(model.document);
    for (const output of wanted ?? []) if (!available.some((one) => one.name === output)) throw new Problem(400, `No output ${output}.`);
    const outputs = await this.#run(model, rows);
    return json({
      model_name: name,
      model_version: model.id,
      ...(body.has('id') && { id: body.get('id') }),
      outputs: available
        .filter((output) => !wanted || wanted.includes(output.name))
        .map((output) => ({ name: output.name, datatype: output.datatype, shape: [rows.length, output.width], data: rows.flatMap((_, i) => output.data(outputs, i)) })),
    });
  }
}

function isCsv(request) {
  return /^text\/csv\b/i.test(request.headers['content-type'] ?? '');
}

function sentence({ row, column, expected }) {
  return `Row ${row}${column === null ? '' : `, column ${JSON.stringify(column)}`}: expected ${expected}.`;
}

function problem({ status, message, more: { errors, headers } }, pathname) {
  if (pathname.startsWith('/v2')) return { ...json({ error: message, ...(errors && { errors }) }, status), headers };
  if (pathname === '/invocations') return { ...json({ error_code: status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR', message, ...(errors && { errors }) }, status), headers };
  return { ...json({ type: 'about:blank', title: TITLES[status], status, detail: message, ...(errors && { errors }) }, status), type: 'application/problem+json', headers };
}

// MLflow wants a number or a class.
function plain({ classes }, outputs, i) {
  return classes ? classes[outputs.label[i]] : outputs.prediction[i];
}

// The rows of MLflow's four forms.
function mlflowRows(body) {
  const unreadable = () => new Problem(422, 'Expected one of dataframe_split, dataframe_records, instances and inputs.');
  if (!(body instanceof Map)) throw unreadable();
  if (body.has('dataframe_split')) {
    const [columns, data] = ['columns', 'data'].map((key) => body.get('dataframe_split')?.get?.(key));
    if (!Array.isArray(columns) || !Array.isArray(data)) throw new Problem(422, 'dataframe_split needs columns and data.');
    const doubled = columns.find((column, i) => columns.indexOf(column) !== i);
    if (doubled !== undefined) throw new Problem(422, `dataframe_split has two columns ${JSON.stringify(doubled)}.`);
    return data.map((row, i) => {
      if (!Array.isArray(row) || row.length !== columns.length) throw new Problem(422, `Row ${i + 1}: expected ${columns.length} values, as in columns.`);
      return new Map(row.map((cell, c) => [columns[c], cell]));
    });
  }
  for (const key of ['dataframe_records', 'instances', 'inputs']) {
    const rows = body.get(key);
    if (Array.isArray(rows)) return rows;
    if (rows instanceof Map && key === 'inputs') return rowsOfColumns([...rows]);
  }
  throw unreadable();
}

function rowsOfColumns(columns) {
  const counts = new Set(columns.map(([, values]) => (Array.isArray(values) ? values.length : 1)));
  if (counts.size !== 1) throw new Problem(422, 'The columns of inputs have no number of rows in common.');
  return Array.from({ length: [...counts][0] }, (_, i) => new Map(columns.map(([name, values]) => [name, Array.isArray(values) ? [values[i]].flat()[0] : values])));
}

// INT64 and BOOL have no value for missing.
function datatypeOf({ type, constraints }) {
  return ['integer', 'boolean'].includes(type) && !constraints?.required ? 'FP64' : DATATYPES[type];
}

// The rows of the tensors of an inference request. A boolean that may be missing comes as a number.
function tensorRows(body, fields) {
  const booleans = new Set(fields.filter(({ type }) => type === 'boolean').map(({ name }) => name));
  const inputs = body instanceof Map ? body.get('inputs') : undefined;
  if (!Array.isArray(inputs) || inputs.length === 0) throw new Problem(400, 'The request has no inputs.');
  if (body.has('outputs') && !(Array.isArray(body.get('outputs')) && body.get('outputs').every((output) => output instanceof Map))) throw new Problem(400, 'outputs is not a list of objects.');
  let count;
  const columns = inputs.map((input) => {
    const [name, shape, datatype, data] = ['name', 'shape', 'datatype', 'data'].map((key) => input?.get?.(key));
    if (typeof name !== 'string' || !Array.isArray(shape) || typeof datatype !== 'string' || !Array.isArray(data)) throw new Problem(400, 'An input needs name, shape, datatype and data.');
    const values = data.flat(Infinity);
    if (!(shape.length === 2 && shape[1] === 1) && shape.length !== 1) throw new Problem(400, `Input ${name}: expected the shape [rows, 1].`);
    if (values.length !== shape[0] || (count !== undefined && count !== shape[0])) throw new Problem(400, `Input ${name}: its shape is not that of its data, or of the other inputs.`);
    count = shape[0];
    return [name, booleans.has(name) && datatype !== 'BOOL' ? values.map((value) => (value === 0 || value === 1 ? value === 1 : value)) : values];
  });
  if (new Set(columns.map(([name]) => name)).size !== columns.length) throw new Problem(400, 'Two inputs have one name.');
  return Array.from({ length: count }, (_, i) => new Map(columns.map(([name, values]) => [name, values[i]])));
}

// The outputs of the protocol.
function outputsOf({ target, classes, interval }) {
  if (!classes) {
    const number = (name, output) => ({ name, datatype: 'FP32', width: 1, data: (outputs, i) => [outputs[output][i]] });
    return [number(target.name, 'prediction'), ...(interval ? [number('low', 'low'), number('high', 'high')] : [])];
  }
  const datatype = { string: 'BYTES', number: 'INT64', boolean: 'BOOL' }[typeof classes[0]];
  return [
    { name: target.name, datatype, width: 1, data: (outputs, i) => [classes[outputs.label[i]]] },
    { name: 'probabilities', datatype: 'FP32', width: classes.length, data: (outputs, i) => probabilitiesOf(classes, outputs, i) },
  ];
}
