"""The rules of one cell: contract/reference/cleaning-one-row.md, without those that 1.1 added."""

import math
import operator
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]  # it ships no types
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

type Value = str | float
"""A value of the graph; missing is an empty text or NaN."""
type Clean = Callable[..., Value]
"""Takes a cell, and whether it is a cell of CSV; raises ValueError with what was expected."""

WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)"
    r"(?: ?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?))?)?",
    re.ASCII,
)
_LAST_INTEGER: Final = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPECTED: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number within ±2⁵³",
    "boolean": "true or false",
    "date": "a day as YYYY-MM-DD",
    "datetime": "a datetime such as 2013-01-31T05:00:00Z",
}
_BOUNDS: Final = {
    "minimum": (operator.ge, "≥"),
    "maximum": (operator.le, "≤"),
    "exclusive_minimum": (operator.gt, ">"),
    "exclusive_maximum": (operator.lt, "<"),
}


class _Rules(BaseModel):
    """An unknown key is refused: ignoring it would clean differently from training."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Constraints(_Rules):
    """What a value must satisfy."""

    required: bool = False
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    enum: list[Any] | None = None


class Place(BaseModel):
    """Where the graph takes a column."""

    group: Literal["numbers", "strings"]
    index: int


class Column(_Rules):
    """One of `fields` in the signature."""

    name: str
    type: Literal["string", "number", "integer", "boolean", "datetime", "date"]
    input: Place
    description: str = ""
    unit: str = ""
    private: bool = False
    missing_values: list[str] | None = None
    true_values: list[str] = ["true", "True", "TRUE"]
    false_values: list[str] = ["false", "False", "FALSE"]
    constraints: Constraints = Constraints()
    observed: dict[str, Any] = {}


class Signature(BaseModel):
    """The columns that a request may have."""

    fields: Annotated[list[Column], Field(min_length=1)]
    missing_values: Annotated[list[str], Field(alias="missingValues")]
    timezone: str
    ignored: list[str]


def absent(column: Column) -> Value:
    """Return the graph's value of a missing cell."""
    return "" if column.input.group == "strings" else math.nan


def compile_rules(column: Column, signature: Signature) -> Clean:
    """Return the function that cleans a cell of a column."""
    tokens = signature.missing_values if column.missing_values is None else column.missing_values
    missing = {"", *tokens}
    zone = ZoneInfo(signature.timezone)
    checks = list(_checks(column, zone))

    def clean(value: object, *, is_csv: bool = False) -> Value:
        if isinstance(value, str):
            value = value.strip(WHITE_SPACE)
        if _is_missing(value, missing):
            if column.constraints.required:
                raise ValueError("a value")
            return absent(column)
        try:
            found = _read(value, column, zone, is_csv=is_csv)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(_EXPECTED[column.type]) from None
        for holds, expected in checks:
            if not holds(found):
                raise ValueError(expected)
        is_category = column.input.group == "strings" and isinstance(found, float)
        return f"{found:.0f}" if is_category else found

    return clean


def _is_missing(value: object, tokens: AbstractSet[str]) -> bool:
    if isinstance(value, str):
        return value in tokens
    return value is None or (isinstance(value, float) and math.isnan(value))


def _checks(column: Column, zone: ZoneInfo) -> Iterator[tuple[Callable[[Any], bool], str]]:
    """Yield what a value must satisfy, and the same in words."""
    rules = column.constraints

    def value_of(bound: Any) -> Value:
        # A bound of a date is a text; true and false are 1 and 0.
        is_text = column.type in {"string", "date", "datetime"}
        return _read(bound, column, zone) if is_text else float(bound)

    for name, (compare, sign) in _BOUNDS.items():
        if (bound := getattr(rules, name)) is not None:
            yield partial(_compared, compare, value_of(bound)), f"{sign} {bound}"
    if rules.enum is not None:
        yield frozenset(map(value_of, rules.enum)).__contains__, f"one of {rules.enum}"
    if rules.min_length or rules.max_length is not None:
        most = math.inf if rules.max_length is None else rules.max_length
        words = f"{rules.min_length} to {most} characters"
        yield lambda text: rules.min_length <= len(text) <= most, words
    if rules.pattern is not None:
        match = re2.compile(rules.pattern).fullmatch
        yield lambda text: match(text) is not None, f"a text that matches {rules.pattern}"


def _compared(compare: Callable[[Any, Any], bool], bound: Value, value: Value) -> bool:
    return compare(value, bound)


def _read(value: Any, column: Column, zone: ZoneInfo, *, is_csv: bool = False) -> Value:
    """Return a cell that is not missing as the graph has it."""
    if column.type == "boolean":
        return _boolean(value, column)
    if column.type in {"number", "integer"}:
        return _number(value, is_integer=column.type == "integer", is_csv=is_csv)
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # refuses lone surrogates
    if column.type == "string":
        return value
    return _date(value) if column.type == "date" else _datetime(value, zone)


def _boolean(value: Any, column: Column) -> float:
    if isinstance(value, str) and value in (*column.true_values, *column.false_values):
        return float(value in column.true_values)
    if not isinstance(value, bool):
        raise TypeError
    return float(value)


def _number(value: Any, *, is_integer: bool, is_csv: bool) -> float:
    if is_csv:
        if not (_INTEGER if is_integer else _NUMBER).fullmatch(value):
            raise ValueError
        value = int(value.partition(".")[0]) if is_integer else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isinf(value):
        raise TypeError
    if is_integer and (value % 1 or abs(value) > _LAST_INTEGER):
        raise ValueError
    return float(value) + 0.0  # no -0.0, which would be the category "-0"


def _date(text: str) -> float:
    if not _DATE.fullmatch(text):
        raise ValueError
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).total_seconds()


def _datetime(text: str, zone: ZoneInfo) -> float:
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError
    day, time, offset = match.groups(default="")
    # Cuts a finer fraction to microseconds.
    moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{offset}")
    if not offset:
        local, moment = moment, moment.replace(tzinfo=zone)
        # An hour that daylight saving time skips does not exist.
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local:
            raise ValueError
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) / 10**6
