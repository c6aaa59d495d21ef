"""Scan of .xlsx files: sheets, sizes, error cells, and formulas without a stored value."""

import re
from array import array
from functools import lru_cache
from posixpath import join, normpath

from stage_contract import ContractError

from ingest.workbooks.sheets import (
    MAX_COLUMNS,
    MergedRange,
    Sheet,
    Workbook,
    cell_name,
    text_size,
)
from ingest.workbooks.zip_packages import Package

WORKBOOK = "xl/workbook.xml"

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_TAGS = {
    f"{namespace} {tag}": tag
    for namespace in _MAIN
    for tag in ("row", "c", "v", "t", "f", "si", "mergeCell", "sheet", "workbookPr")
}
_SHARED_BYTES = 48
"""Memory of a shared text besides its bytes."""
_DIGITS = "0123456789"


def scan_xlsx(package: Package, *, wanted: str | None) -> Workbook:
    """Scan the sheet `wanted`, or else all sheets that are not hidden.

    Raises:
        ContractError: The workbook is damaged.
    """
    parts, is_1904 = _sheet_parts(package)
    lengths = _shared_lengths(package)
    for sheet, part in parts:
        if sheet.name == wanted or (wanted is None and not sheet.is_hidden):
            scanner = _SheetScanner(sheet, lengths)
            package.parse(part, scanner.start, end=scanner.end, text=scanner.text)
    styles = package.find("xl/styles.xml")
    shared = sum(lengths) + _SHARED_BYTES * len(lengths)
    return Workbook(
        "xlsx",
        [sheet for sheet, _ in parts],
        shared + (package.size(styles) if styles else 0),
        is_1904=is_1904,
    )


def _sheet_parts(package: Package) -> tuple[list[tuple[Sheet, str]], bool]:
    """Return the worksheets with their parts, and whether dates count from 1904."""
    targets = _targets(package)
    sheets: list[tuple[Sheet, str]] = []
    properties: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if _TAGS.get(name) == "workbookPr":
            properties.update(attributes)
        elif _TAGS.get(name) == "sheet":
            ids = (attributes.get(f"{namespace} id") for namespace in _RELATIONS)
            part = next((targets[each] for each in ids if each in targets), None)
            stored = part and package.find(part)
            if stored:
                is_hidden = attributes.get("state", "visible") != "visible"
                sheets.append((Sheet(attributes.get("name", ""), is_hidden), stored))

    package.parse(package.find(WORKBOOK) or WORKBOOK, start)
    return sheets, properties.get("date1904") in {"1", "true"}


def _targets(package: Package) -> dict[str, str]:
    """Return the part of each worksheet, by the id of its relation; charts are no worksheets."""
    targets: dict[str, str] = {}

    def start(_name: str, attributes: dict[str, str]) -> None:
        if attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else join("xl", target)
            targets[attributes.get("Id", "")] = normpath(path)

    relations = package.find("xl/_rels/workbook.xml.rels")
    if relations is None:
        raise ContractError(
            f"{package.name}: the workbook has no list of its sheets; save the workbook again"
        )
    package.parse(relations, start)
    return targets


def _shared_lengths(package: Package) -> array[int]:
    """Return the bytes of each shared text."""
    lengths: array[int] = array("L")
    part = package.find("xl/sharedStrings.xml")
    if part is None:
        return lengths

    def start(name: str, _attributes: dict[str, str]) -> None:
        if _TAGS.get(name) == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += text_size(data)

    package.parse(part, start, text=text)
    return lengths


class _SheetScanner:
    """Counts the cells of a sheet; the methods are called for each part of the XML."""

    def __init__(self, sheet: Sheet, lengths: array[int]) -> None:
        self._sheet = sheet
        self._lengths = lengths
        self._row = self._column = -1
        self._type = "n"
        self._has_formula = self._has_value = self._is_in_value = False
        self._texts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _TAGS.get(name):
            case "c":
                self._start_cell(attributes)
            case "row":
                self._row, self._column = _row(attributes.get("r"), default=self._row + 1), -1
            case "v" | "t":
                self._has_value = self._is_in_value = True
            case "f":
                self._has_formula = True
            case "mergeCell":
                first, _, last = attributes.get("ref", "").partition(":")
                if last:
                    self._sheet.merged.append(MergedRange(*_position(first), *_position(last)))

    def text(self, data: str) -> None:
        if self._is_in_value:
            self._texts.append(data)

    def end(self, name: str) -> None:
        tag = _TAGS.get(name)
        if tag in {"v", "t"}:
            self._is_in_value = False
        elif tag == "c":
            self._end_cell()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._type = attributes.get("t", "n")
        self._has_formula = self._has_value = False
        self._texts.clear()
        if "r" in attributes:
            self._row, self._column = _position(attributes["r"])
        else:
            self._column += 1

    def _end_cell(self) -> None:
        text = "".join(self._texts)
        # A formula may have the empty text as its value.
        has_value = bool(text) or (self._has_value and self._type == "str")
        if self._has_formula and not has_value:
            if not self._sheet.formula_without_value:
                self._sheet.formula_without_value = cell_name(self._row, self._column)
        elif has_value:
            self._sheet.add_cells(self._row, self._column)
            self._count(text)

    def _count(self, text: str) -> None:
        match self._type:
            case "e":
                self._sheet.add_error(self._row, self._column, text)
            case "s" if text.isdecimal() and int(text) < len(self._lengths):
                self._sheet.add_text(self._lengths[int(text)])
            case "str" | "inlineStr":
                self._sheet.add_text(text_size(text))


def _position(reference: str) -> tuple[int, int]:
    """Return row and column of a cell such as $B$7, from 0."""
    plain = reference.replace("$", "")
    letters = plain.rstrip(_DIGITS)
    return _row(plain[len(letters) :], default=-1), _column(letters)


def _row(number: str | None, *, default: int) -> int:
    if number is None:
        return default
    if not 0 < len(number) <= 7 or not number.isdecimal():
        raise ValueError(f"'{number}' is not the number of a row")
    return int(number) - 1


@lru_cache(maxsize=MAX_COLUMNS)
def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper()[:4]:
        column = column * 26 + ord(letter) - ord("A") + 1
    if not re.fullmatch("[A-Za-z]{1,3}", letters):
        raise ValueError(f"'{letters}' is not the name of a column")
    return column - 1
