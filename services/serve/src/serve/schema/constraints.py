"""Compile the constraints of a column to checks, with a text of what is expected."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import re2  # type: ignore[import-untyped]  # it ships no types

from serve.schema.signature import Bound, Column
from serve.schema.values import Reader, Value

_COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (operator.ge, "at least"),
    "exclusive_minimum": (operator.gt, "more than"),
    "maximum": (operator.le, "at most"),
    "exclusive_maximum": (operator.lt, "less than"),
}
_MAX_ENUM_SHOWN = 20


@dataclass(frozen=True)
class Check:
    """One constraint; `holds` takes a value as the graph receives it."""

    holds: Callable[[Any], bool]
    expected: str


def compile_checks(column: Column, read_text: Reader[str]) -> tuple[Check, ...]:
    """Return the checks of a column; `read_text` parses bounds that are dates or datetimes.

    Raises:
        ValueError: A constraint does not fit the column's type.
    """
    constraints = column.constraints
    value_of = partial(read_bound, column=column, read_text=read_text)
    checks = [
        Check(_compare(holds, value_of(bound)), f"{words} {bound}")
        for name, (holds, words) in _COMPARISONS.items()
        if (bound := getattr(constraints, name)) is not None
    ]
    if constraints.enum is not None:
        allowed = frozenset(value_of(value) for value in constraints.enum)
        checks.append(Check(allowed.__contains__, _one_of(constraints.enum)))
    return (*checks, *_text_checks(column))


def read_bound(bound: Bound, *, column: Column, read_text: Reader[str]) -> Value:
    """Return a bound as the graph receives values: true is 1, a date is seconds since 1970.

    Raises:
        ValueError: The bound does not have the type of the column.
    """
    value = read_text(bound) if isinstance(bound, str) else float(bound)
    if isinstance(value, str) != (column.type == "string"):
        raise ValueError(f"{bound} is not of type {column.type}")
    return value


def describe_text_constraints(column: Column) -> Iterator[str]:
    """Yield the constraints that apply to a text after cleaning, in words."""
    if column.constraints.enum is not None:
        yield _one_of(column.constraints.enum)
    yield from (check.expected for check in _text_checks(column))


def _text_checks(column: Column) -> Iterator[Check]:
    constraints = column.constraints
    min_length, max_length, pattern = (
        constraints.min_length,
        constraints.max_length,
        constraints.pattern,
    )
    if column.type != "string" and (min_length, max_length, pattern) != (None, None, None):
        raise ValueError(f"minLength, maxLength and pattern are for texts, not for {column.type}")
    if min_length is not None:
        yield Check(lambda text: len(text) >= min_length, f"at least {min_length} characters")
    if max_length is not None:
        yield Check(lambda text: len(text) <= max_length, f"at most {max_length} characters")
    if pattern is not None:
        yield _pattern_check(pattern)


def _compare(holds: Callable[[Any, Any], bool], bound: Value) -> Callable[[Any], bool]:
    return lambda value: holds(value, bound)


def _pattern_check(pattern: str) -> Check:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"pattern {pattern!r}: {error}") from None
    return Check(
        lambda text: compiled.fullmatch(text) is not None, f"a text that matches {pattern}"
    )


def _one_of(values: tuple[Any, ...]) -> str:
    shown = ", ".join(str(value) for value in values[:_MAX_ENUM_SHOWN])
    return f"one of {shown}{', …' if len(values) > _MAX_ENUM_SHOWN else ''}"
