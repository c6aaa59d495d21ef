"""Scan of .ods files: sheets, sizes, error cells, and formulas without a stored value."""

import re

from stage_contract import ContractError

from ingest.workbooks.sheets import (
    MAX_COLUMNS,
    MAX_ROWS,
    MergedRange,
    Sheet,
    Workbook,
    cell_name,
    text_size,
)
from ingest.workbooks.zip_packages import Package

CONTENT = "content.xml"

MAX_ERROR_CELLS = 1_000_000
"""Maximum number of error cells; each is remembered, since the reader returns it as a value."""

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_TABLE, _OFFICE, _STYLE = f"{_OASIS}:table:1.0", f"{_OASIS}:office:1.0", f"{_OASIS}:style:1.0"
_ERROR_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_CELLS = (f"{_TABLE} table-cell", f"{_TABLE} covered-table-cell")
_ERROR_TEXT = re.compile(r"#(N/A|DIV/0!|NAME\?|NULL!|NUM!|REF!|VALUE!)|Err:\d{3}")


def scan_ods(package: Package) -> Workbook:
    """Scan all sheets, which the reader loads at once.

    Raises:
        ContractError: The workbook is damaged.
    """
    scanner = _Scanner()
    package.parse(CONTENT, scanner.start, end=scanner.end, text=scanner.text)
    if not scanner.sheets:
        raise ContractError(f"{package.name}: is a document without sheets; expected a spreadsheet")
    return Workbook("ods", scanner.sheets, sum(sheet.memory_bytes for sheet in scanner.sheets))


class _Scanner:
    """Counts the cells of all sheets; the methods are called for each part of the XML."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self._style = ""
        self._hidden_styles: set[str] = set()
        self._depth = 0
        """Number of open tables: a table within a cell is not scanned."""
        self._in_note = 0
        self._row = self._column = 0
        self._repeated_rows = 1
        self._cell: dict[str, str] = {}
        self._texts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{_STYLE} style":
            self._style = attributes.get(f"{_STYLE} name", "")
        elif name == f"{_STYLE} table-properties":
            if attributes.get(f"{_TABLE} display") == "false":
                self._hidden_styles.add(self._style)
        elif name == f"{_TABLE} table":
            self._depth += 1
            if self._depth == 1:
                self._start_sheet(attributes)
        elif name == f"{_OFFICE} annotation":
            self._in_note += 1
        elif self._depth == 1 and name == f"{_TABLE} table-row":
            self._repeated_rows = _count(attributes, "number-rows-repeated", MAX_ROWS)
            self._column = 0
        elif self._depth == 1 and name in _CELLS:
            self._cell = attributes
            self._texts.clear()

    def text(self, data: str) -> None:
        if self._depth == 1 and not self._in_note:
            self._texts.append(data)

    def end(self, name: str) -> None:
        if name == f"{_TABLE} table":
            self._depth -= 1
        elif name == f"{_OFFICE} annotation":
            self._in_note -= 1
        elif self._depth == 1 and name == f"{_TABLE} table-row":
            self._row += self._repeated_rows
        elif self._depth == 1 and name in _CELLS:
            self._end_cell("".join(self._texts))

    def _start_sheet(self, attributes: dict[str, str]) -> None:
        is_hidden = attributes.get(f"{_TABLE} style-name") in self._hidden_styles
        self.sheets.append(Sheet(attributes.get(f"{_TABLE} name", ""), is_hidden))
        self._row = 0

    def _end_cell(self, text: str) -> None:
        cell, sheet = self._cell, self.sheets[-1]
        row, column = self._row, self._column
        columns = _count(cell, "number-columns-repeated", MAX_COLUMNS)
        self._column += columns
        high = _count(cell, "number-rows-spanned", MAX_ROWS)
        wide = _count(cell, "number-columns-spanned", MAX_COLUMNS)
        if high > 1 or wide > 1:
            sheet.merged.append(MergedRange(row, column, row + high - 1, column + wide - 1))
        kind = cell.get(f"{_OFFICE} value-type")
        has_formula = f"{_TABLE} formula" in cell
        if kind is None:
            if has_formula and not sheet.formula_without_value:
                sheet.formula_without_value = cell_name(row, column)
            return
        text = cell.get(f"{_OFFICE} string-value", text)
        is_error = cell.get(_ERROR_TYPE) == "error" or (
            has_formula and _ERROR_TEXT.fullmatch(text) is not None
        )
        if kind == "string" and not text and not is_error:
            return
        sheet.add_cells(row, column, rows=self._repeated_rows, columns=columns)
        if kind not in {"float", "percentage", "currency", "boolean"}:
            sheet.add_text(text_size(text), repeats=self._repeated_rows * columns)
        if is_error:
            self._add_errors(sheet, range(column, column + columns), text)

    def _add_errors(self, sheet: Sheet, columns: range, value: str) -> None:
        if sheet.errors + len(columns) * self._repeated_rows > MAX_ERROR_CELLS:
            raise ValueError(f"sheet '{sheet.name}' has more than {MAX_ERROR_CELLS:,} error cells")
        for row in range(self._row, self._row + self._repeated_rows):
            for column in columns:
                sheet.add_error(row, column, value)
                sheet.error_cells.add((row, column))


def _count(attributes: dict[str, str], name: str, limit: int) -> int:
    text = attributes.get(f"{_TABLE} {name}", "1")
    if not 0 < len(text) <= 9 or not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{name} is '{text}'; expected a number from 1 to {limit:,}")
    return int(text)
