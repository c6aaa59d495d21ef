"""Rejected rows, written to rejects/ with reason and all values."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pandas as pd
from stage_contract import Rejects

from clean.parsing.arrays import to_arrow
from clean.parsing.python_values import as_json, python_values
from clean.schema.fields import Field

DUPLICATE = "duplicate"
PRIVATE = "(private)"

CHUNK_ROWS = 1_000
"""Rows per chunk; bounds the memory even if every row is rejected."""


class RejectedRows:
    """Writes rejected and duplicate rows in table order, and keeps one example per reason."""

    def __init__(
        self, rejects: Rejects, fields: Sequence[Field], *, kept: Literal["first", "last"] = "first"
    ) -> None:
        self._rejects = rejects
        self._kept = kept
        self._fields = {field.name: field for field in fields}
        self.examples: dict[str, str] = {}
        """First row by reason, as text."""

    def add(self, frame: pd.DataFrame, *, rejected: pd.DataFrame, duplicates: pd.Series) -> None:
        """Write the rows of a raw frame that are rejected or duplicates of another row."""
        rows = frame.index[frame.index.isin(rejected.index) | frame.index.isin(duplicates.index)]
        reasons = rejected.to_dict("index")
        for row, record in zip(rows, _records(frame.loc[rows]), strict=True):
            shown = self._mask(record)
            if row in reasons:
                self._reject(int(row), shown, **reasons[row])
            else:
                other = {self._kept: int(duplicates[row])}
                self._rejects.add(row=int(row), reason=DUPLICATE, record=shown, **other)

    def reasons(self) -> Counter[str]:
        """Return the number of rejected rows by reason, without duplicates."""
        return Counter(
            {reason: n for reason, n in self._rejects.reasons.items() if reason != DUPLICATE}
        )

    def duplicate_count(self) -> int:
        """Return the number of dropped duplicates."""
        return self._rejects.reasons[DUPLICATE]

    def _reject(self, row: int, record: dict[str, Any], *, reason: str, column: str) -> None:
        value = record[column]
        shown = "" if value is None else str(value)
        expected = self._fields[column].expectation(reason)
        self._rejects.add(
            row=row, reason=reason, record=record, column=column, value=shown, expected=expected
        )
        example = f"row {row:,}, column {column}: expected {expected}, got '{shown[:40]}'"
        self.examples.setdefault(reason, example)

    def _mask(self, record: dict[str, Any]) -> dict[str, Any]:
        return {
            name: PRIVATE if self._fields[name].is_private else as_json(value)
            for name, value in record.items()
        }


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for start in range(0, len(frame), CHUNK_ROWS):
        chunk = frame.iloc[start : start + CHUNK_ROWS]
        columns = [python_values(to_arrow(chunk[name])) for name in chunk.columns]
        for cells in zip(*columns, strict=True):
            yield dict(zip(chunk.columns, cells, strict=True))
