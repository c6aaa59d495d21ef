"""The whole description: the framework's routes, and the hot ones as the live model takes them."""

from collections.abc import Callable
from typing import Any

from serve import problems
from serve.api.openapi import infer, invocations, predict
from serve.api.openapi.operations import complete
from serve.model.models import Model


def complete_framework(document: dict[str, Any], *, is_public: Callable[[str], bool]) -> None:
    """Describe what the framework's routes may answer as they really answer."""
    for path, item in document["paths"].items():
        for described in item.values():
            complete(described, path, is_public=is_public(path))
    document["components"] = {
        "schemas": {"Problem": problems.SCHEMA, "InferError": infer.ERROR_SCHEMA}
    }


def describe(document: dict[str, Any], model: Model) -> None:
    """Add the hot routes to the framework's description."""
    hot = predict.paths(model) | infer.paths(model) | invocations.paths(model)
    document["paths"] = hot | document["paths"]
    known = document["components"]["schemas"]
    known |= predict.schemas(model.description)
    known |= infer.schemas(model.description)
    known |= invocations.schemas(model.description)
    report = " [The report on it](report) shows how good it is." if model.report else ""
    document["info"]["description"] = f"Model {model.id}, {model.description.task}.{report}"
