"""Line numbers of CSV rows: Arrow counts rows, people look for lines."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ingest.csv.dialect import Dialect


class LineNumbers:
    """Finds the line at which a row starts; opens the text when the first one is asked for."""

    def __init__(self, open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> None:
        self._starts = enumerate(_row_starts(open_lines, dialect), 1)

    def of(self, row: int) -> int:
        """Return the line of a row, blank lines not counted as rows; ask in rising order."""
        return next(line for number, line in self._starts if number == row)

    def of_last(self) -> int:
        """Return the line of the last row of all."""
        *_, (_, line) = deque(self._starts, maxlen=1)
        return line


def _row_starts(open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> Iterator[int]:
    taken = dialect.skip

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in open_lines():
            taken += 1
            yield line

    start = taken + 1
    for cells in dialect.rows(counted()):
        if cells:
            yield start
        start = taken + 1
