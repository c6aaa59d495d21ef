"""The protocol of format detectors, and the batches that they receive."""

from typing import NamedTuple, Protocol

import pyarrow as pa

from clean.schema.field_descriptions import ColumnType


class Batch(NamedTuple):
    """Distinct values of a column as trimmed texts; null for missing ones."""

    texts: pa.Array
    """Texts except the few that are neither numbers nor dates."""
    all_texts: pa.Array
    """Texts, including those few."""
    is_integer: bool
    """Whether all values are JSON integers."""
    is_number: bool
    """Whether all values are JSON numbers."""


class FormatDetector(Protocol):
    """Reads a column batch by batch, then detects the format of its values."""

    def add(self, batch: Batch) -> None: ...

    def result(self) -> ColumnType | None:
        """Return the type of all values, if it is unambiguous."""

    def explain_ambiguity(self) -> str | None:
        """Return why the format is ambiguous, and the setting that decides."""
