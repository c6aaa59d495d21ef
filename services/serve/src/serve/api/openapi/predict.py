"""The description of POST /predict."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from serve.api.openapi.column_docs import row_schema
from serve.api.openapi.operations import CSV, JSON, NUMBER, class_schema, operation, ref, summary_of
from serve.codecs.csv_rows import Table
from serve.codecs.predictions import class_text
from serve.model.models import Model
from serve.problems import RequestError
from serve.schema.cells import Rules
from serve.schema.model_json import INTERVAL, Decision, Description, Interval

_WITHOUT_COLUMNS: dict[str, Any] = {
    JSON: {"schema": {"type": "object"}},
    CSV: {"schema": {"type": "string"}},
}
_DESCRIPTION = """\
A column that always had a value in training must have one here; any other may be null or left out.
Values beyond those of training are accepted. Other columns of the source are accepted and ignored.
A CSV table is read as the source writes its own, or by RFC 4180; it comes back with the predictions
as further columns, with commas in UTF-8.
"""


def paths(model: Model | None) -> dict[str, Any]:
    """Return the path item, without columns if there is no model."""
    post = operation(
        "predict",
        tags=["predict"],
        summary=summary_of(model),
        description=_DESCRIPTION,
        body=_WITHOUT_COLUMNS if model is None else _bodies(model.example),
        answer=_WITHOUT_COLUMNS if model is None else _answers(model),
    )
    return {"/predict": {"post": post}}


def schemas(description: Description) -> dict[str, Any]:
    """Return the schemas that the path refers to."""
    return {
        "Row": row_schema(description.signature),
        "Rows": {
            "type": "object",
            "additionalProperties": False,
            "required": ["rows"],
            "properties": {"rows": {"type": "array", "minItems": 1, "items": ref("Row")}},
        },
        "Prediction": _prediction(description),
        "Predictions": {
            "type": "object",
            "required": ["model", "predictions"],
            "properties": {
                "model": {"type": "string", "description": "Id of the model that answered."},
                "predictions": {
                    "type": "array",
                    "description": "One for each row, in their order.",
                    "items": ref("Prediction"),
                },
            },
        },
    }


def example_table(row: dict[str, Any]) -> str:
    """Return a row as a CSV table."""
    return (
        Table([*row], [*row], [[_cell(value) for value in row.values()]])
        .with_columns([], [])
        .decode()
    )


def _prediction(description: Description) -> dict[str, Any]:
    if description.classes is None:
        properties: dict[str, Any] = {description.target.name: NUMBER}
        if description.interval is not None:
            properties["interval"] = _interval(description.interval)
    else:
        names = [class_text(value) for value in description.classes]
        properties = {
            description.target.name: class_schema(description.classes)
            | {
                "description": _how_named(description.decision, names),
            },
            "probabilities": {
                "type": "object",
                "required": names,
                "properties": dict.fromkeys(names, NUMBER),
            },
        }
    return {"type": "object", "required": list(properties), "properties": properties}


def _how_named(decision: Decision | None, names: Sequence[str]) -> str:
    if decision is None:
        return "The likeliest class."
    if decision.threshold is None:
        return "The class whose errors are expected to cost least."
    return f"{names[1]} from a probability of {decision.threshold:g} on."


def _interval(interval: Interval) -> dict[str, Any]:
    ends = INTERVAL[1:]
    return {
        "type": "object",
        "description": f"Holds {interval.coverage:.4g} of the true values.",
        "required": list(ends),
        "properties": dict.fromkeys(ends, NUMBER),
    }


def _bodies(row: dict[str, Any]) -> dict[str, Any]:
    real = {"summary": "a real row", "value": {"rows": [row]}}
    return {
        JSON: {"schema": ref("Rows"), "examples": {"real": real}},
        CSV: {"schema": {"type": "string"}, "example": example_table(row)},
    }


def _cell(value: object) -> str:
    """Return a JSON value as a cell of a table."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _answers(model: Model) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": ref("Predictions")}
    # A placeholder in a private column may violate its constraints; then there is no example.
    with suppress(RequestError):
        feed = model.rows.clean([model.example], Rules.from_json)
        content["example"] = json.loads(model.response_writer.json(model.graph.run(feed)))
    return {
        JSON: content,
        CSV: {"schema": {"type": "string"}},
    }
