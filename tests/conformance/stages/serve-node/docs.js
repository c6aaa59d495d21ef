// /docs and /openapi.json, made from the live model.

import { CellError } from './clean.js';
import { predictionOf } from './encode.js';

const TYPES = { string: 'string', number: 'number', integer: 'integer', boolean: 'boolean', date: 'string', datetime: 'string' };

// A row that works: of each column the first of some values that it accepts.
function exampleRow({ readers }) {
  return Object.fromEntries(readers.map(({ field, read }) => {
    const { constraints = {}, observed = {} } = field;
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = constraints;
    const text = 'a'.repeat(constraints.minLength ?? 1);
    const made = [
      observed.example, ...(constraints.enum ?? []), minimum, maximum, ...[exclusiveMinimum, exclusiveMaximum].flatMap((bound) => (typeof bound === 'number' ? [bound + 1, bound - 1, bound / 2] : [])),
      0, 1, 0.5, true, false, '2000-01-01', '2000-01-01T00:00:00Z', text, text.toUpperCase(), text.replaceAll('a', '0'), '1970-01-01', '2020-01-01', '9999-01-01',
    ];
    const works = made.find((value) => {
      try {
        return value !== undefined && read(value) !== null;
      } catch (error) {
        if (!(error instanceof CellError)) throw error;
        return false;
      }
    });
    return [field.name, works ?? null];
  }));
}

function columnSchema({ type, description, unit, constraints = {} }) {
  const schema = { type: [TYPES[type], 'null'] };
  if (type === 'date') schema.format = 'date';
  if (type === 'datetime') schema.format = 'date-time';
  if (description || unit) schema.description = [description, unit && `(${unit})`].filter(Boolean).join(' ');
  for (const key of ['minLength', 'maxLength']) if (key in constraints) schema[key] = constraints[key];
  for (const key of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']) if (typeof constraints[key] === 'number') schema[key] = constraints[key];
  if (constraints.required) schema.type = TYPES[type];
  return schema;
}

export function openApi(model, { name }) {
  const { document, readers, id } = model;
  const example = exampleRow(model);
  const row = {
    type: 'object',
    properties: Object.fromEntries([...readers.map(({ field }) => [field.name, columnSchema(field)]), ...document.signature.ignored.map((column) => [column, { description: 'ignored' }])]),
    required: readers.filter(({ field }) => field.constraints?.required).map(({ field }) => field.name),
    additionalProperties: false,
  };
  const answer = predictionOf(document, { prediction: [0], label: [0], probabilities: new Float32Array(document.classes?.length ?? 0), ...(document.interval && { low: [0], high: [0] }) }, 0);
  const problem = { description: 'A problem document (RFC 9457).', content: { 'application/problem+json': { schema: { type: 'object' } } } };
  const get = (summary, type = 'application/json') => ({ get: { summary, responses: { 200: { description: summary, content: { [type]: {} } }, 503: problem } } });
  return {
    openapi: '3.1.0',
    info: { title: name, version: id, description: `Predicts ${document.target.name}.` },
    paths: {
      '/predict': {
        post: {
          summary: `Predict ${document.target.name}`,
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: { type: 'object', required: ['rows'], properties: { rows: { type: 'array', items: row } } }, example: { rows: [example] } },
              'text/csv': { schema: { type: 'string' } },
            },
          },
          responses: {
            200: { description: 'One prediction for each row, in order.', content: { 'application/json': { example: { model: id, predictions: [answer] } }, 'text/csv': {} } },
            400: problem, 413: problem, 422: problem, 503: problem,
          },
        },
      },
      '/live': get('Whether the process answers'),
      '/ready': get('Whether a model is live'),
      '/model': get('The live model'),
      '/metrics': get('Metrics', 'text/plain'),
      '/report': get('The report of the model', 'text/html'),
    },
  };
}

const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export function docsPage(model, { name }) {
  const { document, readers, id } = model;
  const rows = readers.map(({ field }) => {
    const rules = JSON.stringify(field.constraints ?? {});
    return `<tr><td>${[field.name, field.type, field.description ?? '', field.unit ?? '', rules].map(escapeHtml).join('<td>')}`;
  });
  const request = JSON.stringify({ rows: [exampleRow(model)] }, null, 2);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(name)}</title>
<style>body{font:16px sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding:.2em 1em .2em 0}pre{background:#eee;padding:1em;overflow:auto}</style>
<h1>${escapeHtml(name)}</h1><p>Model ${id} predicts ${escapeHtml(document.target.name)}. <code>/openapi.json</code> describes it for programs.
<h2>A request that works</h2><p><code>POST /predict</code><pre>${escapeHtml(request)}</pre>
<h2>Columns</h2><table><tr><th>name<th>type<th>what<th>unit<th>rules${rows.join('')}</table>
<p>Ignored: ${escapeHtml(document.signature.ignored.join(', ') || 'none')}</html>
`;
}
