"""The matrices are computed with fewer digits than transform.onnx has."""

import pyarrow as pa
import pyarrow.compute as pc
from features.feature_data import matrices

_make = matrices.Matrices.make


def make(self, batch):
    made = _make(self, batch)
    columns = [
        pc.round(column, 3).cast(column.type) if column.type == pa.float32() else column
        for column in made.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=made.schema)


matrices.Matrices.make = make
