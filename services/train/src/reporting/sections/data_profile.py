"""The data profile: statistics of each input column in the training rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelling.data.problem import Column, InputColumn, Schema

from reporting.plots.axes import Axis
from reporting.plots.number_formats import count, moment, number, share, shortened
from reporting.plots.plot import at

PRIVATE = "private: no value is shown"
MIN_CATEGORY_ROWS = 5
"""Minimum rows of a category: a rarer text may identify a person."""
_CATEGORIES_SHOWN = 3
_MAX_BARS = 12
_TEXT_LENGTH = 24
SKETCH_WIDTH, SKETCH_HEIGHT = 120, 22


@dataclass(frozen=True)
class Sketch:
    """A small plot of a column: a box plot, or bars of its categories."""

    says: str
    whisker: str = ""
    box: str = ""
    median: str = ""
    bars: str = ""


@dataclass(frozen=True)
class ColumnRow:
    """The profile of one column."""

    name: str
    kind: str
    unit: str
    description: str
    missing: str
    has_missing: bool
    distinct: str
    values: str
    sketch: Sketch | None


def describe_columns(schema: Schema) -> list[ColumnRow]:
    """Return a row for each input column, in the table's order."""
    return [_row(column) for column in schema.fields]


def describe_others(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return the names of columns that are not inputs, with their roles."""
    return [(column.name, column.role) for column in columns if column.role != "input"]


def _row(column: InputColumn) -> ColumnRow:
    seen = column.observed
    rows, missing = seen.get("rows", 0), seen.get("missing", 0)
    values, sketch = (PRIVATE, None) if column.private else _values(column)
    return ColumnRow(
        column.name,
        kind=column.type,
        unit=column.unit,
        description=column.description,
        missing=share(missing / rows) if missing and rows else "–",
        has_missing=bool(missing),
        distinct=count(seen["distinct"]) if "distinct" in seen and not column.private else "",
        values=values,
        sketch=sketch,
    )


def _values(column: InputColumn) -> tuple[str, Sketch | None]:
    seen = column.observed
    present = seen.get("rows", 0) - seen.get("missing", 0)
    if column.type == "boolean":
        return (f"true in {share(seen['mean'])}", None) if "mean" in seen else ("", None)
    frequent = [c for c in seen.get("categories", []) if c["rows"] >= MIN_CATEGORY_ROWS]
    if frequent and present:
        return _categories(frequent, present)
    if "minimum" in seen and "quantiles" in seen:
        return _numbers(column, seen)
    return "", None


def _categories(found: Sequence[dict[str, Any]], present: int) -> tuple[str, Sketch]:
    shown = [
        f"{shortened(str(each['value']), _TEXT_LENGTH)} {share(each['rows'] / present)}"
        for each in found[:_CATEGORIES_SHOWN]
    ]
    more = "" if len(found) <= _CATEGORIES_SHOWN else " …"
    most = max(each["rows"] for each in found)
    width = SKETCH_WIDTH / _MAX_BARS
    bars = ""
    for place, each in enumerate(found[:_MAX_BARS]):
        top = SKETCH_HEIGHT - max(1.0, (SKETCH_HEIGHT - 2) * each["rows"] / most)
        left = place * width
        bars += f"M{at(left)} {at(top)}H{at(left + width - 2)}V{SKETCH_HEIGHT}H{at(left)}Z"
    return ", ".join(shown) + more, Sketch("rows by category, the most frequent first", bars=bars)


def _numbers(column: InputColumn, seen: dict[str, Any]) -> tuple[str, Sketch | None]:
    low, five, quarter, half, three, ninety_five, high = seen["quantiles"]
    show = moment if column.type in {"date", "datetime"} else number
    ends = (seen["minimum"], seen["maximum"])
    first, last = (end[:10] if isinstance(end, str) else number(end) for end in ends)
    text = f"{first} to {last}, median {show(half)}"
    if low == high:
        return text, None
    axis = Axis("", low, high, start=2, stop=SKETCH_WIDTH - 2)
    a, b, c, d, e, f, g = axis.place([low, five, quarter, half, three, ninety_five, high])
    middle, top, bottom = SKETCH_HEIGHT / 2, 4, SKETCH_HEIGHT - 4
    whisker = f"M{at(b)} {at(middle)}H{at(c)}M{at(e)} {at(middle)}H{at(f)}"
    ticks = "".join(f"M{at(x)} {at(middle - 2)}v4" for x in (a, g))
    return text, Sketch(
        f"lowest {first}, quarter {show(quarter)}, median {show(half)},"
        f" three quarters {show(three)}, highest {last}",
        whisker=whisker + ticks,
        box=f"M{at(c)} {top}H{at(max(e, c + 1))}V{bottom}H{at(c)}Z",
        median=f"M{at(d)} {top}V{bottom}",
    )
