"""The ingest stage as a process: equal bytes, skipped runs, full disks, signals."""

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ingest.tables.parquet_writer import TableWriter
from pyarrow import parquet

type Stage = Any
"""The fixture of conftest.py."""

SRC = Path(__file__).parents[1] / "src"
CONTRACT = Path(__file__).parents[3] / "contract"
TEXT = "a,b\n" + "".join(f"{number % 97},{number}\n" for number in range(5000)) + "odd\n"


def test_the_same_file_gives_equal_bytes_twice(stage: Stage) -> None:
    first = stage.read(TEXT).artifact

    assert stage.run("", "--force") == 0
    assert stage.latest().artifact.manifest == first.manifest


def test_equal_bytes_do_not_depend_on_hash_seed_or_time_zone(stage: Stage) -> None:
    expected = stage.read(TEXT).artifact.content
    for variables in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}):
        result = run_as_process("--force", **variables)

        assert result.returncode == 0, result.stdout + result.stderr
        assert stage.latest().artifact.content == expected


def test_the_record_of_a_run_names_each_column_with_its_type(stage: Stage) -> None:
    (stage.data / "t.parquet").parent.mkdir(exist_ok=True)
    table = pa.table({"size": [1.5], "name": ["Ann"], "rooms": pa.array([3], pa.int32())})
    parquet.write_table(table, stage.data / "t.parquet")
    assert stage.run('source = "t.parquet"') == 0, stage.printed()

    artifact = stage.latest().artifact
    (record,) = json.loads((artifact.path / "run.json").read_bytes())["pipeline"]
    assert [record["kind"], record["id"], record["rows"]] == ["raw-data", artifact.id, 1]
    assert record["cause"] == "first run"
    assert record["columns"] == stage.latest().source["columns"]
    assert record["columns"][0] == {"name": "size", "type": "double"}


def test_an_unchanged_source_is_not_read_again(stage: Stage) -> None:
    stage.read(TEXT)

    result = run_as_process(PYTHONVERBOSE="1")

    assert "unchanged: raw-data" in result.stdout
    assert "import 'pyarrow'" not in result.stderr


def test_a_changed_source_is_the_reason_to_work(stage: Stage) -> None:
    stage.read("a\n1\n")
    stage.printed()

    stage.read("a\n2\n")

    assert "works, changed: input t.csv\n" in stage.printed()


def test_no_column_is_dictionary_typed_and_no_arrow_schema_is_stored(stage: Stage) -> None:
    (path,) = stage.read(TEXT).artifact.files("table")

    assert b"ARROW:schema" not in path.read_bytes()


def test_too_little_memory_is_told_before_the_work(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)
    stage.provide(TEXT)

    assert stage.failure(exit_code=78).startswith("reading a table needs about ")


@pytest.mark.parametrize("method", ["write", "__exit__"])
def test_a_full_disk_gives_73(stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def fill(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stage.provide(TEXT)
    monkeypatch.setattr(TableWriter, method, fill)

    assert "(No space left on device), " in stage.failure(exit_code=73)


def test_a_disk_that_fills_up_behind_the_reader_gives_73(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_arguments: Any, **_options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ingest.tables.parquet_writer.MAX_GROUP_ROWS", 1)
    stage.provide(TEXT)
    monkeypatch.setattr(parquet.ParquetWriter, "write_table", fill)

    assert "(No space left on device), " in stage.failure(exit_code=73)


def test_a_disk_that_fills_up_with_rejects_gives_73(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_arguments: Any, **_facts: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stage.provide(TEXT)
    monkeypatch.setattr("stage_contract.Rejects.add", fill)

    assert "(No space left on device), " in stage.failure(exit_code=73)


def test_a_really_full_disk_gives_73(stage: Stage) -> None:
    out = stage.root / "small"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    stage.provide("a,b\n" + "".join(f"{os.urandom(8).hex()},1\n" for _ in range(100_000)))
    pipeline(stage)
    try:
        result = run_as_process(STAGE_OUT=str(out))
        left = [path.name for path in out.iterdir()]
    finally:
        subprocess.run(["umount", str(out)], check=True)

    assert result.returncode == 73, result.stdout + result.stderr
    assert "cannot be written (No space left on device)" in result.stdout.splitlines()[-1]
    assert left in ([], ["FAILED.json"])


def test_sigterm_ends_a_long_read_and_leaves_nothing(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n" + f"{'x' * 99}\n" * 400_000)
    pipeline(stage)
    command = [sys.executable, "-m", "ingest"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not list((stage.root / "out").glob(".draft-*/rejects")):
        assert time.monotonic() < deadline

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)

    assert process.returncode == 143
    assert list((stage.root / "out").iterdir()) == []


def test_long_work_reports_megabytes_and_time_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The heartbeat looks at the clock as well, in a thread of its own.
    clock = itertools.count(0, 10)
    monkeypatch.setattr("stage_contract.log.time.monotonic", lambda: next(clock))
    stage.read("a,b\n" + "1,2222222222\n" * 800_000)

    lines = [line for line in stage.printed().splitlines() if "MB read" in line]
    assert len(lines) > 1
    assert all(" of 10 MB read, " in line and line.endswith(" s left") for line in lines)


def pipeline(stage: Stage) -> None:
    (stage.root / "test.toml").write_text('source = "t.csv"\n')


def environment(**variables: str) -> dict[str, str]:
    path = f"{SRC}:{CONTRACT}/src:{CONTRACT}/type_inference/src"
    return os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | variables


def run_as_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


HOSTILE = "x\x1b[2J\x85\u2028\u202e\nforged\r"


@pytest.mark.parametrize("log_format", ["", "json"])
@pytest.mark.parametrize("content", ["a,b\n1,2\n3\n", '"x\x1b[2J\nforged",b\n1,2\n1,"\x1b[2J\n'])
def test_no_cell_and_no_name_forges_or_hides_a_line_of_the_log(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, log_format: str, content: str
) -> None:
    monkeypatch.setenv("LOG_FORMAT", log_format)
    name = HOSTILE.replace("/", "") + ".csv"
    stage.provide(content, name)

    stage.run(f"source = {json.dumps(name)}")

    lines = stage.printed().removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("forged") for line in lines)
