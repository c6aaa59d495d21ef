"""Rows as the tensors of an inference request."""

from typing import NamedTuple

from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Cells, Table
from serve.codecs.json_bodies import max_values
from serve.codecs.media_types import Headers
from serve.codecs.oip.requests import InferRequest, Tensor, read_request, split, wrong_request
from serve.codecs.oip.tensors import (
    as_booleans,
    binary_size,
    check_end,
    read_bytes,
    read_list,
    rows_of,
)
from serve.schema.signature import Signature

_LISTS_BESIDE_ROWS = 1_000
_MAX_CACHED = 16
_MAX_CACHED_BYTES = 8 * 1024
"""Maximum size of a cached JSON header; clients of binary tensors repeat it for the same number of
rows."""


class _Layout(NamedTuple):
    """The tensors that the JSON of a request describes."""

    request: InferRequest
    rows: int
    places: list[tuple[Tensor, slice]]
    """The tensors that the model reads, and their bytes after the JSON."""
    end: int


class InferRows:
    """Reads the tensors of one model's requests."""

    def __init__(self, signature: Signature, columns: ColumnRows) -> None:
        self._columns = columns
        self._booleans = {column.name for column in signature.fields if column.type == "boolean"}
        # A column of shape [-1, 1] may be a list of lists.
        self._max_lists = columns.max_rows * len(signature.names) + _LISTS_BESIDE_ROWS
        self._max_values = max_values(len(signature.names), max_rows=columns.max_rows)
        self._cache: dict[bytes, _Layout] = {}

    def read(self, body: bytes, headers: Headers) -> tuple[InferRequest, Table]:
        """Return the request and its rows.

        Raises:
            RequestError: The request is malformed, or its columns differ from the model's.
        """
        text, binary = split(body, headers)
        layout = self._cache.get(text) or self._read_layout(text)
        columns = {
            tensor.name: self._cells(tensor, binary[place], layout.rows)
            for tensor, place in layout.places
        }
        check_end(binary, layout.end)
        return layout.request, Table(columns, layout.rows)

    def _read_layout(self, text: bytes) -> _Layout:
        """Parse the JSON of a request, and cache it if it has no data and no id."""
        request = read_request(text, max_lists=self._max_lists, max_values=self._max_values)
        self._columns.check_names([tensor.name for tensor in request.inputs])
        rows = self._rows(request)
        places = []
        end = 0
        for tensor in request.inputs:
            begin = end
            end += binary_size(tensor) if tensor.data is None else 0
            if self._columns.reads(tensor.name):
                places.append((tensor, slice(begin, end)))
        layout = _Layout(request, rows, places, end)
        is_bare = request.id is None and all(tensor.data is None for tensor in request.inputs)
        if is_bare and len(text) <= _MAX_CACHED_BYTES:
            if len(self._cache) == _MAX_CACHED:
                self._cache.clear()
            self._cache[text] = layout
        return layout

    def _rows(self, request: InferRequest) -> int:
        """Return the number of rows, which is equal for all inputs."""
        counts = {rows_of(tensor) for tensor in request.inputs}
        if len(counts) != 1:
            found = ", ".join(map(str, sorted(counts)[:10])) or "none"
            raise wrong_request(f"the inputs have {found} rows, expected one number for all")
        rows = counts.pop()
        self._columns.check_rows(rows)
        return rows

    def _cells(self, tensor: Tensor, data: memoryview, rows: int) -> Cells:
        is_list = tensor.data is not None
        cells = read_list(tensor, rows) if is_list else read_bytes(tensor, data, rows)
        return as_booleans(cells) if tensor.name in self._booleans else cells
