"""profile.json: statistics of each column of the cleaned table."""

import math
from collections.abc import Sequence
from typing import Any

from clean_sql.engine import Engine
from clean_sql.fields import Field

MAX_DISTINCT = 10_000
"""Maximum number of distinct values to count, which bounds the memory."""
FREQUENT = 20
"""Number of most frequent texts to show."""

_RANGES = {
    "number": "min({0}), max({0}), avg({0})",
    "integer": "min({0}), max({0}), avg({0})",
    "date": "CAST(min({0}) AS VARCHAR), CAST(max({0}) AS VARCHAR)",
    "datetime": "min({0}), max({0})",
}


def profile(fields: Sequence[Field], engine: Engine) -> dict[str, Any]:
    """Describe the view `written`."""
    (rows,) = engine.row("SELECT count(*) FROM written")
    return {"rows": rows, "columns": [_describe(field, rows, engine) for field in fields]}


def _describe(field: Field, rows: int, engine: Engine) -> dict[str, Any]:
    column = f"v{field.position}"
    (present,) = engine.row(f"SELECT count({column}) FROM written")
    (distinct,) = engine.row(
        f"SELECT count(*) FROM (SELECT DISTINCT {column} FROM written"
        f" WHERE {column} IS NOT NULL LIMIT {MAX_DISTINCT + 1})",
        doing="distinct values counted",
    )
    is_exact = distinct <= MAX_DISTINCT
    counted = {"distinct": distinct} if is_exact else {"distinct_more_than": MAX_DISTINCT}
    entry = {
        "name": field.name,
        "type": field.type,
        "rows": rows,
        "missing": rows - present,
    } | counted
    if field.is_private or not present:
        return entry
    if field.type in _RANGES:
        return entry | _range(field, column, engine)
    return entry | ({"frequent": _frequent(column, engine)} if is_exact else {})


def _range(field: Field, column: str, engine: Engine) -> dict[str, Any]:
    found = engine.row(f"SELECT {_RANGES[field.type].format(column)} FROM written")
    if field.type == "date":
        return {"earliest": found[0], "latest": found[1]}
    if field.type == "datetime":
        earliest, latest = (instant.isoformat().replace("+00:00", "Z") for instant in found)
        return {"earliest": earliest, "latest": latest}
    minimum, maximum, mean = found
    return {"minimum": minimum, "maximum": maximum} | (
        {"mean": mean} if math.isfinite(mean) else {}
    )


def _frequent(column: str, engine: Engine) -> list[dict[str, Any]]:
    rows = engine.rows(
        f"SELECT {column}, count(*) FROM written WHERE {column} IS NOT NULL"
        f" GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT {FREQUENT}",
        doing="values counted",
    )
    return [{"value": value, "rows": count} for value, count in rows]
