"""Columns: names and types of the graph's packed inputs, for MLflow clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

type ColumnType = Literal["double", "long", "boolean", "string"]
"""Types of MLflow's column-based signatures."""

UNTYPED_MISSING = ("None", "nan", "<NA>")
"""Texts that ONNX Runtime makes of missing values in a pandas column of texts."""


@dataclass(frozen=True)
class Column:
    """One column of a request, and its position in the graph's packed inputs."""

    name: str
    type: ColumnType
    group: Literal["numbers", "strings"]
    index: int
    missing: tuple[str, ...] = ()
    """Missing tokens of a text column."""


def columns_of(signature: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of the graph, in order, from `signature` of model.json."""
    tokens = signature.get("missingValues", [])
    return tuple(_column(field, tokens) for field in signature["fields"] if "input" in field)


def _column(field: Mapping[str, Any], tokens: list[str]) -> Column:
    group, index = field["input"]["group"], field["input"]["index"]
    column_type = _type(field["type"], group, is_required=_is_required(field))
    missing = _missing(field, tokens) if column_type == "string" else ()
    return Column(field["name"], column_type, group, index, missing)


def _is_required(field: Mapping[str, Any]) -> bool:
    return bool(field.get("constraints", {}).get("required"))


def _type(kind: str, group: str, *, is_required: bool) -> ColumnType:
    """Return the narrowest type that holds each value: only doubles and texts can be missing."""
    if kind == "integer" and is_required:
        return "long"
    if group == "strings":
        return "string"
    return "boolean" if kind == "boolean" and is_required else "double"


def _missing(field: Mapping[str, Any], tokens: list[str]) -> tuple[str, ...]:
    """Return the schema's missing tokens, and texts of pandas for missing that are not values."""
    categories = field.get("observed", {}).get("categories", [])
    values = {str(category["value"]) for category in categories}
    untyped = [text for text in UNTYPED_MISSING if text not in values]
    return tuple(dict.fromkeys([*field.get("missingValues", tokens), *untyped]))
