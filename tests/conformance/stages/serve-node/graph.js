// A graph is one file: no external data, no training_info. This walks the messages of onnx.proto that may hold either.

const MESSAGES = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};
const REFUSED = { model: { 20: 'training_info' }, tensor: { 13: 'external data' } };

function varint(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (at >= bytes.length) throw new Error('model.onnx: cut short');
    value += (bytes[at] & 127) * scale;
    if (bytes[at++] < 128) return [value, at];
  }
}

export function checkGraph(bytes, message = 'model') {
  let at = 0;
  while (at < bytes.length) {
    let tag, size;
    [tag, at] = varint(bytes, at);
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (REFUSED[message]?.[field]) throw new Error(`model.onnx: has ${REFUSED[message][field]}; a graph is one file`);
    if (wire === 0) [, at] = varint(bytes, at);
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      [size, at] = varint(bytes, at);
      if (at + size > bytes.length) throw new Error('model.onnx: cut short');
      const inner = MESSAGES[message][field];
      if (inner) checkGraph(bytes.subarray(at, at + size), inner);
      at += size;
    } else throw new Error('model.onnx: no ONNX graph');
  }
}
