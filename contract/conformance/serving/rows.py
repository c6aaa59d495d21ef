"""Request rows: valid ones from the model's examples, and rows with one invalid value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.models.model_data import Example, Model
from conformance.models.tensors import Field, Row
from conformance.serving.clients import Protocol

_INVALID_VALUES: Mapping[str, Sequence[Any]] = {
    "string": [5, ["a"]],
    "number": ["big", True],
    "integer": ["many", 2.5],
    "boolean": ["perhaps", 2],
    "date": ["2024-02-30", "spring"],
    "datetime": ["yesterday", "2024-01-01T25:00:00Z"],
}
"""Invalid values by type."""


def complete_examples(model: Model) -> list[Example]:
    """Return the examples that have a value in every column."""
    return [each for each in model.examples if None not in each.row.values()]


def required_names(model: Model) -> list[str]:
    """Return the columns that must have a value."""
    return [f["name"] for f in model.fields if f.get("constraints", {}).get("required")]


def invalid_rows(model: Model, protocol: Protocol) -> Iterator[tuple[str, Row]]:
    """Yield rows with one invalid value that the protocol can represent, and its column."""
    row = complete_examples(model)[0].row
    for field in model.fields:
        for value in [*_INVALID_VALUES[field["type"]], *_beyond_constraints(field)]:
            is_number = type(value) in {int, float} and field["type"] in {"number", "integer"}
            if protocol == "predict" or isinstance(value, str) or is_number:
                yield field["name"], {**row, field["name"]: value}


def unusual_rows(model: Model) -> Iterator[tuple[str, Row]]:
    """Yield rows with one value outside the training data, and a description of the value."""
    row = complete_examples(model)[0].row
    for field in model.fields:
        if not set(field.get("constraints", {})) <= {"required", "minimum"}:
            continue
        value = {
            "string": "never seen in training",
            "number": 1e9,
            "integer": 1_000_000_000,
            "boolean": row[field["name"]],
            "date": "2199-12-31",
            "datetime": "2199-12-31T23:59:59Z",
        }[field["type"]]
        yield f"{field['name']} = {value!r}", {**row, field["name"]: value}


def misspelled_name(model: Model) -> tuple[str, str]:
    """Return a misspelled column name, and the correct name."""
    known = {*(f["name"] for f in model.fields), *model.document["signature"]["ignored"]}
    for name in sorted(known, key=len):
        misspelled = name[0] + name[2] + name[1] + name[3:] if len(name) > 3 else name
        if misspelled not in known:
            return misspelled, name
    raise LookupError("no column of the example has a name that can be misspelled")


def name_between(model: Model) -> tuple[str, str] | None:
    """Return a name one letter off a column and two off another, and the closer column."""
    known = {field["name"] for field in model.fields}
    return ("sole", "sold") if {"size", "sold"} <= known else None


def _beyond_constraints(field: Field) -> list[Any]:
    minimum = field.get("constraints", {}).get("minimum")
    return [minimum - 1] if isinstance(minimum, int | float) else []
