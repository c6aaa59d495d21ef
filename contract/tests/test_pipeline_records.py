"""`pipeline` in run.json: what each stage did that led to an artifact."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from stage_contract import Artifact
from stage_contract.stages.pipeline_records import (
    MAX_CHARACTERS,
    MAX_COLUMNS,
    Record,
    earlier_records,
    pipeline_of,
)

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas/run.schema.json").read_bytes())

type Stage = Any
"""The fixture of conftest.py."""

INGESTED = {"stage": "ingest", "kind": "raw-data", "content": "a" * 64, "rows": 9, "rejected": 1}
"""An entry of a lineage."""


def run_of(artifact: Artifact) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((artifact.path / "run.json").read_bytes())
    Draft202012Validator(SCHEMA).validate(run)
    return run


def clean_data(folder: Path, run: object = None) -> Artifact:
    """Return an artifact whose run.json holds this text, or this object as JSON."""
    manifest = {
        "kind": "clean-data",
        "id": "b" * 16,
        "content": "b" * 64,
        "rows": 7,
        "stage": {"name": "clean", "version": "1"},
        "lineage": [{"source": "a.csv", "bytes": 1, "sha256": "c" * 64}, INGESTED],
        "metrics": {"rejected": 1, "rejected_by_reason": {"type": 1}, "duplicates": 1},
    }
    if run is not None:
        text = run if isinstance(run, str) else json.dumps(run)
        (folder / "run.json").write_text(text, encoding="utf-8")
    return Artifact(folder, manifest)


CLEANED = {
    "stage": "clean",
    "version": "1",
    "kind": "clean-data",
    "id": "b" * 16,
    "content": "b" * 64,
    "rows": 7,
    "rejected": 1,
    "rejected_by_reason": {"type": 1},
    "duplicates": 1,
}
"""What the manifest of `clean_data` says."""


def vectors(name: str) -> list[Any]:
    path = Path(__file__).parents[1] / "examples/vectors/records-1.3.json"
    return [pytest.param(case, id=case["about"]) for case in json.loads(path.read_bytes())[name]]


@pytest.mark.parametrize("case", vectors("handed_on"))
def test_the_vectors_say_which_records_are_handed_on(tmp_path: Path, case: dict[str, Any]) -> None:
    if case["run"] is not None:
        (tmp_path / "run.json").write_text(json.dumps(case["run"]), encoding="utf-8")

    assert earlier_records(Artifact(tmp_path, case["manifest"])) == case["records"]


@pytest.mark.parametrize("case", vectors("private"))
def test_the_vectors_say_what_is_left_out_of_private_columns(case: dict[str, Any]) -> None:
    assert pipeline_of(case["records"], case["own"]) == case["pipeline"]


def own(**facts: Any) -> Record:
    return {"stage": "features", "kind": "feature-data", "rows": 7, **facts}


def test_a_first_run_records_itself_after_its_input(stage: Stage) -> None:
    raw = stage.provide("21")
    stage.says()

    artifact = stage.latest()
    run = run_of(artifact)
    ingested, cleaned = run["pipeline"]
    assert ingested == {
        "stage": "clean",
        "version": "1",
        "kind": "raw-data",
        "id": raw.id,
        "content": raw.content,
        "rows": 1,
        "rejected": 0,
    }
    assert cleaned == {
        "stage": "clean",
        "version": "1.2.3",
        "kind": "clean-data",
        "id": artifact.id,
        "content": artifact.content,
        "finished": run["finished"],
        "seconds": run["seconds"],
        "cause": "first run",
        "rows": 1,
        "rejected": 0,
        "columns": [{"name": "number", "type": "integer", "minimum": 21, "maximum": 21}],
    }


def test_the_cause_is_the_reason_of_the_log(stage: Stage) -> None:
    stage.says()
    stage.configure("factor = 3")
    assert "works, changed: settings.factor 2 → 3" in stage.says()

    assert run_of(stage.latest())["pipeline"][-1]["cause"] == "changed: settings.factor 2 → 3"


def test_a_forced_run_gives_that_as_its_cause(stage: Stage) -> None:
    stage.says()
    before = stage.latest()
    stage.says("--force")

    assert stage.latest().content == before.content
    assert run_of(stage.latest())["pipeline"][-1]["cause"] == "forced"


def test_without_a_build_digest_the_cause_says_that_the_image_always_runs(stage: Stage) -> None:
    stage.build = None
    stage.says()

    cause = run_of(stage.latest())["pipeline"][-1]["cause"]
    assert cause == "this image has no build digest, so it always runs"


def test_the_records_of_the_input_are_handed_on(stage: Stage) -> None:
    raw = stage.provide("21")
    record = {"stage": "clean", "kind": "raw-data", "content": raw.content, "cause": "forced"}
    run = {"pipeline": [record | {"columns": [{"name": "price", "type": "double"}]}]}
    (raw.path / "run.json").write_text(json.dumps(run), encoding="utf-8")
    stage.says()

    handed_on, _ = run_of(stage.latest())["pipeline"]
    assert handed_on["cause"] == "forced"
    assert handed_on["columns"] == [{"name": "price", "type": "double"}]


def test_a_skipped_run_leaves_the_records_as_they_are(stage: Stage) -> None:
    stage.says()
    before = run_of(stage.latest())
    assert "unchanged" in stage.says()

    assert run_of(stage.latest()) == before


def test_without_records_they_start_with_what_lineage_and_manifest_say(tmp_path: Path) -> None:
    run = {"finished": "2026-03-01T10:00:00+00:00", "seconds": 1.5, "pipeline": None}

    assert earlier_records(clean_data(tmp_path, run)) == [
        INGESTED,
        CLEANED | {"finished": "2026-03-01T10:00:00+00:00", "seconds": 1.5},
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '"pipeline"', "[" * 100_000, '{"seconds": NaN}', '{"seconds": 1e999}'),
        *('{"host": "\\ud800"}', '{"pipeline": 3}', '{"pipeline": [3, null, []]}'),
        '{"pipeline": [{"stage": ["clean"], "kind": {}, "content": 3}]}',
    ],
    ids=str.__len__,
)
def test_a_damaged_run_json_counts_as_none(tmp_path: Path, text: str) -> None:
    assert earlier_records(clean_data(tmp_path, text)) == [INGESTED, CLEANED]


def test_a_missing_run_json_counts_as_none(tmp_path: Path) -> None:
    assert earlier_records(clean_data(tmp_path)) == [INGESTED, CLEANED]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_a_run_json_that_is_no_file_counts_as_none(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "run.json")

    assert earlier_records(clean_data(tmp_path)) == [INGESTED, CLEANED]


def test_the_lineage_says_which_records_there_are_and_how_many_rows(tmp_path: Path) -> None:
    known = INGESTED | {"rows": 1_000_000, "cause": "first run"}
    another = INGESTED | {"content": "f" * 64}

    ingested, cleaned = earlier_records(clean_data(tmp_path, {"pipeline": [another, known]}))

    assert ingested == INGESTED | {"cause": "first run"}
    assert cleaned == CLEANED


def test_entries_of_a_lineage_that_are_no_stages_are_left_out(tmp_path: Path) -> None:
    artifact = clean_data(tmp_path)
    artifact.manifest["lineage"] = ["a.csv", {"source": "a.csv"}, INGESTED | {"rejected": None}]

    ingested, _ = earlier_records(artifact)

    assert ingested == {key: value for key, value in INGESTED.items() if key != "rejected"}


def test_values_of_another_type_are_left_out(tmp_path: Path) -> None:
    wrong = {
        "version": 1,
        "seconds": "1",
        "cause": ["forced"],
        "rejected_by_reason": {"type": 1, "other": -1, "third": True},
        "columns": [{"name": "price", "missing": -1, "distinct": True, "minimum": []}, {}, "age"],
        "colour": "red",
    }

    ingested, _ = earlier_records(clean_data(tmp_path, {"pipeline": [INGESTED | wrong]}))

    assert ingested == INGESTED | {
        "rejected_by_reason": {"type": 1},
        "columns": [{"name": "price"}],
    }


def test_long_texts_are_shortened(tmp_path: Path) -> None:
    long = "ü" * 10_000
    record = INGESTED | {"cause": long, "columns": [{"name": long, "maximum": long}]}
    earlier = earlier_records(clean_data(tmp_path, {"pipeline": [record]}))

    records = pipeline_of(earlier, own(cause=long))

    short = "ü" * (MAX_CHARACTERS - 1) + "…"
    assert records[0]["columns"] == [{"name": short, "maximum": short}]
    assert [records[0]["cause"], records[-1]["cause"]] == [short, short]


def test_only_the_first_columns_are_recorded_with_the_number_of_all(tmp_path: Path) -> None:
    columns = [{"name": f"column {number}"} for number in range(MAX_COLUMNS + 1)]
    (record,) = pipeline_of([], own(columns=columns))
    run = {"pipeline": [INGESTED | {"columns": columns[1:]}]}
    handed_on, _ = earlier_records(clean_data(tmp_path, run))

    assert record["columns"] == columns[:-1]
    assert record["columns_total"] == MAX_COLUMNS + 1
    assert handed_on["columns"] == columns[1:]
    assert "columns_total" not in handed_on


def test_no_record_has_a_value_of_a_private_column() -> None:
    age = {"name": "age", "type": "integer", "missing": 1, "distinct": 9}
    price = {"name": "price", "minimum": 1, "maximum": 2}
    earlier = [INGESTED | {"columns": [age | {"minimum": 18, "maximum": 99}, price]}]
    private = {"name": "age", "private": True, "became": "1 number", "maximum": 99}

    before, after = pipeline_of(earlier, own(columns=[private]))

    assert before["columns"] == [age, price]
    assert after["columns"] == [{"name": "age", "private": True, "became": "1 number"}]


def test_a_column_stays_private_in_the_records_of_later_stages() -> None:
    earlier = [INGESTED | {"columns": [{"name": "age", "private": True}]}]

    *_, record = pipeline_of(earlier, own(columns=[{"name": "age", "minimum": 18}]))

    assert record["columns"] == [{"name": "age"}]


def test_a_private_column_that_is_not_listed_itself_hides_its_values() -> None:
    listed = [{"name": f"column {number}"} for number in range(MAX_COLUMNS)]
    earlier = [INGESTED | {"columns": [{"name": "age", "minimum": 18}]}]

    before, after = pipeline_of(earlier, own(columns=[*listed, {"name": "age", "private": True}]))

    assert before["columns"] == [{"name": "age"}]
    assert after["columns"] == listed


def test_a_cause_that_may_hold_values_of_a_private_column_is_hidden() -> None:
    cause = 'changed: build (code), settings.columns.name.enum ["Ann"] → ["Ann", "Bob"]'
    earlier = [INGESTED | {"cause": cause}, CLEANED | {"cause": "changed: settings.columns.names"}]
    private = [{"name": "name", "private": True}]

    ingested, cleaned, record = pipeline_of(earlier, own(cause=cause, columns=private))

    assert ingested["cause"] == record["cause"] == "changed: settings of a private column"
    assert cleaned["cause"] == "changed: settings.columns.names"
