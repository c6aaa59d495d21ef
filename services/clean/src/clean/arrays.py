"""Between pandas and Arrow: columns change hands without being copied."""

import pandas as pd
import pyarrow as pa


def to_arrow(values: pd.Series) -> pa.Array:
    """Return a column's cells as one Arrow array."""
    array = pa.array(values)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def to_series(array: pa.Array, index: pd.Index | None = None) -> pd.Series:
    """Return a pandas column that keeps Arrow's type, so that an integer may be missing."""
    return pd.Series(array, index=index, dtype=pd.ArrowDtype(array.type))


def to_frame(batch: pa.RecordBatch, index: pd.Index) -> pd.DataFrame:
    """Return a batch as a frame whose columns keep their Arrow types."""
    columns = {
        name: to_series(array, index)
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pd.DataFrame(columns, index=index)


def to_batch(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Return a frame as a batch of exactly this schema."""
    arrays = [to_arrow(frame[field.name]).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
