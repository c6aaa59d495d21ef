"""The description of inference in the Open Inference Protocol."""

from typing import Any

from serve.api.openapi.column_docs import column_schema
from serve.api.openapi.operations import (
    JSON,
    NUMBER,
    class_schema,
    operation,
    problem_schema,
    ref,
    summary_of,
)
from serve.api.predictions.infer import WITH_VERSION, WITHOUT_VERSION
from serve.codecs.oip.datatypes import BOOLEANS, DATATYPES, NUMBERS, TEXTS, datatype_of, outputs_of
from serve.model.models import Model
from serve.schema.model_json import Description
from serve.schema.signature import Column
from serve.schema.text_formats import reads_texts

_DESCRIPTION = """\
One input for each column, of shape [rows, 1] or [rows]. A missing value is NaN or an empty text;
in JSON null, too. Integers and booleans that may be missing are FP64, since INT64 and BOOL have no
such value. A numeric column accepts any numeric datatype. Requests and responses support
the binary data extension.
"""
_PARAMETERS = {
    "type": ["object", "null"],
    "description": "`binary_data_size`, `binary_data_output`, `binary_data`; others are ignored.",
    "properties": {
        "classification": {"not": {}, "description": "Not supported."},
        "shared_memory_region": {"not": {}, "description": "Not supported."},
    },
}
_SHAPE = {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 0}}
ERROR_SCHEMA = problem_schema(error="All errors in one text, as the protocol requires.")
_NOT_FOUND = {"404": "Not the live model, or not its version."}


def paths(model: Model | None) -> dict[str, Any]:
    """Return the path items, without columns if there is no model."""
    name = _parameter("name", model.name if model else None)
    version = _parameter("version", model.id if model else None)
    return {
        WITHOUT_VERSION: {"post": _post("infer", model, [name])},
        WITH_VERSION: {"post": _post("infer_version", model, [name, version])},
    }


def schemas(description: Description) -> dict[str, Any]:
    """Return the schemas that the paths refer to."""
    names = list(outputs_of(description))
    tensors = [_input(column) for column in description.signature.fields]
    ignored = description.signature.ignored
    if ignored:
        tensors.append(_tensor({"enum": list(ignored)}, {}, "Accepted and ignored."))
    return {
        "InferRequest": _object(
            ["inputs"],
            id={"type": ["string", "null"]},
            parameters=_PARAMETERS,
            inputs={"type": "array", "minItems": 1, "items": {"anyOf": tensors}},
            outputs={
                "type": ["array", "null"],
                "items": _requested_output(names),
            },
        ),
        "InferResponse": _object(
            ["model_name", "model_version", "outputs"],
            id={"type": "string"},
            model_name={"type": "string"},
            model_version={"type": "string", "description": "Id of the model that answered."},
            outputs={"type": "array", "items": {"anyOf": _outputs(description)}},
        ),
    }


def _post(name: str, model: Model | None, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": {"type": "object"}}
    response: dict[str, Any] = body
    if model is not None:
        inputs = [_example(column, model.example[column.name]) for column in _fields(model)]
        body = {"schema": ref("InferRequest"), "example": {"inputs": inputs}}
        response = {"schema": ref("InferResponse")}
    return operation(
        name,
        tags=["Open Inference Protocol V2"],
        summary=summary_of(model),
        description=_DESCRIPTION,
        parameters=parameters,
        body={JSON: body},
        answer={JSON: response},
        errors=_NOT_FOUND,
        problem=(JSON, "InferError"),
    )


def _fields(model: Model) -> tuple[Column, ...]:
    return model.description.signature.fields


def _example(column: Column, value: Any) -> dict[str, Any]:
    datatype = datatype_of(column)
    is_number = column.type == "boolean" and datatype != BOOLEANS and value is not None
    data = [int(value) if is_number else value]
    return {"name": column.name, "datatype": datatype, "shape": [1, 1], "data": data}


def _parameter(name: str, example: str | None) -> dict[str, Any]:
    if example is None:
        return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    schema = {"type": "string", "enum": [example]}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _input(column: Column) -> dict[str, Any]:
    declared = datatype_of(column)
    accepted = [declared] if declared == TEXTS else list(dict.fromkeys([declared, *NUMBERS]))
    value = column_schema(column)
    if column.type == "boolean":
        missing = [] if column.is_required else [{"type": "null"}]
        number = {"type": "integer", "minimum": 0, "maximum": 1}
        value = {"anyOf": [{"type": "boolean"}, number, *missing]}
    if reads_texts(column) and declared != TEXTS:
        accepted.append(TEXTS)
        value = {"anyOf": [value, {"type": "string"}]}
    return _tensor({"const": column.name}, value, datatypes=accepted)


def _tensor(
    name: dict[str, Any],
    value: dict[str, Any],
    description: str = "",
    *,
    datatypes: list[str] | None = None,
) -> dict[str, Any]:
    return _object(
        ["name", "datatype", "shape", "data"],
        name=name | ({"description": description} if description else {}),
        datatype={"enum": datatypes or list(DATATYPES)},
        shape=_SHAPE,
        data={"type": "array", "items": value},
        parameters=_PARAMETERS,
    )


def _requested_output(names: list[str]) -> dict[str, Any]:
    return _object(["name"], name={"enum": names}, parameters=_PARAMETERS)


def _outputs(description: Description) -> list[dict[str, Any]]:
    target, classes = description.target.name, description.classes
    return [
        _object(
            ["name", "datatype", "shape"],
            name={"const": name},
            datatype={"const": datatype},
            shape={"type": "array", "items": {"type": "integer"}},
            data={
                "type": "array",
                "items": NUMBER if name != target or classes is None else class_schema(classes),
            },
            parameters=_PARAMETERS,
        )
        for name, (datatype, _) in outputs_of(description).items()
    ]


def _object(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}
