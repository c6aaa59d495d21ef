"""A batch of an Arrow stream: numbers of rows, and the buffers that its columns are made of."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from serve.codecs.arrow.flatbuffer import Table
from serve.codecs.arrow.schemas import Field
from serve.codecs.columns import Missing
from serve.problems import RequestError

_BYTE: Final = np.dtype("u1")


class Allowance:
    """How much a request may ask for of what a short body can ask for without end."""

    def __init__(self, most: int, what: str) -> None:
        self._most = self._left = most
        self._what = what

    def take(self, amount: int) -> None:
        """Note that so much more is asked for.

        Raises:
            RequestError: it is too much.
        """
        self._left -= amount
        if self._left < 0:
            detail = f"more than {self._most:,} {self._what}; send fewer rows at once"
            raise RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail)


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Some rows; all that is read from `body` lies in it."""

    rows: int
    body: memoryview
    buffers: list[list[int]]
    """Where each begins, and its length."""
    nulls: list[int]
    """How many values of each column are missing."""
    views: list[int]
    """How many buffers of text each column of views has."""
    text: Allowance
    """Characters: a text of a dictionary can stand for many rows."""

    def array(self, buffer: int, form: np.dtype[Any], count: int) -> NDArray[Any]:
        """Return the values of a buffer; there may be padding behind them.

        Raises:
            ValueError: it is too short.
        """
        begin, length = self.buffers[buffer]
        if form.itemsize * count > length:
            raise ValueError("a column is shorter than its batch")
        return np.frombuffer(self.body, form, count, begin)

    def bits(self, buffer: int) -> NDArray[np.bool_]:
        """Return the bits of a buffer, of which eight share a byte."""
        packed = self.array(buffer, _BYTE, (self.rows + 7) // 8)
        return np.unpackbits(packed, count=self.rows, bitorder="little").view(np.bool_)

    def bytes(self, buffer: int) -> memoryview:
        """Return a whole buffer."""
        begin, length = self.buffers[buffer]
        return self.body[begin : begin + length]

    def missing(self, field: Field, first: int) -> Missing:
        """Return which values of a column are missing; its buffers begin with the first."""
        if not self.nulls[field.node] or field.type.name == "null" or not self.rows:
            return None
        return ~self.bits(first)

    def first(self, field: Field) -> int:
        """Return which is the first buffer of a column."""
        return field.buffer + sum(self.views[: field.views]) if field.views else field.buffer


def read_batch(header: Table, body: memoryview, text: Allowance) -> Batch:
    """Return a batch that lies in its body.

    Raises:
        ValueError: it can't be read.
        RequestError: it is compressed.
    """
    if header.table(3) is not None:
        detail = "the batches are compressed; send a stream without compression"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    rows = header.number(0, "q")
    if rows < 0:
        raise ValueError("a batch has a negative number of rows")
    buffers, size, total = header.integers(2, 2).tolist(), len(body), 0
    for begin, length in buffers:
        total += length
        # No two share their bytes, so what is made of them all is bounded by the body.
        if begin < 0 or length < 0 or begin + length > size or total > size:
            raise ValueError("a column lies outside of its batch")
    nulls = header.integers(1, 2)[:, 1].tolist()
    return Batch(rows, body, buffers, nulls, header.integers(4).ravel().tolist(), text)
