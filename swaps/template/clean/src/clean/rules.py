"""The rules of a row: schema.json, and the rows that do not keep it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute as pc
from stage_contract import SettingsError, did_you_mean

from clean.settings import Settings

_BOUNDS: Final = {
    "minimum": (pc.less, "≥"),
    "maximum": (pc.greater, "≤"),
    "exclusiveMinimum": (pc.less_equal, ">"),
    "exclusiveMaximum": (pc.greater_equal, "<"),
}


def describe(types: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """Return schema.json.

    Raises:
        SettingsError: A setting is about no column, or makes no sense for its type.
    """
    for name, column in settings.columns.items():
        if name not in types:
            raise SettingsError(
                f"[clean.columns] {name} is not a column{did_you_mean(name, types)}"
            )
        if column.bounds and types[name] not in {"integer", "number"}:
            raise SettingsError(
                f"[clean.columns.{name}] {column.bounds[0]}: {name} is a {types[name]},"
                " expected a column of numbers"
            )
    fields = [_field(name, kind, settings) for name, kind in types.items()]
    return {"fields": fields, "missingValues": ["", *settings.missing], "timezone": "UTC"}


def faults(
    values: pa.Array, field: Mapping[str, Any]
) -> Iterator[tuple[str, str, pa.BooleanArray]]:
    """Yield what can be wrong in a column: the reason, what is expected, and where that is so."""
    constraints = field.get("constraints", {})
    if constraints.get("required"):
        yield "constraint required", "a value", pc.is_null(values)
    if field["type"] == "number":
        yield "type", "a finite number", _where(pc.invert(pc.is_finite(values)))
    for name, (breaks, sign) in _BOUNDS.items():
        if (bound := constraints.get(name)) is not None:
            yield f"constraint {name}", f"{sign} {bound}", _where(breaks(values, bound))


def _where(mask: pa.BooleanArray) -> pa.BooleanArray:
    return pc.fill_null(mask, fill_value=False)


def _field(name: str, kind: str, settings: Settings) -> dict[str, Any]:
    column = settings.columns.get(name)
    field: dict[str, Any] = {"name": name, "type": kind}
    if column is None:
        return field
    said = column.model_dump(exclude_none=True)
    field |= {key: said.pop(key) for key in ("description", "unit") if key in said}
    if not said["required"]:
        del said["required"]
    # As Frictionless writes them.
    names = {"exclusive_minimum": "exclusiveMinimum", "exclusive_maximum": "exclusiveMaximum"}
    constraints = {names.get(key, key): value for key, value in said.items()}
    return field | ({"constraints": constraints} if constraints else {})
