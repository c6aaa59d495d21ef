"""A raw-data volume to clean, and the clean stage run on it as a process would."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from clean.__main__ import STAGE
from pyarrow import parquet
from stage_contract import Artifact, open_latest, run_stage
from stage_contract.artifacts.publishing import open_draft, publish

# A busy machine takes longer than any deadline for one example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

type Columns = dict[str, list[Any]]


@dataclass
class CleanStage:
    """The stage with its two volumes and its pipeline file."""

    root: Path
    printed: Callable[[], str]

    def publish_raw(
        self, *parts: pa.Table, group_rows: int | None = None, skipped: Sequence[str] = ()
    ) -> None:
        """Publish raw-data with one file per part, in row groups of this size."""
        volume = self.root / "raw"
        volume.mkdir(exist_ok=True)
        with open_draft(volume) as draft:
            for number, part in enumerate(parts):
                path = draft.folder("table") / f"part-{number:05}.parquet"
                parquet.write_table(part, path, group_rows, store_schema=False)
            manifest = {
                "contract": "1.0",
                "kind": "raw-data",
                "id": "0123456789abcdef",
                "rows": sum(part.num_rows for part in parts),
                "lineage": [
                    {"source": "t.csv", "bytes": 1, "sha256": "0" * 64}
                    | ({"skipped": [*skipped]} if skipped else {})
                ],
            }
            publish(draft, volume, manifest, run={})

    def run(self, settings: str = "", *arguments: str) -> int:
        """Run the stage with this [clean] table and return its exit code."""
        (self.root / "test.toml").write_text(settings, encoding="utf-8")
        (self.root / "clean").mkdir(exist_ok=True)
        with pytest.raises(SystemExit) as end:
            run_stage(STAGE, arguments)
        return int(end.value.code or 0)

    def clean(self, columns: Columns, settings: str = "") -> Artifact:
        """Clean a table of texts that is expected to succeed."""
        self.publish_raw(texts(columns))
        assert self.run(settings) == 0, self.printed()
        return self.artifact()

    def artifact(self) -> Artifact:
        return open_latest(self.root / "clean", "clean-data")


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CleanStage]:
    (tmp_path / "build.json").write_text('{"code": "test"}', encoding="utf-8")
    for name, value in {
        "STAGE_IN": "raw",
        "STAGE_OUT": "clean",
        "STAGE_CONFIG": ".",
        "STAGE_BUILD": "build.json",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("PIPELINE", "test")
    handlers = logging.getLogger().handlers
    yield CleanStage(tmp_path, lambda: capsys.readouterr().out)
    logging.getLogger().handlers = handlers


def texts(columns: Columns) -> pa.Table:
    """Return a table as ingest writes it for a CSV file: every column is a string."""
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def table_of(artifact: Artifact) -> pa.Table:
    return pa.concat_tables(parquet.read_table(path) for path in artifact.files("table"))


def rejects_of(artifact: Artifact) -> list[dict[str, Any]]:
    lines = artifact.file("rejects/part-00000.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def types_of(artifact: Artifact) -> dict[str, str]:
    schema = json.loads(artifact.file("schema.json").read_bytes())
    return {field["name"]: field["type"] for field in schema["fields"]}
