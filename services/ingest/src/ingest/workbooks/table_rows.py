"""Rows of the table of a sheet: below its header, without empty rows, merged cells filled down."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ingest.tables.batches import MalformedLine
from ingest.workbooks.sheets import MergedRange, Sheet, cell_name

type Cell = bool | int | float | str | date | datetime | time | timedelta
"""Value of a cell; the empty text if it has none."""
type NumberedRow = tuple[int, list[Cell]]
"""Number of a row in the sheet, from 1, and its cells from the first used column on."""


@dataclass(frozen=True)
class Header:
    """The names of the columns, and the row below which the table begins."""

    names: Sequence[str]
    """The texts of the used columns, empty for a column without a name."""
    last_row: int
    """Number of its last row in the sheet; 0 if no row is left out."""


class FilledRows:
    """Fills the value of vertically merged cells down, row by row."""

    def __init__(self, sheet: Sheet) -> None:
        self._first_column = min(sheet.columns)
        self._starts: dict[int, list[MergedRange]] = {}
        for merged in sheet.merged:
            if merged.is_high and merged.first_column in sheet.columns:
                self._starts.setdefault(merged.first_row + 1, []).append(merged)
        self._open: dict[int, tuple[int, Cell]] = {}
        """Last row and value of the merged cells of a column."""
        self.count = 0
        """Number of cells that were filled."""
        self.first = ""
        """The first of them."""

    def fill(self, number: int, cells: list[Cell]) -> list[Cell]:
        """Return the row with the values of merged cells that began above."""
        for column, (last_row, value) in list(self._open.items()):
            if number > last_row:
                del self._open[column]
            elif cells[column] == "":
                if not self.count:
                    self.first = cell_name(number - 1, column + self._first_column)
                self.count += 1
                cells[column] = value
        for merged in self._starts.get(number, ()):
            column = merged.first_column - self._first_column
            if cells[column] != "":
                self._open[column] = (merged.last_row + 1, cells[column])
        return cells


class TableRows:
    """Yields the rows of a table, and its rows that are not data."""

    def __init__(self, rows: Iterable[NumberedRow], sheet: Sheet, header: Header) -> None:
        self._rows = rows
        self._header = header
        self._filled = FilledRows(sheet)
        width = sum(map(bool, header.names)) or len(header.names)
        self._titles = {
            merged.first_row + 1: merged
            for merged in sheet.merged
            if 2 * (merged.last_column - merged.first_column + 1) > max(width, 2)
        }
        """Merged cells as wide as most of the table, by the number of their row."""
        self.empty = 0
        """Number of empty rows between others."""

    @property
    def filled(self) -> FilledRows:
        """Merged cells that were filled down so far."""
        return self._filled

    def __iter__(self) -> Iterator[NumberedRow | MalformedLine]:
        empty = 0
        has_several_names = sum(map(bool, self._header.names)) > 1
        for number, cells in self._rows:
            if number <= self._header.last_row:
                self._filled.fill(number, cells)
                continue
            if not any(cell != "" for cell in cells):
                empty += 1
                continue
            self.empty += empty
            empty = 0
            if number in self._titles and sum(cell != "" for cell in cells) == 1:
                wide = self._titles[number]
                yield _malformed(number, cells, f"the merged cells {wide}", "one cell a column")
            elif has_several_names and self._is_header(cells):
                yield _malformed(number, cells, "the header again", "a row of the table")
            else:
                yield number, self._filled.fill(number, cells)

    def _is_header(self, cells: Sequence[Cell]) -> bool:
        names = self._header.names
        return all(cell == name or not name for cell, name in zip(cells, names, strict=True))


def cell_text(cell: Cell) -> str:
    """Return a value as text: ISO 8601 for times, digits without `.0` for whole numbers."""
    match cell:
        case str():
            return cell
        case bool():
            return str(cell).lower()
        case int() | float():
            return str(int(cell)) if is_whole(cell) else repr(cell)
        case timedelta():
            return _duration_text(cell)
        case _:
            return cell.isoformat()


def is_whole(number: float) -> bool:
    """Return whether a number is an integer that a double holds exactly."""
    return abs(number) <= 1 << 53 and float(number).is_integer()


def _duration_text(duration: timedelta) -> str:
    sign = "-" if duration < timedelta() else ""
    seconds, rest = divmod(abs(duration), timedelta(seconds=1))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest.microseconds:06}".rstrip("0") if rest else ""
    return f"{sign}PT{hours}H{minutes:02}M{seconds:02}{fraction}S"


def _malformed(number: int, cells: Sequence[Cell], value: str, expected: str) -> MalformedLine:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(map(cell_text, cells))
    return MalformedLine(number, line.getvalue(), value, expected)
