"""Line numbers of CSV rows, for messages; Arrow only counts rows."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ingest.csv.dialect import Dialect


class LineNumbers:
    """Finds the line where a row starts; opens the text on first use."""

    def __init__(self, open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> None:
        self._starts = enumerate(_row_starts(open_lines, dialect), 1)

    def line_of_row(self, row: int) -> int:
        """Return the line of a row; blank lines are not rows. Call in ascending order."""
        return next(line for number, line in self._starts if number == row)

    def last_line(self) -> int:
        """Return the line of the last row."""
        *_, (_, line) = deque(self._starts, maxlen=1)
        return line


def _row_starts(open_lines: Callable[[], Iterable[str]], dialect: Dialect) -> Iterator[int]:
    lines_read = dialect.skip

    def count_lines() -> Iterator[str]:
        nonlocal lines_read
        for line in open_lines():
            lines_read += 1
            yield line

    start = lines_read + 1
    for cells in dialect.rows(count_lines()):
        if cells:
            yield start
        start = lines_read + 1
