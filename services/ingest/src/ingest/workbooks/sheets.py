"""Sheets of a workbook, as a scan finds them before their cells are loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

type WorkbookFormat = Literal["xlsx", "xls", "ods"]

MAX_ROWS = 1 << 20
MAX_COLUMNS = 1 << 14
"""Limits of Excel and of LibreOffice."""

_CELL_BYTES, _PLACE_BYTES, _TEXT_BYTES, _ERROR_BYTES = 40, 32, 48, 200
"""Memory of a stored cell, a place of the used range, a text besides its bytes, and an error."""


class MergedRange(NamedTuple):
    """A range of cells that are merged into its first cell; rows and columns count from 0."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @property
    def is_wide(self) -> bool:
        return self.last_column > self.first_column

    @property
    def is_high(self) -> bool:
        return self.last_row > self.first_row

    def __str__(self) -> str:
        first = cell_name(self.first_row, self.first_column)
        return f"{first}:{cell_name(self.last_row, self.last_column)}"


@dataclass
class Sheet:
    """A sheet, and the counts of its cells once it was scanned; positions count from 0."""

    name: str
    is_hidden: bool = False
    cells: int = 0
    texts: int = 0
    text_bytes: int = 0
    first_row: int = MAX_ROWS
    last_row: int = -1
    columns: set[int] = field(default_factory=set)
    """Columns that have a value."""
    errors: int = 0
    """Number of cells with an error value, such as #N/A."""
    first_error: str = ""
    """Cell and value of the first error: `B7 (#N/A)`."""
    error_cells: set[tuple[int, int]] = field(default_factory=set)
    """Error cells that the reader returns as a value."""
    formula_without_value: str = ""
    """First cell with a formula whose value is not stored."""
    empty_formulas: int = 0
    """Number of formulas whose value is the empty text, or is not stored: .xls has one form."""
    first_empty_formula: str = ""
    merged: list[MergedRange] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Number of rows from the first to the last with a value."""
        return max(0, self.last_row - self.first_row + 1)

    @property
    def width(self) -> int:
        """Number of columns from the first to the last with a value."""
        return max(self.columns) - min(self.columns) + 1 if self.columns else 0

    @property
    def memory_bytes(self) -> int:
        """Estimated memory of the loaded cells."""
        stored = _CELL_BYTES * self.cells + _PLACE_BYTES * self.rows * self.width
        remembered = _ERROR_BYTES * len(self.error_cells)
        return stored + self.text_bytes + _TEXT_BYTES * self.texts + remembered

    def add_cells(self, row: int, column: int, *, rows: int = 1, columns: int = 1) -> None:
        """Count equal cells with a value, from this position on.

        Raises:
            ValueError: A cell is outside of every sheet.
        """
        last_row, last_column = row + rows - 1, column + columns - 1
        if last_row >= MAX_ROWS or last_column >= MAX_COLUMNS:
            raise ValueError(
                f"a cell in row {last_row + 1:,} and column {last_column + 1:,}; expected at most"
                f" {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns"
            )
        self.cells += rows * columns
        self.first_row = min(self.first_row, row)
        self.last_row = max(self.last_row, last_row)
        if columns == 1:
            self.columns.add(column)
        else:
            self.columns.update(range(column, last_column + 1))

    def add_text(self, count: int, *, repeats: int = 1) -> None:
        """Count the bytes of a text."""
        self.texts += repeats
        self.text_bytes += repeats * count

    def add_empty_formula(self, row: int, column: int) -> None:
        """Count a formula that has the empty text as its value, or no value."""
        self.empty_formulas += 1
        self.first_empty_formula = self.first_empty_formula or cell_name(row, column)

    def add_error(self, row: int, column: int, value: str) -> None:
        """Count a cell with an error value."""
        self.errors += 1
        if not self.first_error:
            self.first_error = f"{cell_name(row, column)} ({value})"


@dataclass(frozen=True)
class Workbook:
    """A scanned workbook."""

    format: WorkbookFormat
    sheets: Sequence[Sheet]
    memory_bytes: int
    """Estimated memory of what is loaded besides the sheet that is read."""
    is_1904: bool = False
    """Whether the file counts its dates from 1904."""


def column_letters(column: int) -> str:
    """Return the letters of a column that counts from 0: A, …, Z, AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell, such as B7."""
    return f"{column_letters(column)}{row + 1}"


def text_size(text: str) -> int:
    """Return the bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
