"""The shared parts of the descriptions of all prediction routes."""

from collections.abc import Sequence
from typing import Any

from serve import problems
from serve.model.models import Model
from serve.schema.model_json import Class

_PROBLEM = (problems.MEDIA_TYPE, "Problem")
NUMBER = {"type": ["number", "null"], "description": "Null where it is not finite."}
JSON = "application/json"
CSV = "text/csv"

_UNAUTHORIZED = "The API key is missing or wrong, where the server wants one."
_REQUEST_ID = {
    "name": "x-request-id",
    "in": "header",
    "description": "Comes back if it has at most 128 letters, digits and `._:/+=@-`; otherwise,"
    " and where it is missing, one is made up.",
    "schema": {"type": "string"},
}
_ERRORS = {
    "400": "The body can't be read.",
    "401": _UNAUTHORIZED,
    "408": "The request was not complete in time.",
    "413": "The body, or the number of rows, is too large.",
    "415": "The body is of another media type, compressed, or not UTF-8.",
    "422": "A row breaks a rule, or a parameter is wrong; `errors` says which row and column, or"
    " which parameter, and what was expected.",
    "431": "The header fields are too large.",
    "503": "No model is live, too much waits already, or the server ends; `Retry-After` says when"
    " to ask again.",
}
_ERRORS_WITHOUT_BODY = {
    "401": _UNAUTHORIZED,
    "408": _ERRORS["408"],
    "431": _ERRORS["431"],
    "503": "Too much waits already, or the server ends.",
}
_HEADERS = {
    name: {"schema": {"type": "string"}} for name in ("x-model-id", "x-request-id", "traceresponse")
}


def operation(
    name: str,
    *,
    body: dict[str, Any],
    answer: dict[str, Any],
    errors: dict[str, str] | None = None,
    problem: tuple[str, str] = _PROBLEM,
    **described: Any,
) -> dict[str, Any]:
    """Return a POST operation; `body` and `answer` by media type, `problem` with its schema."""
    media_type, schema = problem
    content = {media_type: {"schema": ref(schema)}}
    refusals = {
        status: {"description": text, "content": content}
        for status, text in sorted((_ERRORS | (errors or {})).items())
    }
    right = {"description": "The predictions.", "headers": _HEADERS, "content": answer}
    parameters = [*described.pop("parameters", []), _REQUEST_ID]
    return {
        "operationId": name,
        "parameters": parameters,
        "requestBody": {"required": True, "content": body},
        "responses": {"200": right} | refusals,
        **described,
    }


def summary_of(model: Model | None) -> str:
    """Return the summary of a prediction route."""
    target = "with the live model" if model is None else model.description.target.name
    return f"Predict {target}"


def complete(operation: dict[str, Any], path: str, *, is_public: bool) -> None:
    """Add the responses that all routes share."""
    answers = operation["responses"]
    answers.pop("422", None)  # Path parameters are texts, so that none is ever invalid.
    for parameter in operation.get("parameters", ()):
        parameter["schema"].pop("title", None)
    right = answers.pop("200")
    for content in right.get("content", {}).values():
        content.get("schema", {}).pop("title", None)
    errors = dict(_ERRORS_WITHOUT_BODY)
    if is_public:
        del errors["401"]
    errors |= {status: answer["description"] for status, answer in answers.items()}
    media_type, schema = (JSON, "InferError") if path.startswith("/v2") else _PROBLEM
    content = {media_type: {"schema": ref(schema)}}
    operation["responses"] = {"200": right | {"headers": _HEADERS}} | {
        status: {"description": text, "content": content} for status, text in sorted(errors.items())
    }


def class_schema(classes: Sequence[Class]) -> dict[str, Any]:
    """Return the schema of the classes; many client generators lack enums of booleans."""
    types = {type(each) for each in classes}
    if types == {bool}:
        return {"type": "boolean"}
    names = {str: {"type": "string"}, int: {"type": "integer"}}
    kind = names.get(types.pop(), {}) if len(types) == 1 else {}
    return kind | {"enum": list(classes)}


def problem_schema(**members: str) -> dict[str, Any]:
    """Return the schema of a problem document with further members."""
    properties = {name: {"type": "string", "description": text} for name, text in members.items()}
    further = {"type": "object", "required": list(members), "properties": properties}
    return {"allOf": [ref("Problem"), further]}


def ref(name: str) -> dict[str, str]:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}
