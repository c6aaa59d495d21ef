"""A sample row for a request: the model's first example, with placeholders for private values."""

import json
import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from stage_contract import Artifact

_DEFAULTS: dict[str, Any] = {
    "string": "text",
    "boolean": True,
    "date": "2013-01-31",
    "datetime": "2013-01-31T05:00:00Z",
}


def sample_row(model: Artifact) -> tuple[dict[str, Any], list[str]]:
    """Return the row, and the columns that hold placeholders.

    Private columns are null in examples.jsonl. A server refuses null in a required column.
    """
    with model.file("examples.jsonl").open(encoding="utf-8") as examples:
        row = json.loads(examples.readline())["row"]
    fields = json.loads(model.file("model.json").read_bytes())["signature"]["fields"]
    private = [field for field in fields if field.get("private")]
    placeholders = {field["name"]: _placeholder(field) for field in private if _is_required(field)}
    hidden = dict.fromkeys(field["name"] for field in private)
    return row | hidden | placeholders, [*placeholders]


def _is_required(field: Mapping[str, Any]) -> bool:
    if field.get("constraints", {}).get("required"):
        return True
    return bool(field.get("observed", {}).get("missing") == 0)


def _placeholder(field: Mapping[str, Any]) -> Any:
    """Return a value within the column's constraints; ignores `pattern`."""
    limits, kind = field.get("constraints", {}), field["type"]
    if limits.get("enum"):
        return limits["enum"][0]
    if kind in {"number", "integer"}:
        return _number(limits, is_whole=kind == "integer")
    if kind in {"date", "datetime"}:
        return _datetime(limits, kind)
    default = _DEFAULTS[kind]
    if kind != "string":
        return default
    return default.ljust(limits.get("minLength", 0), "x")[: limits.get("maxLength")]


def _number(limits: Mapping[str, Any], *, is_whole: bool) -> float:
    lows: list[float] = [limits[key] for key in ("minimum", "exclusiveMinimum") if key in limits]
    highs: list[float] = [limits[key] for key in ("maximum", "exclusiveMaximum") if key in limits]
    if lows and highs:
        middle = (max(lows) + min(highs)) / 2
        return round(middle) if is_whole else middle
    if lows:
        return math.floor(max(lows)) + 1
    if highs:
        return math.ceil(min(highs)) - 1
    return 1 if is_whole else 0.5


def _datetime(limits: Mapping[str, Any], kind: str) -> str:
    for inclusive, exclusive, days in (
        ("minimum", "exclusiveMinimum", 1),
        ("maximum", "exclusiveMaximum", -1),
    ):
        if inclusive in limits:
            return str(limits[inclusive])
        if exclusive in limits:
            day = date.fromisoformat(limits[exclusive][:10]) + timedelta(days=days)
            return f"{day}T00:00:00Z" if kind == "datetime" else str(day)
    return str(_DEFAULTS[kind])
