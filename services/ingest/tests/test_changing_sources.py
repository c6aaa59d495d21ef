"""Sources that change while they are read, at many points of the run and in many ways."""

import bz2
import gzip
import io
import itertools
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import ingest
import pyarrow as pa
import pytest
from ingest.csv.csv_files import CsvFile
from ingest.csv.line_numbers import LineNumbers
from ingest.readers import reader_choice
from ingest.sources import source_files
from pyarrow import feather, parquet

type Stage = Any
"""The fixture of conftest.py."""
type Content = Callable[[int], bytes]
"""Returns a table whose rows hold a number."""
type Change = Callable[[Path, bytes], None]
"""Changes a file, given the bytes that another writer has for it."""

ROWS = int(os.environ.get("CHANGE_ROWS", "2000"))
POINTS = int(os.environ.get("CHANGE_POINTS", "5"))
"""Calls of the stage's functions at which the file changes, spread evenly over the run."""


def csv(number: int) -> bytes:
    """Every third row is malformed, so that line numbers are looked up."""
    lines = (f"{row},{number},x" if row % 3 == 2 else f"{row},{number}" for row in range(ROWS))
    return ("row,number\n" + "".join(f"{line}\n" for line in lines)).encode()


def json_lines(number: int) -> bytes:
    return b"".join(b'{"row": %d, "number": %d}\n' % (row, number) for row in range(ROWS))


def table(number: int) -> pa.Table:
    return pa.table({"row": range(ROWS), "number": [str(number)] * ROWS})


def parquet_bytes(number: int) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table(number), file, row_group_size=ROWS // 5, compression="none")
    return file.getvalue()


def arrow_bytes(number: int) -> bytes:
    file = io.BytesIO()
    feather.write_feather(table(number), file, chunksize=ROWS // 5, compression="uncompressed")
    return file.getvalue()


def sqlite_bytes(number: int) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (row integer, number text)")
        rows = [(row, str(number)) for row in range(ROWS)]
        database.executemany("insert into t values (?, ?)", rows)
        database.commit()
        return bytes(database.serialize())


FORMATS: dict[str, Content] = {
    "t.csv": csv,
    "t.csv.gz": lambda number: gzip.compress(csv(number), mtime=0),
    "t.csv.bz2": lambda number: bz2.compress(csv(number)),
    "t.jsonl": json_lines,
    "t.jsonl.zst": lambda number: pa.compress(json_lines(number), "zstd", asbytes=True),
    "t.parquet": parquet_bytes,
    "t.arrow": arrow_bytes,
    "t.db": sqlite_bytes,
}


def overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)


def replace(path: Path, content: bytes) -> None:
    path.with_name("new").write_bytes(content)
    path.with_name("new").rename(path)


def truncate(path: Path, _content: bytes) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path, _content: bytes) -> None:
    os.truncate(path, 0)


def delete(path: Path, _content: bytes) -> None:
    path.unlink()


def grow(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def scramble(path: Path, content: bytes) -> None:
    overwrite(path, b"\xff\x00," * (len(content) // 3))


CHANGES = (overwrite, replace, truncate, empty, delete, grow, scramble)


@contextmanager
def at_call(number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Act at the given call of the functions of the stage; yield the number of calls."""
    calls = [0]
    folder = str(Path(ingest.__file__).parent)

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folder):
            calls[0] += 1
            if calls[0] == number:
                act()

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@dataclass(frozen=True)
class Outcome:
    """The end of a run: the digests of its input and output, or its error."""

    code: int
    digests: tuple[str, str] | None = None
    error: str | None = None


def run(stage: Stage, source: str) -> Outcome:
    code = stage.run(source, "--force")
    printed = stage.printed()
    assert "Traceback" not in printed
    if code:
        return Outcome(code, error=printed.splitlines()[-1])
    artifact = stage.latest().artifact
    (entry,) = artifact.manifest["inputs"]
    return Outcome(code, (entry["sha256"], artifact.content))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", FORMATS)
def test_a_run_reads_one_version_of_a_file_or_says_that_it_changed(
    stage: Stage, name: str, change: Change
) -> None:
    source = f'source = "{name}"' if name != "t.db" else 'source = "sqlite:///t.db"\ntable = "t"'
    content, other = FORMATS[name](1), FORMATS[name](2)
    path = stage.provide(content, name)
    with at_call(-1, lambda: None) as calls:
        before = run(stage, source)
    step = max(1, calls[0] // POINTS)

    for point in itertools.chain(range(1, calls[0], step), range(calls[0] - 2, calls[0] + 1)):
        stage.provide(content, name)
        with at_call(point, lambda: change(path, other)):
            found = run(stage, source)

        if "changed while it was read" not in (found.error or ""):
            assert found in (before, run(stage, source)), point


def test_a_csv_that_loses_lines_whose_numbers_are_looked_up_is_reported_as_changed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stage.provide(csv(1))
    look_up = LineNumbers.line_of_row

    def overwrite_first(lines: LineNumbers, row: int) -> int:
        path.write_bytes(b"row,number\n1,2\n")
        return look_up(lines, row)

    monkeypatch.setattr(LineNumbers, "line_of_row", overwrite_first)

    assert stage.failure(exit_code=65) == "t.csv: changed while it was read; run ingest again"


def test_a_change_within_one_tick_of_the_clock_is_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stage.provide(csv(1))
    monkeypatch.setattr(source_files, "_state", lambda _status: (0, 0, 0, 0))
    inspect = reader_choice.inspect_csv

    def overwrite_first(*arguments: Any) -> CsvFile:
        overwrite(path, csv(2))
        return inspect(*arguments)

    monkeypatch.setattr(reader_choice, "inspect_csv", overwrite_first)

    assert stage.failure(exit_code=65) == "t.csv: changed while it was read; run ingest again"
