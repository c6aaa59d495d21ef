"""The columns, the learning problem and the estimator of an artifact."""

from collections.abc import Iterator, Mapping
from typing import Any

from stage_contract import Artifact
from stage_contract.stages.causes import flat

from history.volumes import facts

type Values = Mapping[str, Any]

NO_SCHEMA = frozenset({"name", "observed", "input"})
"""Keys of a field that depend on the rows or the order of columns."""


def columns_of(artifact: Artifact) -> Values:
    """Return type and constraints of each column as text, and the schema's own settings."""
    schema = _schema(artifact)
    columns = {field["name"]: ", ".join(_facts(field)) for field in _fields(schema)}
    for name in ("missingValues", "timezone"):
        if name in schema:
            columns[f"({name})"] = schema[name]
    return columns


def problem_of(artifact: Artifact) -> Values:
    """Return the task, the target, the classes, and the role of each feature."""
    document = facts(artifact.path / "features.json") or facts(artifact.path / "model.json")
    target = document.get("target") or {}
    problem = {"task": document.get("task"), "target": target.get("name")}
    if document.get("classes"):
        problem["classes"] = document["classes"]
    features = {item["name"]: item.get("role", "") for item in document.get("features", [])}
    return (problem if document else {}) | {f"feature {name}": features[name] for name in features}


def estimator_of(artifact: Artifact) -> Values:
    """Return a model's estimator with its hyperparameters."""
    return flat(facts(artifact.path / "model.json").get("estimator", {}))


def _schema(artifact: Artifact) -> dict[str, Any]:
    schema: dict[str, Any] = facts(artifact.path / "model.json").get("signature", {})
    return schema or facts(artifact.path / "schema.json") or facts(artifact.path / "source.json")


def _fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = schema.get("fields") or schema.get("columns") or []
    return fields


def _facts(field: Mapping[str, Any]) -> Iterator[str]:
    for name, value in field.items():
        if name == "type":
            yield str(value)
        elif name == "constraints":
            yield from (_constraint(*item) for item in value.items())
        elif name not in NO_SCHEMA:
            yield _constraint(name, value)


def _constraint(name: str, value: object) -> str:
    return name if value is True else f"{name} {value}"
