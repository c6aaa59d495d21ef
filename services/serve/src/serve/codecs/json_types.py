"""Types by which msgspec validates JSON values while it decodes them."""

import math
from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta

from serve.schema.cells import Rules
from serve.schema.signature import Column, Constraints
from serve.schema.text_formats import has_own_texts
from serve.schema.values import LAST_INTEGER


def type_in_json(rules: Rules) -> Any:
    """Return the type that msgspec decodes a column's values to."""
    if is_checked_by_msgspec(rules.column):
        kind = _TYPES[rules.column.type](rules.column.constraints)
        # Booleans usually arrive as such; texts are parsed on the slow path.
        return kind | str if has_own_texts(rules.column) else kind
    return str if rules.is_text_in_json else object


def is_checked_by_msgspec(column: Column) -> bool:
    """Whether msgspec checks all rules of a number or boolean: there are at most bounds."""
    bounds = column.constraints
    return (
        column.type in _TYPES
        and column.input.group == "numbers"
        and bounds.enum is None
        and None in {bounds.minimum, bounds.exclusive_minimum}
        and None in {bounds.maximum, bounds.exclusive_maximum}
    )


def _number(bounds: Constraints) -> Any:
    limits = {
        "ge": bounds.minimum,
        "gt": bounds.exclusive_minimum,
        "le": bounds.maximum,
        "lt": bounds.exclusive_maximum,
    }
    given: dict[str, Any] = {
        name: float(limit) for name, limit in limits.items() if limit is not None
    }
    return Annotated[float, Meta(**given)]


def _integer(bounds: Constraints) -> Any:
    """Return an int, or a float without fraction: many clients write 3 as 3.0."""
    low, high = -LAST_INTEGER, LAST_INTEGER
    if bounds.minimum is not None:
        low = max(low, math.ceil(float(bounds.minimum)))
    if bounds.exclusive_minimum is not None:
        low = max(low, math.floor(float(bounds.exclusive_minimum)) + 1)
    if bounds.maximum is not None:
        high = min(high, math.floor(float(bounds.maximum)))
    if bounds.exclusive_maximum is not None:
        high = min(high, math.ceil(float(bounds.exclusive_maximum)) - 1)
    whole = Meta(ge=float(low), le=float(high), multiple_of=1)
    return Annotated[int, Meta(ge=low, le=high)] | Annotated[float, whole]


_TYPES: dict[str, Callable[[Constraints], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": lambda _bounds: bool,
}
