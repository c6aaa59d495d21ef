"""Conversions between pandas and Arrow without copying columns."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

HEAD_ROWS = 1024
"""Number of cells to check for repeated texts."""


def to_arrow(values: pd.Series) -> pa.Array:
    """Return a column's cells as one Arrow array."""
    array = pa.array(values)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def distinct_texts(cells: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return the distinct texts of a column, and for each cell the index of its text.

    Each distinct text is parsed once. If the texts hardly repeat, as in a key, the cells themselves
    are returned without indices. A dictionary may hold texts that no cell has.
    """
    if pa.types.is_dictionary(cells.type):
        if not cells.null_count:
            return cells.dictionary.cast(pa.string()), cells.indices
        cells = cells.dictionary_decode()
    cells = cells.cast(pa.string())
    head = cells.slice(0, HEAD_ROWS)
    if 2 * pc.count_distinct(head, mode="all").as_py() > len(head):
        return cells, None
    encoded = cells.dictionary_encode("encode")
    return encoded.dictionary, encoded.indices


def count_occurrences(indices: pa.Array | None, distinct: int) -> npt.NDArray[np.intp]:
    """Return the number of cells for each text of `distinct_texts`."""
    if indices is None:
        return np.ones(distinct, np.intp)
    return np.bincount(indices.to_numpy(), minlength=distinct)


def to_series(array: pa.Array, index: pd.Index | None = None) -> pd.Series:
    """Return a pandas column that keeps the Arrow type, so that integers may be missing."""
    return pd.Series(array, index=index, dtype=pd.ArrowDtype(array.type))


def to_frame(batch: pa.RecordBatch, index: pd.Index) -> pd.DataFrame:
    """Return a batch as a frame whose columns keep their Arrow types."""
    columns = {
        name: to_series(array, index)
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pd.DataFrame(columns, index=index)


def to_batch(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Return a frame as a batch of this schema."""
    arrays = [to_arrow(frame[field.name]).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
