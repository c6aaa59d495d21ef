"""The OpenAPI document: FastAPI's description of the routes, with the columns of the live model."""

import json
from collections.abc import Callable, Collection
from typing import Any

from serve import problems
from serve.api.openapi import infer, invocations, predict
from serve.api.openapi.operations import complete
from serve.model.models import Model

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")


def complete_routes(
    document: dict[str, Any], own: Collection[str], *, is_public: Callable[[str], bool]
) -> None:
    """Complete FastAPI's description of our operations, `own`, with their real responses."""
    for path, item in document["paths"].items():
        for described in item.values():
            if described.get("operationId") in own:
                complete(described, path, is_public=is_public(path))
    components = document.setdefault("components", {})
    known = components.setdefault("schemas", {})
    known |= {
        "Problem": problems.SCHEMA,
        "InferError": infer.ERROR_SCHEMA,
        "InvocationError": invocations.ERROR_SCHEMA,
    }
    for name in _OF_FASTAPI:
        # Our operations never use these schemas, but an added route may.
        if name in known and f'"#/components/schemas/{name}"' not in json.dumps(document):
            del known[name]


def describe_predictions(document: dict[str, Any], model: Model | None) -> None:
    """Describe the prediction routes, with the columns of the live model if there is one."""
    described = predict.paths(model) | infer.paths(model) | invocations.paths(model)
    others = document["paths"]
    for path, item in described.items():
        found = others.get(path, {})
        if found.get("post", {}).get("operationId") == item["post"]["operationId"]:
            described[path] = found | item
        else:
            described[path] = item | found  # The application has its own route there.
    document["paths"] = described | {k: v for k, v in others.items() if k not in described}
    if model is None:
        return
    known = document["components"]["schemas"]
    known |= predict.schemas(model.description)
    known |= infer.schemas(model.description)
    known |= invocations.schemas(model.description)
    report = " [The report on it](report) shows how good it is." if model.report else ""
    document["info"]["description"] = f"Model {model.id}, {model.description.task}.{report}"


def describe_keys(document: dict[str, Any], *, is_public: Callable[[str], bool]) -> None:
    """Describe the API key, and where it is sent."""
    document["components"].setdefault("securitySchemes", {}).update(_SECURITY)
    # One of them is enough.
    document["security"] = [{name: []} for name in _SECURITY]
    for path, item in document["paths"].items():
        if is_public(path):
            for operation in item.values():
                operation["security"] = []
