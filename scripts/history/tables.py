"""Text tables with aligned columns."""

from collections.abc import Iterable, Iterator, Sequence

GAP = "  "


def aligned(rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> Iterator[str]:
    """Yield a line for each row; the columns with indices in `right` are right-aligned."""
    lines = [*rows]
    flush_right = set(right)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if number in flush_right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield GAP.join(cells).rstrip()
