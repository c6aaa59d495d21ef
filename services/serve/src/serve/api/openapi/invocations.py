"""The description of POST /invocations."""

from typing import Any

from serve.api.openapi.operations import (
    CSV,
    JSON,
    NUMBER,
    class_schema,
    operation,
    problem_schema,
    ref,
    summary_of,
)
from serve.api.openapi.predict import example_table
from serve.api.predictions.invocations import methods_of
from serve.model.models import Model
from serve.schema.model_json import Description

ERROR_SCHEMA = problem_schema(
    error_code="MLflow's name of the kind of error.", message="Everything that is wrong."
)
_WITHOUT_COLUMNS: dict[str, Any] = {
    JSON: {"schema": {"type": "object"}},
    CSV: {"schema": {"type": "string"}},
}
_DESCRIPTION = """\
MLflow's scoring protocol: one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`,
or a CSV table. Predictions are numbers or labels; with `params` as
`{"pyfunc_predict_fn": "predict_proba"}` they are the probabilities of all classes, in the order of
GET /model; with `predict_interval`, where the model has intervals, both ends of each; with
`predict_quantiles`, where the model has quantiles, all of them in the order of their levels.
"""


def paths(model: Model | None) -> dict[str, Any]:
    """Return the path item, without columns if there is no model."""
    post = operation(
        "invocations",
        tags=["MLflow"],
        summary=summary_of(model),
        description=_DESCRIPTION,
        body=_WITHOUT_COLUMNS if model is None else _bodies(model.example),
        answer={JSON: {"schema": {"type": "object"} if model is None else ref("Scores")}},
        problem=(JSON, "InvocationError"),
    )
    return {"/invocations": {"post": post}}


def _bodies(row: dict[str, Any]) -> dict[str, Any]:
    split = {"columns": list(row), "data": [list(row.values())]}
    examples = {
        "dataframe_split": {"dataframe_split": split},
        "dataframe_records": {"dataframe_records": [row]},
        "inputs": {"inputs": {name: [value] for name, value in row.items()}},
    }
    shown = {name: {"value": value} for name, value in examples.items()}
    return {
        JSON: {"schema": ref("Invocation"), "examples": shown},
        CSV: {"schema": {"type": "string"}, "example": example_table(row)},
    }


def schemas(description: Description) -> dict[str, Any]:
    """Return the schemas that the path refers to."""
    rows = {"type": "array", "minItems": 1, "items": ref("Row")}
    names = description.signature.names
    columns = {
        "type": "object",
        "propertyNames": {"enum": names},
        "additionalProperties": {"type": "array", "minItems": 1, "items": {}},
    }
    split = {
        "type": "object",
        "additionalProperties": False,
        "required": ["columns", "data"],
        "properties": {
            "columns": {"type": "array", "items": {"enum": names}, "uniqueItems": True},
            "data": {"type": "array", "minItems": 1, "items": {"type": "array", "items": {}}},
            "index": {"description": "Ignored."},
        },
    }
    forms: dict[str, dict[str, Any]] = {
        "dataframe_split": split,
        "dataframe_records": rows,
        "instances": rows,
        "inputs": {"anyOf": [columns, rows]},
    }
    params = _params(description)
    return {
        "Invocation": {"oneOf": [_form(name, form, params) for name, form in forms.items()]},
        "Scores": {
            "type": "object",
            "required": ["predictions"],
            "properties": {"predictions": {"type": "array", "items": _score(description)}},
        },
    }


def _form(name: str, form: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name],
        "properties": {name: form, "params": params},
    }


def _params(description: Description) -> dict[str, Any]:
    properties = {"pyfunc_predict_fn": {"enum": methods_of(description)}}
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _score(description: Description) -> dict[str, Any]:
    numbers = {"type": "array", "items": NUMBER}
    if description.classes is None:
        return NUMBER if len(methods_of(description)) == 1 else {"anyOf": [NUMBER, numbers]}
    return {"anyOf": [class_schema(description.classes), numbers]}
