"""The record of a run in run.json: each column in numbers, and no private value."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import CleanStage
from stage_contract import Artifact

SCHEMAS = Path(__file__).parents[3] / "contract/schemas"


def record_of(artifact: Artifact) -> dict[str, Any]:
    """Return the record of the run in run.json, which satisfies its schema."""
    run = json.loads((artifact.path / "run.json").read_bytes())
    schema = json.loads((SCHEMAS / "run.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(run)
    record: dict[str, Any] = run["pipeline"][-1]
    return record


def test_the_record_of_a_run_describes_each_column(stage: CleanStage) -> None:
    artifact = stage.clean(
        {
            "name": ["Ann", "NA", "Bob", "Bob"],
            "age": ["31", "", "27", "27"],
            "height": ["1.5", "n/a", "2", "2"],
            "member": ["true", "False", "", ""],
            "born": ["1990-02-28", "", "1994-01-01", "1994-01-01"],
            "seen": ["2013-01-01T05:00:00+02:00", "2013-01-01", "", ""],
        }
    )

    record = record_of(artifact)
    assert [record["stage"], record["rows"], record["duplicates"]] == ["clean", 3, 1]
    assert [tuple(column.values()) for column in record["columns"]] == [
        ("name", "string", 1, 2),
        ("age", "integer", 1, 2, 27, 31),
        ("height", "number", 1, 2, 1.5, 2.0),
        ("member", "boolean", 1, 2),
        ("born", "date", 1, 2, "1990-02-28", "1994-01-01"),
        ("seen", "datetime", 1, 2, "2013-01-01T00:00:00Z", "2013-01-01T03:00:00Z"),
    ]
    assert [*record["columns"][1]] == ["name", "type", "missing", "distinct", "minimum", "maximum"]


def test_the_record_of_a_run_has_no_value_of_a_private_column(stage: CleanStage) -> None:
    settings = "[clean.columns.age]\nprivate = true\n"
    artifact = stage.clean({"age": ["31", "27"], "size": ["1", "2"]}, settings)

    age, size = record_of(artifact)["columns"]
    assert age == {"name": "age", "type": "integer", "private": True, "missing": 0, "distinct": 2}
    assert size["maximum"] == 2


def test_the_record_of_a_run_says_how_many_values_were_counted(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clean.reporting.profile.MAX_DISTINCT", 1)

    (column,) = record_of(stage.clean({"name": ["Ann", "Bob"]}))["columns"]

    assert column == {"name": "name", "type": "string", "missing": 0, "distinct_more_than": 1}
