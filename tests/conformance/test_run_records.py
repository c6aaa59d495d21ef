"""The kit on records in run.json: right ones pass, each fault is found; no container is started."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from conformance.checks.batch.artifact import run_records
from conformance.harness.faults import Fault, Skipped
from conformance.harness.runs import Run
from conformance.harness.subject import EXAMPLES, Subject
from conformance.inputs.recorded_input import PRIVATE, mark_private
from conformance.inputs.republishing import republish
from conformance.validity.lineage import latest_artifact
from stage_contract import open_latest, origin_of_artifact
from stage_contract.stages.pipeline_records import earlier_records, pipeline_of, record_of_run

READS = {
    "raw-data": None,
    "clean-data": "raw-data",
    "feature-data": "clean-data",
    "model": "feature-data",
}

type Records = list[dict[str, Any]]
type Change = Callable[[Records], object]


class Stage:
    """Stands for an image that publishes the example of its kind, with the helper's records."""

    def __init__(self, folder: Path, kind: str, change: Change = list.copy) -> None:
        self.folder, self.kind, self.change = folder, kind, change
        self.reads = READS[kind]
        self.made = 0

    @property
    def example(self) -> Path:
        return EXAMPLES / (self.reads or self.kind)

    @property
    def first(self) -> Run:
        return self.run(source=self.example)

    def scratch(self) -> Path:
        self.made += 1
        path = self.folder / str(self.made)
        path.mkdir()
        return path

    def run(self, *, source: Path) -> Run:
        """Publish the example again as if it was made from an input."""
        read = open_latest(source, self.reads) if self.reads else None
        known = {} if read is None else {"lineage": origin_of_artifact(read)[1]}
        volume = self.scratch()
        example = latest_artifact(EXAMPLES / self.kind).path
        republish(example, volume, lambda path: mark_private(path, {PRIVATE}), **known)
        made = open_latest(volume, self.kind)
        columns = [{"name": PRIVATE, "private": self.kind != "raw-data"}]
        own = record_of_run(made.manifest, {}) | {"columns": columns}
        records = pipeline_of([] if read is None else earlier_records(read), own)
        self.change(records)
        text = json.dumps({"pipeline": records} if records else {})
        (made.path / "run.json").write_text(text, encoding="utf-8")
        return Run(0, "published", 1.0, volume)


def check(stage: Stage) -> None:
    run_records(cast("Subject", stage))


@pytest.mark.parametrize("kind", READS)
def test_the_records_of_the_helper_are_right(tmp_path: Path, kind: str) -> None:
    check(Stage(tmp_path, kind))


def first_column(records: Records) -> dict[str, Any]:
    """Return the private column of the first record that lists its columns."""
    column: dict[str, Any] = next(r["columns"][0] for r in records if r.get("columns"))
    return column


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda records: records.pop(0), "pipeline has 2 records; expected 3"),
        (lambda records: records.insert(0, records[0]), "pipeline has 4 records; expected 3"),
        (lambda records: records[0].update(rows=7), r"pipeline\[0\] does not agree with manifest"),
        (lambda records: records[-1].update(id="0" * 16), r"pipeline\[2\] does not agree"),
        (lambda records: records.reverse(), r"pipeline\[0\] does not agree"),
        (lambda records: records[1].update(seconds="1"), "seconds: '1' is not of type 'number'"),
        (lambda records: records[1].pop("kind"), "'kind' is a required property"),
        (
            lambda records: first_column(records).update(maximum=7399.5),
            f"has values of '{PRIVATE}', a private column",
        ),
        (
            lambda records: records[0].update(cause="first run"),
            r"pipeline\[0\] is not the record of the input",
        ),
        (
            lambda records: records[1].pop("columns", None),
            r"pipeline\[1\] is not the record of the input",
        ),
    ],
)
def test_wrong_records_are_found(tmp_path: Path, change: Change, fault: str) -> None:
    with pytest.raises(Fault, match=fault):
        check(Stage(tmp_path, "feature-data", change))


def test_a_stage_without_records_is_not_checked(tmp_path: Path) -> None:
    with pytest.raises(Skipped, match=r"its run\.json has no pipeline, which is optional"):
        check(Stage(tmp_path, "feature-data", list.clear))
