"""How long values are once dictionaries and views are plain: few bytes may stand for gigabytes."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ingest.tables.batches import BATCH_BYTES


def longest_value(array: pa.Array) -> int:
    """Return the bytes of the longest text or binary value, 0 for other types.

    Of a dictionary every value counts, used or not.
    """
    lengths = _lengths(array.dictionary if pa.types.is_dictionary(array.type) else array)
    return 0 if lengths is None else pc.max(lengths).as_py() or 0


def bounded(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, halved where their values would take too much with plain types."""
    if rows.num_rows > 1 and copied_bytes(rows) > BATCH_BYTES:
        half = rows.num_rows // 2
        yield from bounded(rows.slice(0, half))
        yield from bounded(rows.slice(half))
    else:
        yield rows


def copied_bytes(rows: pa.RecordBatch) -> int:
    """Return how many bytes of values are copied when the columns get plain types."""
    return sum(map(_copied_bytes, rows.columns))


def _copied_bytes(array: pa.Array) -> int:
    if isinstance(array, pa.ExtensionArray):
        return _copied_bytes(array.storage)
    if pa.types.is_dictionary(array.type):
        lengths = _lengths(array.dictionary)
        used = lengths if lengths is None else lengths.take(array.indices)
    elif _is_view(array.type):
        used = _lengths(array)
    else:
        used = None
    return 0 if used is None else pc.sum(used).as_py() or 0


def _lengths(array: pa.Array) -> pa.Array | None:
    """Return the bytes of each value, None for types whose values have no length of their own."""
    if isinstance(array, pa.ExtensionArray):
        return _lengths(array.storage)
    if _is_view(array.type):
        return _view_lengths(array)
    try:
        return pc.binary_length(array)
    except pa.ArrowNotImplementedError:
        return None


def _view_lengths(array: pa.Array) -> pa.Array:
    """Return what the first of the four integers of each view says: no kernel knows views."""
    count = array.offset + len(array)
    views = pa.Array.from_buffers(pa.int32(), 4 * count, [None, array.buffers()[1]])
    lengths = pc.list_element(pa.FixedSizeListArray.from_arrays(views, 4), 0).slice(array.offset)
    return pc.if_else(array.is_valid(), lengths, None)


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))
