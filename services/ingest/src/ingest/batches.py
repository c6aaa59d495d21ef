"""What every reader of source files yields: rows, and the lines that were none."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class MalformedLine:
    """A line with too many or too few cells."""

    number: int
    """The line of the file, from 1; a row with line breaks in its cells counts from its first."""
    text: str
    cells: int
    expected: int


@dataclass(frozen=True)
class Batch:
    """Some rows of a file in their order, and the malformed lines met on the way."""

    rows: pa.RecordBatch
    malformed: Sequence[MalformedLine] = ()
    position: int = 0
    """How many bytes of the file were read so far."""
