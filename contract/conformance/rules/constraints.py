"""The constraints of a field, applied to one typed value."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from pyarrow import compute

from conformance.rules.texts import read
from conformance.rules.values import Value

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "minimum": operator.ge,
        "maximum": operator.le,
        "exclusiveMinimum": operator.gt,
        "exclusiveMaximum": operator.lt,
    }
)


def broken(value: Value, field: Mapping[str, Any], *, timezone: str) -> str | None:
    """Return the name of the first constraint that a value breaks, or None."""
    constraints: Mapping[str, Any] = field.get("constraints", {})
    if value is None:
        return "required" if constraints.get("required") else None
    for name, bound in constraints.items():
        if not _holds(name, bound, value, field, timezone):
            return name
    return None


def _holds(name: str, bound: Any, value: Any, field: Mapping[str, Any], timezone: str) -> bool:
    match name:
        case "required":
            return True
        case "minLength":
            return bool(len(value) >= bound)
        case "maxLength":
            return bool(len(value) <= bound)
        case "pattern":
            return _matches(value, bound)
        case "enum":
            return value in [_typed(item, value, field, timezone) for item in bound]
    return _COMPARISONS[name](value, _typed(bound, value, field, timezone))


def _typed(bound: Any, value: Value, field: Mapping[str, Any], timezone: str) -> Any:
    """Return a bound as a value: dates and datetimes stand as texts in JSON."""
    if isinstance(value, date | datetime):
        return read(bound, field, timezone=timezone)
    return bound


def _matches(text: str, pattern: str) -> bool:
    """Whether the whole text matches an expression in RE2's syntax, by RE2 itself."""
    whole = rf"\A(?:{pattern})\z"
    return bool(compute.match_substring_regex(pa.array([text]), pattern=whole)[0].as_py())
