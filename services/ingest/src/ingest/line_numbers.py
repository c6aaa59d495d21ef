"""Line numbers of CSV rows: Arrow counts rows, people look for lines."""

import csv
from collections.abc import Callable, Iterable, Iterator

from ingest.dialect import Dialect

LONGEST_ROW_BYTES = 64 << 20
"""A longer row is most likely a quote that was never closed."""


class LineNumbers:
    """Finds the line at which a row starts; opens the text when the first one is asked for."""

    def __init__(self, open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> None:
        self._starts = enumerate(_row_starts(open_lines, dialect), 1)

    def of(self, row: int) -> int:
        """Return the line of a row, blank lines not counted as rows; ask in rising order."""
        return next(line for number, line in self._starts if number == row)


def _row_starts(open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> Iterator[int]:
    csv.field_size_limit(LONGEST_ROW_BYTES)
    taken = 0

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in open_lines():
            taken += 1
            yield line

    start = 1
    for cells in dialect.rows(counted()):
        if cells:
            yield start
        start = taken + 1
