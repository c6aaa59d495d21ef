"""Scan of .xls files: sheets, sizes and error cells, from the records of the BIFF format."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import olefile
from stage_contract import ContractError

from ingest.workbooks.sheets import MergedRange, Sheet, Workbook

_ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_STREAMS = ("Workbook", "Book")
_BIFF8 = 0x0600
_DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error)
"""Errors of olefile and of this module for a damaged file."""


class _Type(IntEnum):
    """Types of the records that matter, named as in the specification MS-XLS."""

    FORMULA = 0x06
    EOF = 0x0A
    DATE1904 = 0x22
    FILEPASS = 0x2F
    CONTINUE = 0x3C
    BOUNDSHEET = 0x85
    MULRK = 0xBD
    MERGECELLS = 0xE5
    SST = 0xFC
    LABELSST = 0xFD
    NUMBER = 0x203
    LABEL = 0x204
    BOOLERR = 0x205
    STRING = 0x207
    RK = 0x27E
    BOF = 0x809


_ONE_CELL = {_Type.NUMBER, _Type.RK, _Type.LABELSST, _Type.LABEL, _Type.BOOLERR}


def scan_xls(path: Path, name: str) -> Workbook:
    """Scan all sheets, which the reader loads at once.

    Raises:
        ContractError: The file is damaged, needs a password, or is no workbook.
    """
    try:
        with olefile.OleFileIO(path) as file:
            if file.exists("EncryptedPackage"):
                raise password_error(name)
            stream = next((each for each in _STREAMS if file.exists(each)), None)
            if stream is None:
                raise ContractError(
                    f"{name}: is an Office file without a workbook; expected .xlsx, .xls or .ods"
                )
            return _scan(file.openstream(stream).read(), name)
    except _DAMAGED as error:
        raise ContractError(
            f"{name}: can't be read as a workbook: {error}; save the workbook again"
        ) from None


def password_error(name: str) -> ContractError:
    """Return the error for an encrypted workbook."""
    return ContractError(
        f"{name}: is protected by a password; open it in a spreadsheet program, remove the"
        " password and save it"
    )


def _scan(content: bytes, name: str) -> Workbook:
    found: list[tuple[Sheet, int]] = []
    version = texts = text_bytes = 0
    is_1904 = in_shared_texts = False
    for kind, data in _records(content, 0):
        in_shared_texts = kind == _Type.SST or (kind == _Type.CONTINUE and in_shared_texts)
        text_bytes += len(data) if in_shared_texts else 0
        match kind:
            case _Type.BOF:
                version = struct.unpack_from("<H", data)[0]
            case _Type.FILEPASS:
                raise password_error(name)
            case _Type.DATE1904:
                is_1904 = data[:1] == b"\1"
            case _Type.SST:
                texts = struct.unpack_from("<I", data, 4)[0]
            case _Type.BOUNDSHEET if data[5] == 0:  # neither a chart nor macros
                is_hidden = data[4] & 3 != 0
                sheet = Sheet(_sheet_name(data, version), is_hidden)
                found.append((sheet, struct.unpack_from("<I", data)[0]))
    for sheet, start in found:
        _scan_sheet(content, start, sheet, text_bytes=text_bytes // max(1, texts))
    sheets = [sheet for sheet, _ in found]
    memory_bytes = len(content) + text_bytes + sum(sheet.memory_bytes for sheet in sheets)
    return Workbook("xls", sheets, memory_bytes, is_1904)


def _records(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part, which starts and ends with a record; parts are nested."""
    depth = 0
    while start + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, start)
        yield kind, content[start + 4 : start + 4 + size]
        start += 4 + size
        depth += (kind == _Type.BOF) - (kind == _Type.EOF)
        if not depth:
            return
    raise ValueError("the file ends within a sheet")


def _sheet_name(data: bytes, version: int) -> str:
    count = data[6]
    if version < _BIFF8:
        return data[7 : 7 + count].decode("cp1252")
    is_wide = data[7] & 1
    return data[8 : 8 + count * (1 + is_wide)].decode("utf-16-le" if is_wide else "latin-1")


def _scan_sheet(content: bytes, start: int, sheet: Sheet, *, text_bytes: int) -> None:
    """Count the cells of a sheet; `text_bytes` is the mean size of a shared text."""
    for kind, data in _records(content, start):
        if kind in _ONE_CELL:
            sheet.add_cells(*_position(data))
        match kind:
            case _Type.MULRK:
                sheet.add_cells(*_position(data), columns=(len(data) - 6) // 6)
            case _Type.LABELSST:
                sheet.add_text(text_bytes)
            case _Type.LABEL | _Type.STRING:
                sheet.add_text(len(data))
            case _Type.BOOLERR if data[7]:
                sheet.add_error(*_position(data), _ERROR_NAMES.get(data[6], "an error"))
            case _Type.FORMULA:
                _add_formula(sheet, data)
            case _Type.MERGECELLS:
                for first, last, left, right in struct.iter_unpack("<4H", data[2:]):
                    sheet.merged.append(MergedRange(first, left, last, right))


def _add_formula(sheet: Sheet, data: bytes) -> None:
    row, column = _position(data)
    value = data[6:14]
    # A value that is not a number ends in two bytes 0xff, and starts with its kind.
    match value[0] if value[6:] == b"\xff\xff" else None:
        case 2:
            sheet.add_cells(row, column)
            sheet.add_error(row, column, _ERROR_NAMES.get(value[2], "an error"))
        case 3:
            sheet.add_empty_formula(row, column)
        case _:
            sheet.add_cells(row, column)


def _position(data: bytes) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", data)
    return row, column
