"""Rejected rows: kept as JSON Lines in rejects/ with the reason, never dropped."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self


class Rejects:
    """Writes rejects/part-00000.jsonl of a draft; no file when nothing was rejected."""

    def __init__(self, artifact: Path) -> None:
        self._path = artifact / "rejects" / "part-00000.jsonl"
        self._file: IO[str] | None = None
        self.reasons: Counter[str] = Counter()
        """Rows by reason."""

    @property
    def count(self) -> int:
        """Rows rejected so far."""
        return self.reasons.total()

    def add(
        self, *, row: int, reason: str, record: Mapping[str, Any] | str, **facts: object
    ) -> None:
        """Keep one row: its 1-based number in the input, why, and all its values.

        `facts` say more where they are known: column, value, expected.
        """
        if self._file is None:
            self._path.parent.mkdir(exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8", newline="\n")
        line = {"row": row, "reason": reason} | facts | {"record": record}
        self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self.reasons[reason] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()
