"""The protocol of format detectors, and the batches that they receive."""

from typing import NamedTuple, Protocol

import pyarrow as pa

from clean.schema.field_descriptions import ColumnType


class Batch(NamedTuple):
    """The next distinct values of a column: trimmed texts, with null for missing ones."""

    texts: pa.Array
    """Texts without the few that are neither numbers nor dates."""
    all_texts: pa.Array
    is_integer: bool
    """Whether all values are JSON integers."""
    is_number: bool


class FormatDetector(Protocol):
    """Reads a column batch by batch, then detects the format of its values."""

    def add(self, batch: Batch) -> None: ...

    def result(self) -> ColumnType | None:
        """Return the type of all values, if it is unambiguous."""

    def explain_ambiguity(self) -> str | None:
        """Return why the format is ambiguous, and the setting that decides."""
