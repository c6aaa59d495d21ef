"""Workbooks that are damaged, too large, encrypted, or made to exhaust the reader."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from stage_contract import SettingsError
from workbooks import ods, replace_part, xls, xlsx

type Stage = Any
"""The fixture of conftest.py."""

SHEET = "xl/worksheets/sheet1.xml"
AGAIN = "; save the workbook again"


def zipped(parts: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return sink.getvalue()


def replaced(old: bytes, new: bytes, part: str = SHEET) -> bytes:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new)

    return replace_part(xlsx(), part, change)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_torn_workbook_is_refused(stage: Stage, share: float) -> None:
    content = xlsx()

    why = stage.refuse(content[: int(len(content) * share)])

    assert why == f"t.csv: can't be read as a workbook: File is not a zip file{AGAIN}"


def test_a_changed_byte_is_refused(stage: Stage) -> None:
    content = xlsx()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        start = file.getinfo(SHEET).header_offset
    changed = bytearray(content)
    changed[start + 100] ^= 1

    assert stage.refuse(bytes(changed)).startswith("t.csv: ")


def test_a_small_file_that_unpacks_to_much_is_refused(stage: Stage) -> None:
    content = replaced(b"<sheetData>", b"<sheetData>" + b" " * (70 << 20))
    assert len(content) < 100_000

    why = stage.refuse(content)

    assert why.startswith("t.csv: xl/worksheets/sheet1.xml in it unpacks from ")
    assert why.endswith(" 250 times as many, export the sheet as CSV")


def test_a_part_that_is_larger_than_it_declares_is_refused(stage: Stage) -> None:
    content = xlsx()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        size = file.getinfo(SHEET).file_size
    declared = size.to_bytes(4, "little")
    assert content.count(declared) == 2

    why = stage.refuse(content.replace(declared, (size - 9).to_bytes(4, "little")))

    assert why == (
        "t.csv: xl/worksheets/sheet1.xml in it does not have the size that the ZIP file declares"
        + AGAIN
    )


def test_two_cells_far_apart_are_refused_before_they_are_loaded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(need: int, *, what: str, remedy: str | None = None) -> None:
        if need > 1 << 30:
            raise SettingsError(f"{what} needs {need >> 30} GiB; {remedy}")

    monkeypatch.setattr("ingest.workbooks.workbook_files.require_memory", refuse)
    stage.provide(replaced(b'<c r="B3"', b'<c r="XFD1048576"'))

    assert stage.failure(exit_code=78) == (
        "reading the 1,048,576 rows of sheet 'Sales' of t.csv needs 512 GiB; export the sheet as"
        " CSV, which is streamed"
    )


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (b"XFE1", "a cell in row 1 and column 16,385; expected at most 1,048,576 rows and 16,384"),
        (b"A1048577", "a cell in row 1,048,577 and column 1; expected at most 1,048,576 rows"),
        (b"AAAA1", "'AAAA' is not the name of a column"),
        (b"A", "'' is not the number of a row"),
        (b"A99999999999", "'99999999999' is not the number of a row"),
    ],
)
def test_a_cell_outside_of_every_sheet_is_refused(stage: Stage, cell: bytes, why: str) -> None:
    message = stage.refuse(replaced(b'r="B3"', b'r="%s"' % cell))

    assert message.startswith(f"t.csv: {SHEET} in it can't be read: {why}")
    assert message.endswith(AGAIN)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml"])
def test_entities_are_refused(stage: Stage, part: str) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'

    why = stage.refuse(replace_part(xlsx(), part, lambda data: bomb + data.split(b"?>")[-1]))

    assert why.startswith("t.csv: a part of it declares entities, which no spreadsheet program")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped({"a.csv": b"a\n1\n"}), "is a ZIP file without a workbook; expected a table"),
        (zipped({"xl/workbook.bin": b""}), "is a binary workbook (.xlsb); expected .xlsx, .xls"),
        (zipped({"xl/workbook.xml": b"<a/>"}), "the workbook has no list of its sheets; save the"),
        (b"PK\x03\x04 and more", "can't be read as a workbook: File is not a zip file; save the"),
    ],
)
def test_a_zip_file_that_is_no_workbook_is_refused(stage: Stage, content: bytes, why: str) -> None:
    assert stage.refuse(content).startswith(f"t.csv: {why}")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(stage: Stage) -> None:
    sink = io.BytesIO(xlsx())
    with zipfile.ZipFile(sink, "a") as file:
        file.writestr(SHEET, b"<worksheet/>")

    assert stage.refuse(sink.getvalue()).startswith("t.csv: two parts have one name; expected a")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"</sheetData>", b""),
        lambda _: b"",
    ],
)
def test_a_sheet_that_is_not_xml_is_refused(stage: Stage, change: Callable[[bytes], bytes]) -> None:
    why = stage.refuse(replace_part(xlsx(), SHEET, change))

    assert why.startswith(f"t.csv: {SHEET} in it can't be read: ")


def test_a_duration_beyond_all_dates_is_refused(stage: Stage) -> None:
    def change(sheet: Any) -> None:
        sheet["B3"] = 1e15
        sheet["B3"].number_format = "[h]:mm"

    assert stage.refuse(xlsx(change=change)).startswith(
        "t.csv: a cell has a date or duration beyond the year 9999; correct the cell, or format"
    )


def encrypted_xlsx() -> bytes:
    """Return an Office file in which the encrypted workbook has the name that Excel gives it."""
    content = bytearray(xls())
    start = content.index("Workbook".encode("utf-16-le"))
    name = "EncryptedPackage".encode("utf-16-le") + b"\0\0"
    content[start : start + 66] = name.ljust(64, b"\0") + len(name).to_bytes(2, "little")
    return bytes(content)


def encrypted_xls() -> bytes:
    """Return an old workbook with the record that says how it is encrypted."""
    other, password = b"\xc1\0\2\0", b"\x2f\0\2\0"
    content = xls()
    assert content.count(other) == 1
    return content.replace(other, password)


def encrypted_ods() -> bytes:
    key = b"<manifest:encryption-data/></manifest:manifest>"
    return replace_part(
        ods(),
        "META-INF/manifest.xml",
        lambda data: data.replace(b"</manifest:manifest>", key),
    )


@pytest.mark.parametrize("make", [encrypted_xlsx, encrypted_xls, encrypted_ods])
def test_a_password_is_told(stage: Stage, make: Callable[[], bytes]) -> None:
    assert stage.refuse(make()) == (
        "t.csv: is protected by a password; open it in a spreadsheet program, remove the password"
        " and save it"
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_torn_xls_is_refused(stage: Stage, share: float) -> None:
    content = xls([("id", "text"), *((number, f"text {number}") for number in range(2000))])

    why = stage.refuse(content[: int(len(content) * share)])

    assert why.startswith("t.csv: can't be read as a workbook: ")
    assert why.endswith(AGAIN)


def test_an_office_file_that_is_no_workbook_is_refused(stage: Stage) -> None:
    name = "Workbook".encode("utf-16-le")

    why = stage.refuse(xls().replace(name, "WordDocu".encode("utf-16-le")))

    assert why == "t.csv: is an Office file without a workbook; expected .xlsx, .xls or .ods"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"<table:table-row>", b"<table:table-row table:number-rows-repeated='0'>", "number-rows-"),
        (
            b"<table:table-row>",
            b"<table:table-row table:number-rows-repeated='2000000'>",
            "a cell in row 2,000,000 and column 1; expected at most 1,048,576 rows",
        ),
        (
            b"<table:table-cell ",
            b"<table:table-cell table:number-columns-repeated='99999' ",
            "a cell in row 1 and column 99,999; expected at most 1,048,576 rows",
        ),
    ],
)
def test_counts_of_an_ods_beyond_all_sheets_are_refused(
    stage: Stage, old: bytes, new: bytes, why: str
) -> None:
    content = replace_part(ods(), "content.xml", lambda data: data.replace(old, new))

    assert stage.refuse(content).startswith(f"t.csv: content.xml in it can't be read: {why}")


def test_a_text_document_is_refused(stage: Stage) -> None:
    content = replace_part(
        ods(),
        "content.xml",
        lambda data: data.replace(b"table:table ", b"table:else ").replace(
            b"/table:table>", b"/table:else>"
        ),
    )

    assert stage.refuse(content) == "t.csv: is a document without sheets; expected a spreadsheet"
