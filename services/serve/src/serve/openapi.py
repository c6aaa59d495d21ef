"""The OpenAPI description of /predict, made from the live model."""

import json
from contextlib import suppress
from typing import Any

from serve import problems
from serve.answers import class_text
from serve.cells import Rules
from serve.column_docs import row_schema
from serve.csv_rows import Table
from serve.descriptions import Description
from serve.models import Model
from serve.problems import RequestError

_REQUEST_ID = {
    "name": "x-request-id",
    "in": "header",
    "description": "Comes back with the answer; made up where it is missing.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:/+=@-]{1,128}$"},
}
_ERRORS = {
    "400": "The body is not JSON or CSV.",
    "413": "The body, or the number of rows, is too large.",
    "415": "Neither application/json nor text/csv, or not UTF-8.",
    "422": "A row breaks a rule; `errors` says which row, which column, and what was expected.",
    "503": "No model is live.",
}
_DESCRIPTION = """\
A column that always had a value in training must have one here; any other may be null or left out.
Values beyond those of training are accepted. Other columns of the source are accepted and ignored.
A CSV table comes back with the predictions as further columns.
"""


def predict_path(model: Model) -> dict[str, Any]:
    """Return the path item of /predict."""
    row = model.example
    return {
        "post": {
            "tags": ["predict"],
            "summary": f"Predict {model.description.target.name}",
            "description": _DESCRIPTION,
            "operationId": "predict",
            "parameters": [_REQUEST_ID],
            "requestBody": {"required": True, "content": _bodies(row)},
            "responses": {"200": _answer(model, row)} | _errors(),
        }
    }


def schemas(description: Description) -> dict[str, Any]:
    """Return the schemas that the path refers to."""
    return {
        "Row": row_schema(description.signature),
        "Rows": {
            "type": "object",
            "additionalProperties": False,
            "required": ["rows"],
            "properties": {"rows": {"type": "array", "minItems": 1, "items": _ref("Row")}},
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
                    "items": _ref("Prediction"),
                },
            },
        },
        "Problem": problems.SCHEMA,
    }


def _prediction(description: Description) -> dict[str, Any]:
    number = {"type": ["number", "null"], "description": "Null where it is not finite."}
    if description.classes is None:
        properties: dict[str, Any] = {description.target.name: number}
    else:
        names = [class_text(value) for value in description.classes]
        properties = {
            description.target.name: {"enum": list(description.classes)},
            "probabilities": {
                "type": "object",
                "required": names,
                "properties": dict.fromkeys(names, number),
            },
        }
    return {"type": "object", "required": list(properties), "properties": properties}


def _bodies(row: dict[str, Any]) -> dict[str, Any]:
    table = Table(list(row), [[_cell(value) for value in row.values()]])
    return {
        "application/json": {
            "schema": _ref("Rows"),
            "examples": {"real": {"summary": "a real row", "value": {"rows": [row]}}},
        },
        "text/csv": {"schema": {"type": "string"}, "example": table.with_columns([], []).decode()},
    }


def _cell(value: object) -> str:
    """Return a JSON value as a cell of a table."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _answer(model: Model, row: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _ref("Predictions")}
    # A made-up value of a private column may break its constraints; then there is no example.
    with suppress(RequestError):
        feed = model.rows.clean([row], Rules.from_json)
        content["example"] = json.loads(model.answers.json(model.graph.run(feed)))
    return {
        "description": "The predictions.",
        "headers": {
            name: {"schema": {"type": "string"}} for name in ("x-model-id", "x-request-id")
        },
        "content": {"application/json": content, "text/csv": {"schema": {"type": "string"}}},
    }


def _errors() -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": _ref("Problem")}}
    return {
        status: {"description": description, "content": content}
        for status, description in _ERRORS.items()
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
