"""The output of every reader: batches of rows, and malformed lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from ingest.tables.column_choice import SourceColumns

BATCH_CELLS = 1 << 18
"""Cells per batch; bounds the memory for any number of columns."""

BATCH_BYTES = 8 << 20
"""Bytes per batch; bounds the memory for long values."""


@dataclass(frozen=True, slots=True)
class MalformedLine:
    """A line that is not a row of the table."""

    number: int
    """Line number from 1; a row with line breaks counts from its first line."""
    text: str
    value: str
    """What is wrong, for example `3 cells`."""
    expected: str


@dataclass(frozen=True)
class Batch:
    """Rows of a file in order, and the malformed lines between them."""

    rows: pa.RecordBatch
    malformed: Sequence[MalformedLine] = ()
    position: int = 0
    """Bytes of the file that were read so far."""


class Table(Protocol):
    """A file whose format and columns are known."""

    @property
    def name(self) -> str:
        """Path below the data folder."""

    @property
    def columns(self) -> SourceColumns:
        """All columns of the file, and those that are read."""

    @property
    def schema(self) -> pa.Schema:
        """Names and plain types of the columns that are read."""

    @property
    def has_names(self) -> bool:
        """Whether the file names its columns; without a header only positions identify them."""

    def batches(self) -> Iterator[Batch]:
        """Yield batches with these columns; raises ContractError if the file cannot be read."""

    def facts(self) -> Mapping[str, object]:
        """Return how the file was read, for source.json."""
