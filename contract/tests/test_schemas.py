"""The schemas: valid themselves, and what the helper writes satisfies them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from stage_contract import Artifact, Rejects
from stage_contract.artifacts.history import read_actions
from stage_contract.pointers import roll_back, unpin

SCHEMAS = sorted((Path(__file__).parents[1] / "schemas").glob("*.schema.json"))

type Publish = Callable[..., Artifact]
type Stage = Any
"""The fixture of conftest.py."""


def validate(document: dict[str, Any], name: str) -> None:
    (schema,) = [path for path in SCHEMAS if path.name == f"{name}.schema.json"]
    Draft202012Validator(json.loads(schema.read_bytes())).validate(document)


def validate_manifest(manifest: dict[str, Any]) -> None:
    validate(manifest, "manifest")


def vectors(name: str) -> list[Any]:
    path = Path(__file__).parents[1] / "examples/vectors" / name
    return [pytest.param(case["field"], id=case["about"]) for case in json.loads(path.read_bytes())]


def schema_errors(field: dict[str, Any]) -> list[str]:
    (schema,) = [path for path in SCHEMAS if path.name == "schema.schema.json"]
    document = {"fields": [field], "missingValues": [], "timezone": "UTC"}
    validator = Draft202012Validator(json.loads(schema.read_bytes()))
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize(
    "field",
    [
        *vectors("cleaning.json"),
        *vectors("cleaning-1.1.json"),
        *vectors("cleaning-1.2.json"),
    ],
)
def test_the_fields_of_the_cleaning_vectors_satisfy_the_schema(field: dict[str, Any]) -> None:
    assert schema_errors(field) == []


@pytest.mark.parametrize(
    "field",
    [
        case
        for case in vectors("fields-refused-1.1.json")
        # A schema can't compare two keys of an object, nor read a format.
        if not {"format", "groupChar"} & case.values[0].keys()
        and case.values[0].get("percent") is not True
    ],
)
def test_a_field_that_makes_no_sense_breaks_the_schema(field: dict[str, Any]) -> None:
    assert schema_errors(field)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_itself_valid(path: Path) -> None:
    schema = json.loads(path.read_bytes())

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"].startswith(path.name.removesuffix(".schema.json"))


def test_the_manifest_of_a_stage_satisfies_the_schema(stage: Stage) -> None:
    assert stage.run().returncode == 0

    validate_manifest(stage.latest().manifest)


def test_the_failure_that_a_stage_records_satisfies_the_schema(stage: Stage) -> None:
    stage.configure("factor = 2\nfactr = 3")
    assert stage.run().returncode == 78

    validate(json.loads((stage.out / "FAILED.json").read_bytes()), "FAILED")


def test_a_rejected_row_satisfies_the_schema(tmp_path: Path) -> None:
    with Rejects(tmp_path) as rejects:
        rejects.add(row=7, reason="malformed line", record="3,4,5", file="a.csv")
        rejects.add(row=8, reason="type", record={"a": None}, column="a", value="x", expected="1")

    lines = (tmp_path / "rejects/part-00000.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    for line in lines:
        validate(json.loads(line), "rejects")


@pytest.mark.parametrize(
    "line", [{"reason": "type", "record": {}}, {"row": 0, "reason": "x", "record": ""}]
)
def test_a_row_without_number_or_of_number_0_satisfies_no_schema(line: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate(line, "rejects")


@pytest.mark.parametrize("name", ["source", "reference"])
def test_the_documents_of_the_examples_satisfy_their_schemas(name: str) -> None:
    examples = sorted((Path(__file__).parents[1] / "examples").rglob(f"{name}.json"))

    assert examples
    for path in examples:
        validate(json.loads(path.read_bytes()), name)


def test_the_rejects_of_the_examples_satisfy_their_schema() -> None:
    examples = sorted((Path(__file__).parents[1] / "examples").rglob("rejects/*.jsonl"))

    assert len(examples) >= 3
    for path in examples:
        for line in path.read_text(encoding="utf-8").splitlines():
            validate(json.loads(line), "rejects")


def test_the_manifest_of_a_stage_without_a_build_satisfies_the_schema(stage: Stage) -> None:
    stage.build = None
    assert stage.run().returncode == 0

    validate_manifest(stage.latest().manifest)


def test_the_manifest_of_an_artifact_made_from_source_files_satisfies_the_schema(
    volume: Path, publish_example: Publish
) -> None:
    source = {"source": "a.csv", "bytes": 1, "sha256": "0" * 64}

    validate_manifest(publish_example(volume, inputs=[source], lineage=[source]).manifest)


def test_a_refusal_that_was_set_aside_satisfies_the_schema(stage: Stage) -> None:
    stage.configure("least = 1000")
    stage.says("--accept", "a test")
    verdict = json.loads((stage.latest().path / "verdict.json").read_bytes())

    assert verdict["override"]["why"] == "a test"
    validate(verdict, "verdict")


@pytest.mark.parametrize(
    "facts",
    [
        {"contract": "2.0"},
        {"kind": "pickle"},
        {"id": "A" * 16},
        {"settings": {}},
        {"inputs": []},
        {"files": []},
        {"files": [{"path": "../a", "bytes": 1, "sha256": "0" * 64}]},
        {"rows": -1},
    ],
)
def test_the_schema_refuses_what_the_contract_does(
    volume: Path, publish_example: Publish, facts: dict[str, Any]
) -> None:
    manifest = publish_example(volume).manifest

    with pytest.raises(ValidationError):
        validate_manifest(manifest | facts)


def test_the_lines_of_history_satisfy_their_schema(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume)
    roll_back(volume, artifact.id, kind=artifact.kind)
    unpin(volume, kind=artifact.kind)

    lines = read_actions(volume)
    assert [line["action"] for line in lines] == ["rollback", "unpin"]
    for line in lines:
        validate(line, "history")
