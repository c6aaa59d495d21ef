"""Tensors as columns: one input is one column, of shape [-1, 1] or [-1]."""

import struct
from collections.abc import Sequence
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

import numpy as np

from serve.codecs.columns import Cells, Numbers, Texts, cells_of
from serve.codecs.json_bodies import not_json
from serve.codecs.oip.datatypes import BOOLEANS, DATATYPES, NUMBERS, TEXTS
from serve.codecs.oip.requests import Tensor
from serve.problems import ErrorDetail, ErrorList, RequestError, shortened, showable

_LENGTH: Final = struct.Struct("<I")
_BYTE: Final = np.dtype("u1")
_BINARY_SIZE: Final = "binary_data_size"
_MAX_BYTES: Final = 2**63
"""Limit of a declared size: no body has as many bytes, and Python refuses to print an integer of
thousands of digits."""


def rows_of(tensor: Tensor) -> int:
    """Return the number of rows of a tensor.

    Raises:
        RequestError: Its shape is not that of a column.
    """
    shape = tensor.shape
    if len(shape) not in {1, 2} or shape[0] < 0 or shape[1:] not in ([], [1]):
        raise _wrong(tensor, f"shape {str(shape)[:100]}", "[rows, 1] or [rows]")
    return shape[0]


def binary_size(tensor: Tensor) -> int:
    """Return the number of bytes of a tensor after the JSON.

    Raises:
        RequestError: Its declared size is missing or invalid.
    """
    size = (tensor.parameters or {}).get(_BINARY_SIZE)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MAX_BYTES:
        raise _wrong(tensor, f"{_BINARY_SIZE} {showable(size)}", "data, or a number of bytes")
    return size


def read_list(tensor: Tensor, rows: int) -> Cells:
    """Return the column whose values are in the JSON.

    Raises:
        RequestError: The number of values differs from the shape.
    """
    values = tensor.data or []
    _check_datatype(tensor)
    if values and isinstance(values[0], list):
        if any(not isinstance(row, list) or len(row) != 1 for row in values):
            raise _wrong(tensor, "data", "a list of values, or of lists of one value each")
        values = list(chain.from_iterable(values))
    if len(values) != rows:
        raise _wrong(tensor, f"{len(values):,} values", f"{rows:,} as its shape says")
    return cells_of(values)


def read_bytes(tensor: Tensor, data: memoryview, rows: int) -> Cells:
    """Return the column whose values are in bytes after the JSON.

    Raises:
        RequestError: The number of values differs from the shape.
    """
    _check_datatype(tensor)
    if tensor.datatype == TEXTS:
        return Texts(_read_texts(tensor, bytes(data), rows))
    form = NUMBERS.get(tensor.datatype, _BYTE)
    if len(data) != rows * form.itemsize:
        expected = f"{rows * form.itemsize:,} for {rows:,} values of {tensor.datatype}"
        raise _wrong(tensor, f"{len(data):,} bytes", expected)
    values = np.frombuffer(data, form)
    return Numbers(values != 0 if tensor.datatype == BOOLEANS else values)


def as_booleans(cells: Cells) -> Cells:
    """Return numbers that are all 0, 1 or NaN as booleans: a tensor of booleans can't hold NaN."""
    if not isinstance(cells, Numbers) or cells.are_booleans:
        return cells
    missing = np.isnan(cells.values)
    if not ((cells.values == 0) | (cells.values == 1) | missing).all():
        return cells
    return Numbers(cells.values == 1, missing)


def check_end(binary: memoryview, end: int) -> None:
    """Refuse bytes that belong to no tensor, and tensors without bytes."""
    if end != len(binary):
        detail = f"{len(binary):,} bytes follow the JSON; by {_BINARY_SIZE} it would be {end:,}"
        raise not_json(detail)


def _read_texts(tensor: Tensor, data: bytes, rows: int) -> Sequence[str]:
    """Return texts, each preceded by its length."""
    # The four bytes of a length below 128 are ASCII characters as well.
    whole = data.decode() if data.isascii() else data
    texts: list[Any] = []
    place, length_at, prefix = 0, _LENGTH.unpack_from, _LENGTH.size
    try:
        for _ in range(rows):
            (length,) = length_at(data, place)
            begin = place + prefix
            place = begin + length
            texts.append(whole[begin:place])
    except struct.error:
        place = -1  # The last length is incomplete.
    if place != len(data):
        expected = f"{rows:,} texts with their lengths before them"
        raise _wrong(tensor, f"{len(data):,} bytes", expected)
    return texts if isinstance(whole, str) else _decoded(tensor, texts)


def _decoded(tensor: Tensor, texts: Sequence[bytes]) -> list[str]:
    errors = ErrorList()
    decoded = []
    for row, text in enumerate(texts, 1):
        try:
            decoded.append(text.decode())
        except UnicodeDecodeError:
            column = shortened(tensor.name)
            errors.add(ErrorDetail(row=row, column=column, expected="a text in UTF-8"))
    errors.raise_if_any()
    return decoded


def _check_datatype(tensor: Tensor) -> None:
    if tensor.datatype not in DATATYPES:
        found = f"datatype {shortened(tensor.datatype)}"
        raise _wrong(tensor, found, f"one of {', '.join(DATATYPES)}")


def _wrong(tensor: Tensor, found: str, expected: str) -> RequestError:
    """Return the error for a malformed tensor."""
    error = ErrorDetail(column=shortened(tensor.name), value=found, expected=expected)
    detail = f"input {shortened(tensor.name)}: {found}, expected {expected}"
    return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail, errors=[error])
