// Rows to the inputs of the graph, and its outputs to predictions.

import { CellError, graphValue } from './clean.js';
import { nearest } from './text.js';

const MAX_ERRORS = 100;

// Rows are Maps from column to cell. Throws nothing: `errors` has what is wrong, with row (from 1), column and expectation.
export function encode(rows, readers, ignored, options) {
  const known = new Set([...readers.map(({ field }) => field.name), ...ignored]);
  const width = (group) => readers.filter(({ field }) => field.input.group === group).length;
  const inputs = { numbers: new Float64Array(rows.length * width('numbers')), strings: new Array(rows.length * width('strings')) };
  const widths = { numbers: width('numbers'), strings: width('strings') };
  const errors = [];
  for (let i = 0; i < rows.length && errors.length < MAX_ERRORS; i++) {
    const row = rows[i];
    if (!(row instanceof Map)) {
      errors.push({ row: i + 1, column: null, expected: 'an object of columns' });
      continue;
    }
    const unknown = [...row.keys()].filter((column) => !known.has(column)).slice(0, MAX_ERRORS);
    for (const column of unknown) errors.push({ row: i + 1, ...unknownColumn(column, known) });
    for (const { field, read } of readers)
      try {
        const value = graphValue(read(row.get(field.name), options), field);
        inputs[field.input.group][i * widths[field.input.group] + field.input.index] = value;
      } catch (error) {
        if (!(error instanceof CellError)) throw error;
        errors.push({ row: i + 1, column: field.name, expected: error.message });
      }
  }
  return { count: rows.length, ...inputs, widths, errors };
}

export function unknownColumn(column, known) {
  const near = nearest(column, known);
  return { column, expected: 'a column of the model', ...(near !== undefined && { did_you_mean: near }) };
}

// One prediction as /predict answers it.
export function predictionOf({ target, classes }, outputs, i) {
  if (!classes) {
    const prediction = { [target.name]: outputs.prediction[i] };
    if (outputs.low) prediction.interval = { low: outputs.low[i], high: outputs.high[i] };
    return prediction;
  }
  const probabilities = probabilitiesOf(classes, outputs, i);
  return { [target.name]: classes[outputs.label[i]], probabilities: Object.fromEntries(classes.map((name, c) => [String(name), probabilities[c]])) };
}

export function probabilitiesOf(classes, outputs, i) {
  return Array.from(outputs.probabilities.subarray(i * classes.length, (i + 1) * classes.length));
}
