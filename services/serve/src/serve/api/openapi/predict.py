"""The description of POST /predict."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from serve import problems
from serve.api.openapi.column_docs import row_schema
from serve.api.openapi.operations import CSV, JSON, NUMBER, class_schema, operation, ref, summary_of
from serve.codecs.csv_rows import Table
from serve.codecs.explanations import (
    BASE_VALUE,
    CLASS,
    CONTRIBUTIONS,
    EXPLANATION_METHOD,
    EXPLANATIONS,
    PRIVATE_COLUMNS,
)
from serve.codecs.predict_options import EXPLAIN, ON_ERROR, OUTSIDE_TRAINING, TOP_K
from serve.codecs.predictions import class_text
from serve.model.models import Model
from serve.problems import RequestError
from serve.schema.cells import Rules
from serve.schema.model_json import (
    INTERVAL,
    QUANTILES,
    Class,
    Decision,
    Description,
    Interval,
    Quantiles,
)

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
# Without `default`: Swagger UI would write it into each request.
_ON_ERROR: dict[str, Any] = {
    "name": ON_ERROR,
    "in": "query",
    "description": "With `skip`, rows that break a rule are listed under `errors`, and their"
    " prediction is null; a table has the column `error`. With `fail`, or without it, they refuse"
    " the request.",
    "schema": {"type": "string", "enum": ["fail", "skip"]},
}
_OUTSIDE_TRAINING: dict[str, Any] = {
    "name": OUTSIDE_TRAINING,
    "in": "query",
    "description": "Names for each row the columns with a value that training had not seen: beyond"
    " its range, or an unknown category. A private column is never named.",
    "schema": {"type": "boolean"},
}
_EXPLAIN: dict[str, Any] = {
    "name": EXPLAIN,
    "in": "query",
    "description": "Adds the contribution of each column to each prediction: Shapley values, which"
    " add up to the prediction with a base value. Explaining a row costs up to about 2,000"
    " predictions. A table has the columns `base_value` and `contribution_<column>`.",
    "schema": {"type": "boolean"},
}
_TOP_K: dict[str, Any] = {
    "name": TOP_K,
    "in": "query",
    "description": "Only this many classes with probabilities, as a list, the likeliest first; a"
    " table has the columns `class_1`, `probability_1`, and so on.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}


def paths(model: Model | None) -> dict[str, Any]:
    """Return the path item, without columns if there is no model."""
    post = operation(
        "predict",
        tags=["predict"],
        summary=summary_of(model),
        description=_DESCRIPTION,
        parameters=_parameters(None if model is None else model.description),
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
        "PredictionsWithOptions": _with_options(description),
    }


def _with_options(description: Description) -> dict[str, Any]:
    predictions: list[dict[str, Any]] = [ref("Prediction")]
    if description.classes is not None:
        predictions.append(_top_k_prediction(description.target.name, description.classes))
    return {
        "type": "object",
        "description": "The response if the query asks for more than the predictions.",
        "required": ["model", "predictions"],
        "properties": {
            "model": {"type": "string", "description": "Id of the model that answered."},
            "predictions": {
                "type": "array",
                "description": "One for each row, in their order; null for a skipped row.",
                "items": {"anyOf": [*predictions, {"type": "null"}]},
            },
            OUTSIDE_TRAINING: {
                "type": "array",
                "description": f"Columns for each row, with `{OUTSIDE_TRAINING}=true`.",
                "items": {"type": ["array", "null"], "items": {"type": "string"}},
            },
            EXPLANATIONS: {
                "type": "array",
                "description": f"One for each row, with `{EXPLAIN}=true`; null for a skipped row.",
                "items": {"anyOf": [_explanation(description), {"type": "null"}]},
            },
            EXPLANATION_METHOD: {
                "type": "object",
                "description": f"How the explanations were computed, with `{EXPLAIN}=true`.",
                "required": ["method", "background_rows", "runs_per_row"],
                "properties": {
                    "method": {"enum": ["exact_shapley", "permutation_shapley"]},
                    "background_rows": {"type": "integer", "minimum": 1},
                    "runs_per_row": {"type": "integer", "minimum": 1},
                },
            },
            "errors": problems.SCHEMA["properties"]["errors"]
            | {"description": f"Up to 5 for each skipped row, with `{ON_ERROR}=skip`."},
        },
    }


def _explanation(description: Description) -> dict[str, Any]:
    """Return the schema of a row's explanation; a number is null if an output is not finite."""
    number = {"type": ["number", "null"]}
    names = [column.name for column in description.signature.fields if not column.private]
    properties: dict[str, Any] = {}
    if description.classes is not None:
        what = "The predicted class, whose probability is explained."
        properties[CLASS] = class_schema(description.classes) | {"description": what}
    properties[BASE_VALUE] = number | {"description": "The mean output for the background rows."}
    properties[CONTRIBUTIONS] = {
        "type": "object",
        "required": names,
        "additionalProperties": False,
        "properties": dict.fromkeys(names, number),
    }
    if len(names) < len(description.signature.fields):
        what = "The contribution of all private columns together."
        properties[PRIVATE_COLUMNS] = number | {"description": what}
    return {"type": "object", "required": [*properties], "properties": properties}


def _top_k_prediction(target: str, classes: Sequence[Class]) -> dict[str, Any]:
    members = {"class": class_schema(classes), "probability": NUMBER}
    item = {"type": "object", "required": [*members], "properties": members}
    listed = {"type": "array", "description": f"With `{TOP_K}`.", "items": item}
    properties = {target: class_schema(classes), "probabilities": listed}
    return {"type": "object", "required": [*properties], "properties": properties}


def _parameters(description: Description | None) -> list[dict[str, Any]]:
    options = [_ON_ERROR, _OUTSIDE_TRAINING, _EXPLAIN]
    has_classes = description is None or description.classes is not None
    return [_TOP_K, *options] if has_classes else options


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
        if description.quantiles is not None:
            properties[QUANTILES] = _quantiles(description.quantiles)
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


def _quantiles(quantiles: Quantiles) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "By level, the share of true values that should not be above the number."
        " Numbers never decrease from level to level.",
        "required": quantiles.names,
        "properties": dict.fromkeys(quantiles.names, NUMBER),
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
    schema = {"anyOf": [ref("Predictions"), ref("PredictionsWithOptions")]}
    content: dict[str, Any] = {"schema": schema}
    # A placeholder in a private column may violate its constraints; then there is no example.
    with suppress(RequestError):
        feed = model.rows.clean([model.example], Rules.from_json)
        content["example"] = json.loads(model.response_writer.json(model.graph.run(feed)))
    return {
        JSON: content,
        CSV: {"schema": {"type": "string"}},
    }
