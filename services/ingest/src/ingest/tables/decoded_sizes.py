"""Sizes of values after decoding: few bytes of a dictionary or view may become gigabytes."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ingest.tables.batches import BATCH_BYTES


def longest_value(array: pa.Array) -> int:
    """Return the bytes of the longest text or binary value, 0 for other types.

    In a dictionary, unused values count as well.
    """
    lengths = _lengths(array.dictionary if pa.types.is_dictionary(array.type) else array)
    return 0 if lengths is None else pc.max(lengths).as_py() or 0


def split_to_batch_size(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, in halves if their decoded values are too large."""
    if rows.num_rows > 1 and decoded_bytes(rows) > BATCH_BYTES:
        half = rows.num_rows // 2
        yield from split_to_batch_size(rows.slice(0, half))
        yield from split_to_batch_size(rows.slice(half))
    else:
        yield rows


def decoded_bytes(rows: pa.RecordBatch) -> int:
    """Return the bytes of the values after decoding."""
    return sum(map(_decoded_bytes, rows.columns))


def _decoded_bytes(array: pa.Array) -> int:
    if isinstance(array, pa.ExtensionArray):
        return _decoded_bytes(array.storage)
    if pa.types.is_dictionary(array.type):
        lengths = _lengths(array.dictionary)
        used = lengths if lengths is None else lengths.take(array.indices)
    elif _is_view(array.type):
        used = _lengths(array)
    else:
        used = None
    return 0 if used is None else pc.sum(used).as_py() or 0


def _lengths(array: pa.Array) -> pa.Array | None:
    """Return the bytes of each value; None for types of fixed size."""
    if isinstance(array, pa.ExtensionArray):
        return _lengths(array.storage)
    if _is_view(array.type):
        return _view_lengths(array)
    try:
        return pc.binary_length(array)
    except pa.ArrowNotImplementedError:
        return None


def _view_lengths(array: pa.Array) -> pa.Array:
    """Return the first of the four integers of each view; Arrow has no kernel for views."""
    count = array.offset + len(array)
    views = pa.Array.from_buffers(pa.int32(), 4 * count, [None, array.buffers()[1]])
    lengths = pc.list_element(pa.FixedSizeListArray.from_arrays(views, 4), 0).slice(array.offset)
    return pc.if_else(array.is_valid(), lengths, None)


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))
