"""Any CSV file: rows, malformed lines and blank lines add up to the lines of the file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ingest.csv.csv_files import inspect_csv
from ingest.settings import Settings
from stage_contract import ContractError

NASTY = st.text(alphabet='ab,"\n\r é😀\0\x0b\u2028\ufeff', max_size=80)
CELLS = st.text(alphabet='a,"\n\r é', max_size=8)


type Found = tuple[tuple[str, ...], list[list[str]], list[tuple[int, str, str]]]


@dataclass(frozen=True)
class Row:
    """A row as Python's csv module reads it."""

    line: int
    cells: list[str]
    text: str


def reference(text: str) -> Iterator[Row]:
    """Read with the standard library, the reference for CSV."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    start = 1
    for cells in csv.reader(lines()):
        if cells:
            yield Row(start, cells, "".join(taken).rstrip("\r\n"))
        start += len(taken)
        taken.clear()


def is_open(text: str) -> bool:
    """Return whether a text ends inside a quote."""
    *_, last = reference(f"{text}\n!")
    return last.cells != ["!"]


def has_text_after_quote(text: str) -> bool:
    """Return whether the standard library rejects a cell in strict mode."""
    try:
        list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return "expected after" in str(error)
    return False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(path: Path, encoding: str | None = None, *, escape: str = "") -> Found:
    """Return columns, rows and malformed lines."""
    settings = Settings(
        source="t.csv", delimiter=",", format="csv", encoding=encoding, escape=escape
    )
    file = inspect_csv(path, "t.csv", settings)
    rows, malformed = [], []
    for batch in file.batches():
        cells = [column.to_pylist() for column in batch.rows.columns]
        rows += [list(row) for row in zip(*cells, strict=True)]
        malformed += [(line.number, line.value, line.text) for line in batch.malformed]
    return (*file.columns.written,), rows, malformed


@given(text=NASTY.map("h".__add__), block_bytes=st.sampled_from([8, 16, 23, 64, 1000]))
@example(text='h\r"\r\n"', block_bytes=8)
@example(text='h,h\n1,"\r\n"\n' * 9, block_bytes=16)
@example(text='ha\r\0a,"', block_bytes=8)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=500
)
def test_no_row_vanishes_and_none_is_invented(path: Path, text: str, block_bytes: int) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    header, *rows = reference(text)
    width = len(header.cells)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (block_bytes, 64, 4096))
        if has_text_after_quote(text):
            with pytest.raises(ContractError, match=r"text follows a closing quote"):
                read(path, "utf-8")
            return
        if is_open(text):
            with pytest.raises(ContractError, match=r"never closed|no table"):
                read(path, "utf-8")
            return
        columns, found, malformed = read(path, "utf-8")

    assert list(columns) == header.cells
    assert found == [row.cells for row in rows if len(row.cells) == width]
    assert malformed == [
        (row.line, f"{len(row.cells)} cells", row.text) for row in rows if len(row.cells) != width
    ]


@given(
    text=st.lists(st.sampled_from(["a", "b", ",", '"', "\\", "\n", '\\"', "\\,", '","', "\r\n"])),
    block_bytes=st.sampled_from([16, 64, 1000]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_escapes_are_read_as_the_standard_library_reads_them(
    path: Path, text: list[str], block_bytes: int
) -> None:
    content = "a,b\n" + "".join(text) + "\nz,z\n"
    path.write_text(content, encoding="utf-8", newline="")
    reader = csv.reader(io.StringIO(content, newline=""), escapechar="\\", strict=True)
    try:
        _, *expected = [cells for cells in reader if cells]
    except csv.Error:
        expected = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (block_bytes, 256, 4096))
        if not expected:
            with pytest.raises(ContractError):
                read(path, "utf-8", escape="\\")
            return
        _, found, malformed = read(path, "utf-8", escape="\\")

    assert found == [cells for cells in expected if len(cells) == 2]
    assert len(malformed) == len(expected) - len(found)


@given(
    table=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=20),
    ends=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_python_writes_is_read_back(
    path: Path, table: list[list[str]], ends: str, encoding: str
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=ends).writerows([["a", "b"], *table])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (16, 64, 4096))
        columns, found, malformed = read(path)

    assert (list(columns), found, malformed) == (["a", "b"], table, [])
