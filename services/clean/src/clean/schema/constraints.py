"""Constraints of a field: the types that they fit, and the cells that violate them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.field_types import EXPECTED, FieldType

from clean.parsing.arrow_types import ARROW
from clean.parsing.datetimes import read_date, read_datetime


@dataclass(frozen=True)
class Limits:
    """The range of values that are not outliers, both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class Constraint:
    """A constraint with its value converted to the type of the field."""

    name: str
    """Name as in schema.json."""
    operand: Any
    expected: str
    """Expected value, for example `≥ 0`."""

    def is_broken_by(self, values: pa.Array) -> pa.Array:
        """Return which cells violate the constraint; a missing cell violates only `required`."""
        return pc.fill_null(_RULES[self.name].is_broken(values, self.operand), fill_value=False)


@dataclass(frozen=True)
class _Rule:
    fits: frozenset[FieldType]
    is_broken: Callable[[pa.Array, Any], pa.Array]
    wording: str


def _is_short(texts: pa.Array, length: int) -> pa.Array:
    return pc.less(pc.utf8_length(texts), length)


def _is_long(texts: pa.Array, length: int) -> pa.Array:
    return pc.greater(pc.utf8_length(texts), length)


def _is_mismatch(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.invert(pc.match_substring_regex(texts, pattern=_anchor(pattern)))


def _is_not_a_choice(values: pa.Array, choices: pa.Array) -> pa.Array:
    return pc.and_(pc.invert(pc.is_in(values, value_set=choices)), pc.is_valid(values))


def _is_outside(values: pa.Array, limits: Limits) -> pa.Array:
    return pc.or_(pc.less(values, limits.low), pc.greater(values, limits.high))


_ALL: frozenset[FieldType] = frozenset(ARROW)
_ORDERED: frozenset[FieldType] = _ALL - {"string", "boolean"}
_TEXTS: frozenset[FieldType] = frozenset({"string"})
_NUMBERS: frozenset[FieldType] = frozenset({"number", "integer"})

OUTLIER = "outlier"
"""Name of the outlier rule, which schema.json does not contain: its limits come from the data."""

_RULES = {
    "required": _Rule(_ALL, lambda values, _: pc.is_null(values), "a value"),
    "minimum": _Rule(_ORDERED, pc.less, "≥ {}"),
    "maximum": _Rule(_ORDERED, pc.greater, "≤ {}"),
    "exclusiveMinimum": _Rule(_ORDERED, pc.less_equal, "> {}"),
    "exclusiveMaximum": _Rule(_ORDERED, pc.greater_equal, "< {}"),
    "minLength": _Rule(_TEXTS, _is_short, "at least {} characters"),
    "maxLength": _Rule(_TEXTS, _is_long, "at most {} characters"),
    "pattern": _Rule(_TEXTS, _is_mismatch, "a text that matches {}"),
    "enum": _Rule(_ALL, _is_not_a_choice, "one of {}"),
    OUTLIER: _Rule(_NUMBERS, _is_outside, "a value between {0.low:g} and {0.high:g}"),
}


def outlier_constraint(limits: Limits, *, is_private: bool) -> Constraint:
    """Return the constraint that rejects outliers; schema.json does not contain it."""
    wording = "a value near the others" if is_private else _RULES[OUTLIER].wording
    return Constraint(OUTLIER, limits, wording.format(limits))


def read_constraint(name: str, value: Any, *, kind: FieldType, timezone: ZoneInfo) -> Constraint:
    """Convert a constraint of schema.json.

    Raises:
        ValueError: The constraint does not fit the type; the message gives the reason.
    """
    rule = _RULES[name]
    if kind not in rule.fits:
        raise ValueError(f"does not fit a column of type {kind}; declare another type or remove it")
    if name == "enum":
        shown = ", ".join(str(choice) for choice in value)
        choices = _convert_choices(value, kind=kind, timezone=timezone)
        return Constraint(name, choices, rule.wording.format(shown))
    if name == "pattern":
        _check_pattern(value)
    is_bound = rule.fits == _ORDERED
    operand = _convert(value, kind=kind, timezone=timezone) if is_bound else value
    return Constraint(name, operand, rule.wording.format(value))


def _convert_choices(choices: Sequence[Any], *, kind: FieldType, timezone: ZoneInfo) -> pa.Array:
    values = [_convert(choice, kind=kind, timezone=timezone).as_py() for choice in choices]
    if kind == "integer" and any(value != int(value) for value in values):
        raise ValueError(f"expected {EXPECTED[kind]}, as the column is of type {kind}")
    return pa.array(values, ARROW[kind])


def _convert(value: Any, *, kind: FieldType, timezone: ZoneInfo) -> pa.Scalar:
    """Return a bound or an enum value in the field's type; numbers as doubles."""
    if kind in {"date", "datetime"} and isinstance(value, str):
        text = pa.array([value], pa.string())
        read = read_date(text) if kind == "date" else read_datetime(text, timezone=timezone)
        if read[0].is_valid:
            return read[0]
    if isinstance(value, bool | str):
        fits = kind == "boolean" if isinstance(value, bool) else kind == "string"
    else:
        fits = kind in {"number", "integer"}
        value = float(value)
    if not fits:
        raise ValueError(f"expected {EXPECTED[kind]}, as the column is of type {kind}")
    return pa.scalar(value)


def _check_pattern(pattern: str) -> None:
    try:
        for text in (pattern, _anchor(pattern)):
            pc.match_substring_regex(pa.array([""]), pattern=text)
    except pa.ArrowInvalid as error:
        raise ValueError(f"expected a regular expression in RE2 syntax ({error})") from None


def _anchor(pattern: str) -> str:
    return f"^(?:{pattern})$"
