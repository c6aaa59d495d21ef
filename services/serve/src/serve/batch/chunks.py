"""What a table is read as: chunks of bounded size, each row with its number in the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from numpy.typing import NDArray

type OnMalformed = Callable[[int, str, str], None]
"""Takes the number of a line that is no row, what was expected, and its text."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table."""

    numbers: NDArray[Any]
    """Of the rows in the file, from 1; a header does not count."""
    batch: pa.RecordBatch


class Table(Protocol):
    """A file whose columns are known."""

    names: Sequence[str]
    header: Sequence[str] | None
    """What the file calls its columns; None if it does not."""
    rows: int | None
    """None where only reading it will tell."""

    def schema(self, names: Sequence[str]) -> pa.Schema:
        """Return the types of some columns as `chunks` yields them."""

    def chunks(self, names: Sequence[str], on_malformed: OnMalformed) -> Iterator[Chunk]:
        """Yield some columns of all rows.

        Raises:
            ContractError: the file can't be read to its end.
        """
