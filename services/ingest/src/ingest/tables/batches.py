"""What every reader of source files yields: rows, and the lines that were none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

BATCH_CELLS = 1 << 18
"""Bounds the memory of a batch, whatever the number of its columns."""

BATCH_BYTES = 8 << 20
"""Bounds it where values are long."""


@dataclass(frozen=True, slots=True)
class MalformedLine:
    """A line that is no row of the table."""

    number: int
    """The line of the file, from 1; a row with line breaks in its cells counts from its first."""
    text: str
    value: str
    """What is wrong with it, for example `3 cells`."""
    expected: str


@dataclass(frozen=True)
class Batch:
    """Some rows of a file in their order, and the malformed lines met on the way."""

    rows: pa.RecordBatch
    malformed: Sequence[MalformedLine] = ()
    position: int = 0
    """How many bytes of the file were read so far."""


class Table(Protocol):
    """A file whose format and columns are known."""

    @property
    def name(self) -> str:
        """The path below the data folder."""

    @property
    def schema(self) -> pa.Schema:
        """Plain types; the names are the file's, so they may be empty or repeated."""

    @property
    def has_names(self) -> bool:
        """Whether the file names its columns: without a header only positions tell them apart."""

    def batches(self) -> Iterator[Batch]:
        """Yield batches of this schema; raises ContractError if the file can't be read."""

    def facts(self) -> Mapping[str, object]:
        """Return how the file was read, as source.json tells it."""
