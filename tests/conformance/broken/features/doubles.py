"""train/ and test/ hold doubles."""

import pyarrow as pa
from features.feature_data import matrices

_schema = matrices.Matrices.schema.fget


def schema(self):
    wide = {pa.float32(): pa.float64()}
    return pa.schema([(each.name, wide.get(each.type, each.type)) for each in _schema(self)])


def make(self, batch):
    matrix = self.fitted.graph.run(self.fitted.plan.inputs.pack(batch))
    arrays = [pa.array(column) for column in [*matrix.T, self._targets(batch)]]
    typed = zip(arrays, schema(self).types, strict=True)
    return pa.RecordBatch.from_arrays([a.cast(kind) for a, kind in typed], schema=schema(self))


matrices.Matrices.schema = property(schema)
matrices.Matrices.make = make
