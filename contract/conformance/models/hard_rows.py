"""Rows that are rare in data: each column missing, never seen, or far outside its range."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from conformance.models.tensors import Feed, Field, row_of

UNSEEN = ("never seen in training", "\N{BLACK QUESTION MARK ORNAMENT} ni vu ni connu", "0", " ")
_EXTREMES = (0.0, -0.0, 5e-324, -1.0, 2.0**53, 3.5e38, -3.5e38, 1e300, -1e300)
_YEAR_1, _YEAR_9999 = -62_135_596_800.0, 253_402_300_799.0
_TIMES = (_YEAR_1, -1.5, 0.0, 951_782_400.0, 1_735_689_599.0, _YEAR_9999)
"""Seconds since 1970; the fourth is a leap day, the fifth the last second of a year."""


def hard_rows(feed: Feed, fields: Sequence[Field]) -> tuple[list[str], Feed]:
    """Return variants of the first row, one change each, and what was changed in each.

    The last one has no known value at all.
    """
    base = row_of(feed, 0)
    changes = [(field, value) for field in fields for value in _values(field)]
    rows = {group: np.repeat(values, len(changes) + 1, axis=0) for group, values in base.items()}
    for row, (field, value) in enumerate(changes):
        rows[field["input"]["group"]][row, field["input"]["index"]] = value
    for group, values in rows.items():
        values[-1] = _missing(group)
    labels = [f"{field['name']} = {_shown(value)}" for field, value in changes]
    return [*labels, "every column missing"], rows


def _values(field: Field) -> Iterator[Any]:
    group = field["input"]["group"]
    yield _missing(group)
    if group == "strings":
        yield from UNSEEN
    elif field["type"] == "boolean":
        yield from (0.0, 1.0)
    elif field["type"] in {"date", "datetime"}:
        yield from _TIMES
    else:
        yield from _EXTREMES


def _missing(group: str) -> Any:
    return np.nan if group == "numbers" else ""


def _shown(value: Any) -> str:
    if value == "" or value != value:  # noqa: PLR0124  # NaN is what differs from itself
        return "missing"
    return repr(value)
