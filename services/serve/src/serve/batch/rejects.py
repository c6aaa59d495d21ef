"""Rejected rows: one JSON object per line, with the reason."""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final, Self

import numpy as np

from serve.batch.chunks import Chunk
from serve.batch.cleaning import CleanChunk

PRIVATE: Final = "(private)"
_MAX_RECORD_CHARACTERS: Final = 10_000


class Rejects:
    """Writes rejected rows in the format of the contract; without any, the file stays empty."""

    def __init__(self, path: Path, *, keep: Sequence[str], private: frozenset[str]) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
        self._keep = keep
        self._private = private
        self.count = 0
        self.first: str | None = None
        """Position and reason of the first rejected row."""

    def add_malformed(self, number: int, expected: str, text: str) -> None:
        """Add a line of a CSV file that has too many or too few cells."""
        record = PRIVATE if self._private else text[:_MAX_RECORD_CHARACTERS]
        self._add({"row": number, "reason": "cells", "expected": expected, "record": record})

    def add(self, chunk: Chunk, cleaned: CleanChunk) -> None:
        """Add the invalid rows of a chunk."""
        if not cleaned.rejections:
            return
        indexes = [*cleaned.rejections]
        rows = chunk.batch.take(np.array(indexes)).to_pylist()
        for index, row in zip(indexes, rows, strict=True):
            rejection = cleaned.rejections[index]
            value = (
                {} if rejection.column in self._private else {"value": _json(row[rejection.column])}
            )
            self._add(
                {
                    "row": int(chunk.numbers[index]),
                    "reason": rejection.reason,
                    "column": rejection.column,
                    **value,
                    "expected": rejection.expected,
                    "record": {name: self._unless_private(name, row[name]) for name in self._keep},
                }
            )

    def _add(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self.count += 1
        if self.first is None:
            column = f", column {line['column']}" if "column" in line else ""
            self.first = f"row {line['row']:,}{column}: expected {line['expected']}"

    def _unless_private(self, name: str, value: object) -> object:
        return PRIVATE if name in self._private else _json(value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _json(value: object) -> object:
    """Return a cell as a JSON value: null for NaN, a text for infinity and dates."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | None) else str(value)
