"""An example row for the public: real values, with placeholders in private columns."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from serve.schema.cells import CellError, Rules
from serve.schema.signature import Bound, Column, ColumnType

_USUAL: dict[ColumnType, Any] = {
    "string": "text",
    "number": 0.5,
    "integer": 1,
    "boolean": True,
    "date": "2013-01-31",
    "datetime": "2013-01-31T05:00:00Z",
}
_LETTERS = ("A", "a", "AA", "aa", "0", "00", "000", "0000", "00000", "A1", "A-1")


def presentable_row(row: Mapping[str, Any], rules: Mapping[str, Rules]) -> dict[str, Any]:
    """Return a row without the values of private columns."""
    return {
        name: _placeholder(of_column) if of_column.column.private else row.get(name)
        for name, of_column in rules.items()
    }


def _placeholder(rules: Rules) -> Any:
    """Return a value that the column accepts; if none is found, a value of its type."""
    column = rules.column
    if not column.is_required:
        return None
    return next((v for v in _candidates(column) if _fits(v, rules)), _USUAL[column.type])


def _fits(value: Any, rules: Rules) -> bool:
    try:
        rules.from_json(value)
    except CellError:
        return False
    return True


def _candidates(column: Column) -> Iterator[Any]:
    limits = column.constraints
    yield from limits.enum or ()
    yield _USUAL[column.type]
    bounds = (
        limits.minimum,
        limits.maximum,
        limits.exclusive_minimum,
        limits.exclusive_maximum,
    )
    for bound in bounds:
        if bound is not None:
            yield from _near(bound)
    numbers = [bound for bound in bounds if isinstance(bound, int | float)]
    if numbers:
        yield sum(numbers) / len(numbers)
    if column.type == "string":
        yield from _LETTERS
        for length in (limits.min_length, limits.max_length):
            yield "x" * min(length or 0, 100)


def _near(bound: Bound) -> Iterator[Any]:
    yield bound
    if isinstance(bound, str):
        day = date.fromisoformat(bound[:10])
        yield from (str(day + timedelta(days=days)) for days in (1, -1))
    else:
        yield from (bound + 1, bound - 1)
