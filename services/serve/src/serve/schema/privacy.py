"""Training values that may be shown: none of a private column, no rare category."""

from typing import Any, Final

from msgspec.structs import replace

from serve.schema.signature import Column, Observed

MAX_CATEGORIES: Final = 50
MIN_CATEGORY_ROWS: Final = 5
"""Minimum number of rows of a shown category: a rarer text may identify a person."""

_SHOWN_OF_PRIVATE = ("rows", "missing")


def presentable_column(column: Column) -> Column:
    """Return a column with only the values that may be shown."""
    seen = column.observed
    if seen is None:
        return column
    if column.private:
        return replace(column, observed=Observed(rows=seen.rows, missing=seen.missing))
    frequent = [category for category in seen.categories if category.rows >= MIN_CATEGORY_ROWS]
    shown = tuple(frequent[:MAX_CATEGORIES])
    return replace(column, observed=replace(seen, categories=shown))


def presentable_field(field: dict[str, Any]) -> dict[str, Any]:
    """Return the same for a field in the form of model.json."""
    seen = field.get("observed")
    if seen is None:
        return field
    if field.get("private"):
        return field | {"observed": {key: seen[key] for key in _SHOWN_OF_PRIVATE}}
    if "categories" not in seen:
        return field
    frequent = [each for each in seen["categories"] if each["rows"] >= MIN_CATEGORY_ROWS]
    return field | {"observed": seen | {"categories": frequent[:MAX_CATEGORIES]}}
