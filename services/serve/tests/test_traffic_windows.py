"""Windows of traffic: what a minute counts, and what happens if it can't be written."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve.api.worker_state import WorkerState
from serve.runtime.shared_state import SharedState
from serve.traffic import append_files, retention
from serve.traffic.append_files import AppendFile
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.processes import running, until

JSON = {"content-type": "application/json"}
ROW = {"carat": 1, "cut": "Good"}


def reference(*columns: dict[str, Any], predictions: dict[str, Any] | None = None) -> str:
    binned = {"bins": predictions} if predictions is not None else {}
    return json.dumps({"columns": columns, "predictions": {"rows": 9, **binned}})


BINNED = DIAMONDS.but(
    reference=reference(
        {"name": "carat", "bins": {"edges": [0.5, 1, 2], "training": [0] * 5}},
        {"name": "depth", "bins": {"edges": [60], "training": [0] * 3}},
        {"name": "cut", "bins": {"values": ["Good", "Ideal"], "training": [0] * 4}},
        predictions={"edges": [1000, 2000], "held_out": [0] * 3},
    )
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def now(self) -> float:
        return self.seconds

    def shift(self) -> float:
        return 0.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that serve writes traffic to."""
    folder = tmp_path / "traffic"
    folder.mkdir()
    monkeypatch.setenv("STAGE_TRAFFIC", str(folder))
    return folder


def start(volume: Path, model: MadeModel) -> tuple[Worker, Clock]:
    """Return a worker, and its clock."""
    publish_model(volume, model)
    shared_state, clock = SharedState(1), Clock()
    shared_state.clock = clock  # type: ignore[assignment]  # a test's own
    return Worker(volume, worker_state=WorkerState(shared_state, 0)), clock


def lines(folder: Path) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted(folder.glob("windows-0-*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_window_counts_the_rows_of_a_minute_by_bin(tmp_path: Path, folder: Path) -> None:
    worker, clock = start(tmp_path / "model", BINNED)
    worker.predict(ROW, ROW | {"carat": 0.5, "cut": "Ideal", "depth": 61})
    worker.predict(ROW | {"carat": 6, "cut": "Odd"})
    worker.predict({})
    minute = int(clock.seconds // 60) * 60
    clock.seconds += 60
    worker.service.tick(connections=0)
    worker.service.tick(connections=0)

    [line] = lines(folder)
    assert datetime.fromisoformat(line["minute"]).timestamp() == minute
    assert line["model"] == BINNED.id
    assert (line["requests"], line["rows"], line["dropped"]) == (2, 3, 0)
    assert line["columns"] == {
        "carat": [1, 1, 0, 1, 0],
        "depth": [0, 1, 2],
        "cut": [1, 1, 1, 0],
    }
    assert line["out_of_range"] == {"carat": 1}
    assert line["unknown"] == {"cut": 1}
    assert sum(line["predictions"]) == 3


def test_a_minute_without_requests_has_no_line(tmp_path: Path, folder: Path) -> None:
    worker, clock = start(tmp_path / "model", BINNED)
    clock.seconds += 300
    worker.service.tick(connections=0)

    assert lines(folder) == []
    assert [*folder.iterdir()] == []


def test_another_model_ends_the_window(tmp_path: Path, folder: Path) -> None:
    worker, _ = start(tmp_path / "model", BINNED)
    worker.predict(ROW)
    publish_model(tmp_path / "model", DIAMONDS.but(id="d" * 16))
    worker.poll()
    worker.predict(ROW, ROW)
    worker.service.worker_state.close()

    first, second = lines(folder)
    assert (first["model"], first["requests"], first["rows"]) == (BINNED.id, 1, 1)
    assert (second["model"], second["requests"], second["rows"]) == ("d" * 16, 1, 2)
    assert "columns" in first
    assert not {"columns", "predictions"} & {*second}


def test_a_private_column_is_counted_as_present_or_missing(tmp_path: Path, folder: Path) -> None:
    private = next(field["name"] for field in PENGUINS.fields if field.get("private"))
    bins = {"edges": [1, 2], "values": ["a"]}
    told = reference({"name": private, "bins": bins}, predictions={"values": ["a", "b", "c"]})
    worker, _ = start(tmp_path / "model", PENGUINS.but(reference=told))
    example = worker.watcher.live().example
    worker.predict(example, example)
    worker.service.worker_state.close()

    [line] = lines(folder)
    assert line["columns"] == {private: [2, 0]}
    assert len(line["predictions"]) == 3
    assert sum(line["predictions"]) == 2


def test_without_a_folder_nothing_is_counted_by_bin(tmp_path: Path) -> None:
    worker, _ = start(tmp_path / "model", BINNED)

    assert worker.watcher.live().row_counts.monitored() is None


def test_a_missing_folder_loses_rows_and_no_predictions(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker, clock = start(tmp_path / "model", BINNED)
    folder.rmdir()
    for _ in range(3):
        assert worker.predict(ROW, ROW).status_code == 200
        clock.seconds += 60
        worker.service.tick(connections=0)
    folder.mkdir()
    worker.predict(ROW)
    clock.seconds += 60
    metrics = worker.ask("GET", "/metrics").text

    assert "\nstagecoach_traffic_dropped_rows_total 6\n" in metrics
    [warning] = [each for each in caplog.messages if "can't be recorded" in each]
    assert "No such file or directory" in warning
    assert [(line["rows"], line["dropped"]) for line in lines(folder)] == [(1, 6)]


@pytest.mark.parametrize(
    "bins",
    [{"edges": [2, 1]}, {"values": ["Good"]}],
    ids=["edges that do not ascend", "texts for a number"],
)
def test_a_column_with_faulty_bins_is_not_counted(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture, bins: dict[str, Any]
) -> None:
    told = reference({"name": "carat", "bins": bins}, {"name": "cut", "bins": {"values": ["Good"]}})
    worker, _ = start(tmp_path / "model", DIAMONDS.but(reference=told))
    worker.predict(ROW)
    worker.service.worker_state.close()

    [line] = lines(folder)
    assert line["columns"] == {"cut": [1, 0, 0]}
    assert any("bins of column 'carat'" in each for each in caplog.messages)


def test_a_full_disk_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write = AppendFile(tmp_path, "windows", worker=0), os.write
    file.append(b"first")
    room = iter([3])

    def write_to_full_disk(number: int, line: bytes) -> int:
        if (left := next(room, 0)) == 0:
            raise OSError(28, "No space left on device")
        return write(number, line[:left])

    with monkeypatch.context() as patched:
        patched.setattr(append_files.os, "write", write_to_full_disk)
        with pytest.raises(OSError, match="No space"):
            file.append(b"second")
    file.append(b"third")

    assert [each.read_text() for each in sorted(tmp_path.iterdir())] == ["first\n", "third\n"]


def test_a_large_file_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_files, "FILE_BYTES", 10)
    file = AppendFile(tmp_path, "windows", worker=0)
    for _ in range(4):
        file.append(b"12345")

    assert [each.stat().st_size for each in tmp_path.iterdir()] == [12, 12]


def test_the_oldest_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate(("new", "newer than old", "old")):
        path = tmp_path / f"windows-0-{name}.jsonl"
        path.write_bytes(b"x" * 100)
        os.utime(path, (path.stat().st_mtime - 100 * age,) * 2)
    (tmp_path / "another file").write_bytes(b"x" * 1000)
    monkeypatch.setattr(retention, "FOLDER_BYTES", 200)
    retention.remove_old_files(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {
        "another file",
        "windows-0-new.jsonl",
        "windows-0-newer than old.jsonl",
    }


def test_serve_writes_the_window_when_it_ends(tmp_path: Path, folder: Path) -> None:
    publish_model(tmp_path / "volume", BINNED)
    with running(tmp_path, STAGE_TRAFFIC=str(folder)) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        body = json.dumps({"rows": [ROW]}).encode()
        assert server.ask("POST", "/predict", body, **JSON)[0] == 200

    written = [line for path in folder.iterdir() for line in path.read_text().splitlines()]
    assert sum(json.loads(line)["rows"] for line in written) == 1
