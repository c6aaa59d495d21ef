"""The columns of an Arrow batch, taken out of its buffers."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

import numpy as np

from serve.codecs.arrow.batches import Batch
from serve.codecs.arrow.schemas import Field, Type
from serve.codecs.columns import (
    Cells,
    Datetimes,
    Missing,
    Numbers,
    Strange,
    Texts,
    chosen,
    with_none,
)

_LONGEST_IN_VIEW: Final = 12
"""A longer text stands in another buffer."""
_VIEW: Final = np.dtype([("length", "<i4"), ("head", "V4"), ("buffer", "<i4"), ("begin", "<i4")])
_INT32: Final = np.dtype("<i4")
_INT64: Final = np.dtype("<i8")
_MILLISECONDS_A_DAY: Final = 86_400_000


def read_array(batch: Batch, field: Field) -> Cells:
    """Return a column whose values stand in the batch.

    Raises:
        ValueError, IndexError: it can't be read.
    """
    read = _READERS.get(field.type.name)
    if read is None:
        return Strange(field.type.name)
    first = batch.first(field)
    return read(batch, field.type, first, batch.missing(field, first))


def read_codes(batch: Batch, field: Field, dictionary: Cells) -> Cells:
    """Return a column whose values stand in a dictionary.

    Raises:
        ValueError, IndexError: it can't be read.
    """
    first = batch.first(field)
    missing = batch.missing(field, first)
    codes = batch.array(first + 1, field.index.number, batch.rows).astype(np.int64)
    if missing is not None:
        codes = np.where(missing, 0, codes)
    if (codes < 0).any():
        raise IndexError("a code is negative")
    cells = chosen(dictionary, codes, missing)
    if isinstance(cells, Texts):
        batch.text.take(sum(map(len, filter(None, cells.values))))
    return cells


def _read_null(batch: Batch, _type: Type, _first: int, _missing: Missing) -> Texts:
    return Texts([None] * batch.rows)


def _read_number(batch: Batch, type_: Type, first: int, missing: Missing) -> Numbers:
    return Numbers(batch.array(first + 1, type_.number, batch.rows), missing)


def _read_bool(batch: Batch, _type: Type, first: int, missing: Missing) -> Numbers:
    return Numbers(batch.bits(first + 1), missing)


def _read_date(batch: Batch, type_: Type, first: int, missing: Missing) -> Datetimes:
    if type_.unit == "D":
        days = batch.array(first + 1, _INT32, batch.rows).astype(np.int64)
    else:
        days = batch.array(first + 1, _INT64, batch.rows) // _MILLISECONDS_A_DAY
    return Datetimes(days, "D", has_zone=False, missing=missing)


def _read_timestamp(batch: Batch, type_: Type, first: int, missing: Missing) -> Datetimes:
    values = batch.array(first + 1, _INT64, batch.rows)
    return Datetimes(values, type_.unit, type_.has_zone, missing)


def _read_strings(batch: Batch, type_: Type, first: int, missing: Missing) -> Texts:
    if not batch.rows:
        return Texts([])
    form = _INT64 if type_.name == "large_string" else _INT32
    places = batch.array(first + 1, form, batch.rows + 1)
    data = batch.bytes(first + 2)
    if places[0] < 0 or places[-1] > len(data) or (places[1:] < places[:-1]).any():
        raise ValueError("a text lies outside of its column")
    text = str(data, "utf-8")
    spans = pairwise(places.tolist())
    if len(text) == len(data):  # a character is a byte
        texts = [text[begin:end] for begin, end in spans]
    else:
        texts = [str(data[begin:end], "utf-8") for begin, end in spans]
    return Texts(with_none(texts, missing))


def _read_views(batch: Batch, _type: Type, first: int, missing: Missing) -> Texts:
    views = batch.array(first + 1, _VIEW, batch.rows)
    if missing is not None:
        views = np.where(missing, np.zeros((), _VIEW), views)
    if (views["length"] < 0).any():
        raise ValueError("a text has a negative length")
    batch.text.take(int(views["length"].sum(dtype=np.int64)))
    short = memoryview(views.tobytes())
    texts: list[str | None] = []
    for row, (length, _, buffer, begin) in enumerate(views.tolist()):
        is_short = length <= _LONGEST_IN_VIEW
        data = short if is_short else batch.bytes(first + 2 + buffer)
        start = row * _VIEW.itemsize + 4 if is_short else begin
        if not 0 <= start <= len(data) - length:
            raise ValueError("a text lies outside of its column")
        texts.append(str(data[start : start + length], "utf-8"))
    return Texts(with_none(texts, missing))


_READERS: Final[Mapping[str, Callable[[Batch, Type, int, Missing], Cells]]] = {
    "null": _read_null,
    "int": _read_number,
    "float": _read_number,
    "bool": _read_bool,
    "date": _read_date,
    "timestamp": _read_timestamp,
    "string": _read_strings,
    "large_string": _read_strings,
    "string_view": _read_views,
}
