"""Rows as an Arrow IPC stream: columns by name, in one or several batches."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from serve.codecs.arrow.arrays import read_array, read_codes
from serve.codecs.arrow.batches import Allowance, Batch, read_batch
from serve.codecs.arrow.flatbuffer import MALFORMED
from serve.codecs.arrow.messages import BATCH, DICTIONARY, SCHEMA, Message, malformed, read_messages
from serve.codecs.arrow.schemas import Field, read_schema
from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Cells, Table, joined
from serve.codecs.json_rows import too_many_rows

_UNREADABLE: Final = (*MALFORMED, IndexError)
_LEAST_TEXT: Final = 16 * 2**20
_TEXT_PER_BYTE: Final = 8
"""A text of a dictionary that many rows share takes its room in each of them."""
_MOST_VALUES: Final = 2**19
"""Of dictionaries; one that grows is put together anew each time."""
_ROWS_PER_BYTE: Final = 8
"""Of one column of booleans; what asks for more rows than that with a few bytes is no table."""
_MOST_REMEMBERED: Final = 32
_LONGEST_REMEMBERED: Final = 2**16


class ArrowRows:
    """Reads the Arrow streams of one model's requests."""

    def __init__(self, columns: ColumnRows) -> None:
        self._columns = columns
        # Clients send one schema again and again, and reading it takes longer than many rows.
        self._remembered: dict[bytes, list[Field]] = {}

    def read(self, body: bytes) -> Table:
        """Return the rows.

        Raises:
            RequestError: the body is no Arrow stream, or its columns are not the model's.
        """
        messages = read_messages(body)
        try:
            stream = _Stream(
                self._fields(next(messages, None)), self._columns.max_rows, size=len(body)
            )
            most = max(_LEAST_TEXT, _TEXT_PER_BYTE * len(body))
            text = Allowance(most, "characters of text")
            for message in messages:
                stream.add(message, text)
            return stream.table()
        except _UNREADABLE as error:
            raise malformed(error) from None

    def _fields(self, message: Message | None) -> list[Field]:
        """Return the columns that the model reads."""
        if message is None or message.kind != SCHEMA:
            raise ValueError("it does not begin with a schema")
        known = self._remembered.get(message.metadata)
        if known is not None:
            return known
        fields = read_schema(message.header)
        self._columns.check_names([field.name for field in fields])
        wanted = [field for field in fields if self._columns.reads(field.name)]
        if len(message.metadata) <= _LONGEST_REMEMBERED:
            if len(self._remembered) == _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[message.metadata] = wanted
        return wanted


class _Stream:
    """What was read of a stream so far."""

    def __init__(self, fields: Sequence[Field], max_rows: int, *, size: int) -> None:
        self.rows = 0
        self._rows_by_size = Allowance(_ROWS_PER_BYTE * size, f"rows in {size:,} bytes")
        self._fields = fields
        self._max_rows = max_rows
        self._dictionaries: dict[int, Cells] = {}
        self._values = Allowance(_MOST_VALUES, "values in dictionaries")
        self._parts: dict[str, list[Cells]] = defaultdict(list)

    def add(self, message: Message, text: Allowance) -> None:
        """Read one message."""
        if message.kind == BATCH:
            self._add_batch(read_batch(message.header, message.body, text))
        elif message.kind == DICTIONARY:
            self._add_dictionary(message, text)
        else:
            raise ValueError(f"it has a message of kind {message.kind} after the schema")

    def table(self) -> Table:
        """Return the rows of all batches."""
        columns = {
            name: parts[0] if len(parts) == 1 else joined(parts)
            for name, parts in self._parts.items()
        }
        return Table(columns, self.rows)

    def _add_batch(self, batch: Batch) -> None:
        self.rows += batch.rows
        if self.rows > self._max_rows:
            raise too_many_rows(self._max_rows)
        self._rows_by_size.take(batch.rows)
        for field in self._fields:
            if field.dictionary is None:
                cells = read_array(batch, field)
            else:
                cells = read_codes(batch, field, self._dictionary(field))
            self._parts[field.name].append(cells)

    def _dictionary(self, field: Field) -> Cells:
        if field.dictionary not in self._dictionaries:
            raise ValueError(f"the dictionary of {field.name} is not there")
        return self._dictionaries[field.dictionary]

    def _add_dictionary(self, message: Message, text: Allowance) -> None:
        number = message.header.number(0, "q")
        inner = message.header.table(1)
        field = next((field for field in self._fields if field.dictionary == number), None)
        if inner is None or field is None:
            return  # of a column that the model does not read
        batch = read_batch(inner, message.body, text)
        self._values.take(batch.rows)
        cells = read_array(batch, replace(field, dictionary=None, node=0, buffer=0, views=0))
        if message.header.number(2, "?") and number in self._dictionaries:
            before = self._dictionaries[number]
            self._values.take(len(before))
            cells = joined([before, cells])
        self._dictionaries[number] = cells
