"""`ingest convert FILE`: a workbook as Parquet, as a run reads it."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from ingest.conversion import convert
from ingest.settings import Settings
from pyarrow import parquet
from stage_contract import ContractError, SettingsError
from workbooks import ROWS, as_columns, ods, xls, xlsx

SOURCES = [
    Path(__file__).parents[1] / "src",
    Path(__file__).parents[3] / "contract/src",
    Path(__file__).parents[3] / "contract/type_inference/src",
]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {"STAGE_IN": str(folder), "PYTHONPATH": ":".join(map(str, SOURCES))}
    return subprocess.run(
        [sys.executable, "-m", "ingest", "convert", *arguments],
        env=environment,
        capture_output=True,
        check=False,
    )


def converted(folder: Path, source: str) -> pa.Table:
    sink = io.BytesIO()
    convert(folder, Settings(source=source), sink)
    return parquet.read_table(io.BytesIO(sink.getvalue()))


@pytest.mark.parametrize("make", [xlsx, xls, ods])
def test_a_workbook_is_converted(tmp_path: Path, make: Callable[[], bytes]) -> None:
    (tmp_path / "t.x").write_bytes(make())

    assert converted(tmp_path, "t.x").to_pydict() == as_columns(ROWS)


def test_the_process_prints_parquet_alone_and_logs_to_standard_error(tmp_path: Path) -> None:
    rows = [("A title of two rows",), ("a", "b"), ("day", "price"), ("mon", 1.5), ("day", "price")]
    (tmp_path / "t.xlsx").write_bytes(xlsx(others={"New": rows}))

    refused = run(tmp_path, "t.xlsx")
    done = run(tmp_path, "--sheet=New", "--skip=2", "t.xlsx")

    assert refused.returncode == 65
    assert refused.stdout == b""
    assert b"set the one to read, for example SHEET=New\n" in refused.stderr
    assert done.returncode == 0, done.stderr
    table = parquet.read_table(io.BytesIO(done.stdout))
    assert table.to_pydict() == {"day": ["mon"], "price": [1.5]}
    assert (
        b"t.xlsx: rows that are no data are left out: 1, the first is row 5, with the header again"
        in done.stderr
    )


def test_a_wrong_argument_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(xlsx())

    skip, sheet = run(tmp_path, "--skip=x", "t.xlsx"), run(tmp_path, "--sheet=Sal", "t.xlsx")

    assert (skip.returncode, sheet.returncode) == (78, 78)
    assert b"SKIP=x: Input should be a valid integer" in skip.stderr
    assert b"did you mean Sales?" in sheet.stderr


def test_several_files_and_no_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(xlsx([("a", "b")]))
    (tmp_path / "b.xlsx").write_bytes(xlsx())

    with pytest.raises(SettingsError, match=r"^\*: are 2 files; expected one$"):
        converted(tmp_path, "*")
    with pytest.raises(ContractError, match=r"^a.xlsx: no rows; expected a table$"):
        converted(tmp_path, "a.xlsx")
