"""Chunks of a table: a bounded number of rows, each with its number in the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from numpy.typing import NDArray

type OnMalformed = Callable[[int, str, str], None]
"""Called with the number of a malformed line, the expectation, and the line's text."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table, in order."""

    numbers: NDArray[Any]
    """Row numbers in the file, from 1; a header is not counted."""
    batch: pa.RecordBatch


class Table(Protocol):
    """A file with known columns."""

    names: Sequence[str]
    header: Sequence[str] | None
    """Names of the columns in the file; None without a header."""
    rows: int | None
    """Number of rows; None if it is unknown before reading."""

    def schema(self, names: Sequence[str]) -> pa.Schema:
        """Return the types of some columns as `chunks` yields them."""

    def chunks(self, names: Sequence[str], on_malformed: OnMalformed) -> Iterator[Chunk]:
        """Yield some columns of all rows.

        Raises:
            ContractError: The file can't be read to its end.
        """
