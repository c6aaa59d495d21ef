"""The whole description: the framework's routes, and the hot ones as the live model takes them."""

from typing import Any

from serve import problems
from serve.models import Model
from serve.openapi import infer, invocations, predict


def describe(document: dict[str, Any], model: Model) -> None:
    """Add the hot routes to the framework's description."""
    hot = predict.paths(model) | infer.paths(model) | invocations.paths(model)
    document["paths"] = hot | document["paths"]
    known = document.setdefault("components", {}).setdefault("schemas", {})
    known |= predict.schemas(model.description)
    known |= infer.schemas(model.description)
    known |= invocations.schemas(model.description)
    known["Problem"] = problems.SCHEMA
    report = " [The report on it](report) shows how good it is." if model.report else ""
    document["info"]["description"] = f"Model {model.id}, {model.description.task}.{report}"
