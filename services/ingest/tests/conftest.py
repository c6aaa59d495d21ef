"""A data folder to fill, and the ingest stage run on it as a process would."""

import csv
import json
import logging
import signal
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from ingest.__main__ import STAGE
from ingest.init_command.command import propose_pipeline
from pyarrow import parquet
from stage_contract import Artifact, open_latest, run_stage

# A busy machine takes longer than any deadline for one example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

type Init = Callable[..., tuple[dict[str, Any], str]]


@dataclass(frozen=True)
class Published:
    """The artifact that ingest published, as Python values."""

    artifact: Artifact

    @property
    def table(self) -> pa.Table:
        return pa.concat_tables(parquet.read_table(path) for path in self.artifact.files("table"))

    @property
    def columns(self) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = self.table.to_pydict()
        return columns

    @property
    def rejects(self) -> list[dict[str, Any]]:
        paths = self.artifact.files("rejects")
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]

    @property
    def source(self) -> dict[str, Any]:
        source: dict[str, Any] = json.loads(self.artifact.file("source.json").read_bytes())
        return source


@dataclass(frozen=True)
class IngestStage:
    """The stage with its data folder, its volume and its pipeline file."""

    root: Path
    printed: Callable[[], str]

    @property
    def data(self) -> Path:
        return self.root / "data"

    def provide(self, content: str | bytes, name: str = "t.csv") -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, settings: str = "", *arguments: str) -> int:
        """Run the stage with this [ingest] table and return its exit code."""
        source = "" if "source" in settings else 'source = "t.csv"\n'
        pipeline = f"[ingest]\n{source}{settings}\n"
        (self.root / "test.toml").write_text(pipeline, encoding="utf-8")
        with pytest.raises(SystemExit) as end:
            run_stage(STAGE, arguments)
        return int(end.value.code or 0)

    def read(self, content: str | bytes, settings: str = "") -> Published:
        """Ingest a file; the run must succeed."""
        self.provide(content)
        assert self.run(settings) == 0, self.printed()
        return self.latest()

    def latest(self) -> Published:
        artifact = open_latest(self.root / "out", "raw-data")
        artifact.verify()
        return Published(artifact)

    def refuse(self, content: str | bytes, settings: str = "") -> str:
        """Return the error message for a file that ingest rejects."""
        self.provide(content)
        return self.failure(settings, exit_code=65)

    def failure(self, settings: str = "", *, exit_code: int) -> str:
        """Return the last line of the log of a run."""
        assert self.run(settings) == exit_code, self.printed()
        assert sorted(path.name for path in (self.root / "out").iterdir()) == ["FAILED.json"]
        return self.printed().splitlines()[-1].removeprefix("ingest    error: ")


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[IngestStage]:
    for name in ("data", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "build.json").write_text('{"code": "test"}', encoding="utf-8")
    for name, value in {
        "STAGE_IN": "data",
        "STAGE_OUT": "out",
        "STAGE_CONFIG": ".",
        "STAGE_BUILD": "build.json",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("PIPELINE", "test")
    handlers = logging.getLogger().handlers
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield IngestStage(tmp_path, lambda: capsys.readouterr().out)
    logging.getLogger().handlers = handlers
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.fixture
def init(tmp_path: Path) -> Init:
    """Return a function that writes a CSV and returns the pipeline of init, parsed and raw."""

    def run(
        columns: dict[str, Sequence[object]], *, target: str | None = None, delimiter: str = ","
    ) -> tuple[dict[str, Any], str]:
        cells = [[str(cell) for cell in column] for column in columns.values()]
        rows = [list(columns), *zip(*cells, strict=True)]
        with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)
        text = propose_pipeline(tmp_path, source="t.csv", target=target)
        return tomllib.loads(text), text

    return run
