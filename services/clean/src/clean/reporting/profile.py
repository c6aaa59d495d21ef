"""profile.json: statistics of each column of the cleaned table."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.similar_texts import SimilarTexts, find_similar_texts

from clean.cleaning.sentinels import are_candidates
from clean.schema.fields import Field

MAX_DISTINCT = 10_000
"""Maximum number of distinct values that are counted exactly; bounds the memory."""

MAX_SIMILAR_GROUPS = 3
"""Maximum number of groups of similar texts in the profile."""

LATE_YEAR = 2030
"""From this year on, a two-digit year may belong to the last century."""

MAX_FREQUENT = 20
"""Maximum number of frequent texts in the profile."""


@dataclass
class ColumnProfile:
    """Statistics of one column, updated batch by batch."""

    rules: Field
    rows: int = 0
    missing: int = 0
    sum: float = 0.0
    minimum: Any = None
    maximum: Any = None
    counts: Counter[Any] = field(default_factory=Counter)
    """Rows by value; empty above the limit."""
    is_exact: bool = True
    """Whether `counts` still holds every distinct value."""
    low: Any = None
    high: Any = None
    """Range of the values that are not sentinel candidates."""
    late_rows: int = 0
    """Rows with a year of two digits that becomes LATE_YEAR or later."""
    late: tuple[Any, Any] = (None, None)
    """Range of the dates in LATE_YEAR or later."""
    earlier: tuple[Any, Any] = (None, None)
    """Range of the dates before LATE_YEAR."""

    def add(self, values: pa.Array) -> None:
        """Add the next values of the column."""
        self.rows += len(values)
        self.missing += values.null_count
        if self.rules.type in {"number", "integer"}:
            # A sum of integers would overflow.
            self.sum += pc.sum(values.cast(pa.float64(), safe=False)).as_py() or 0
        if self.rules.type not in {"string", "boolean"}:
            self._update_range(values)
        if self.is_exact:
            self._count(values.drop_null())
        if self.rules.date_format and "%y" in self.rules.date_format.text:
            self._compare_years(values.cast(pa.date32(), safe=False))
        candidates = are_candidates(values, self.rules.type)
        if candidates is not None:
            self.low, self.high = _extend_range(
                (self.low, self.high), values.filter(pc.invert(candidates))
            )

    def describe(self) -> dict[str, Any]:
        """Return the entry of the column; a private column has only counts."""
        entry = {
            "name": self.rules.name,
            "type": self.rules.type,
            "rows": self.rows,
            "missing": self.missing,
        } | self._distinct()
        if self.rules.is_private:
            return entry
        return entry | self._range() | self._frequent() | self._similar()

    def _update_range(self, values: pa.Array) -> None:
        self.minimum, self.maximum = _extend_range((self.minimum, self.maximum), values)

    def _compare_years(self, days: pa.Array) -> None:
        is_late = pc.greater_equal(pc.year(days), LATE_YEAR)
        self.late_rows += pc.sum(is_late).as_py() or 0
        self.late = _extend_range(self.late, days.filter(is_late))
        self.earlier = _extend_range(self.earlier, days.filter(pc.invert(is_late)))

    def similar(self) -> SimilarTexts | None:
        """Return texts that may mean the same, unless there are too many to compare."""
        return find_similar_texts(self.counts) if self.rules.type == "string" else None

    def _similar(self) -> dict[str, Any]:
        similar = self.similar()
        if similar is None:
            return {}
        return {
            "alike": {
                "groups": len(similar.groups),
                "examples": similar.groups[:MAX_SIMILAR_GROUPS],
                "settings": dict(similar.settings),
            }
        }

    def _count(self, values: pa.Array) -> None:
        seen = values.value_counts()
        if len(seen) <= MAX_DISTINCT:
            names, rows = seen.field("values").to_pylist(), seen.field("counts").to_pylist()
            self.counts.update(dict(zip(names, rows, strict=True)))
        if len(seen) > MAX_DISTINCT or len(self.counts) > MAX_DISTINCT:
            self.counts.clear()
            self.is_exact = False

    def _distinct(self) -> dict[str, int]:
        if self.is_exact:
            return {"distinct": len(self.counts)}
        return {"distinct_more_than": MAX_DISTINCT}

    def _range(self) -> dict[str, Any]:
        if self.minimum is None:
            return {}
        if self.rules.type == "date":
            return {"earliest": str(self.minimum), "latest": str(self.maximum)}
        if self.rules.type == "datetime":
            return {"earliest": _rfc_3339(self.minimum), "latest": _rfc_3339(self.maximum)}
        mean = self.sum / (self.rows - self.missing)
        known = {"mean": mean} if math.isfinite(mean) else {}
        return {"minimum": self.minimum, "maximum": self.maximum} | known

    def _frequent(self) -> dict[str, Any]:
        if self.rules.type not in {"string", "boolean"} or not self.is_exact:
            return {}
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return {
            "frequent": [{"value": value, "rows": rows} for value, rows in ranked[:MAX_FREQUENT]]
        }


def column_record(entry: Mapping[str, Any], *, is_private: bool) -> dict[str, Any]:
    """Return an entry of the profile as a column of this run's record in run.json."""
    counted = ("name", "type", "missing", "distinct", "distinct_more_than")
    record = {key: entry[key] for key in counted if key in entry}
    for key, of_date in (("minimum", "earliest"), ("maximum", "latest")):
        if (end := entry.get(key, entry.get(of_date))) is not None:
            record[key] = end
    return record | ({"private": True} if is_private else {})


def _extend_range(ends: tuple[Any, Any], values: pa.Array) -> tuple[Any, Any]:
    """Return the range, extended to the values."""
    extremes = pc.min_max(values)
    new_ends = [extremes["min"].as_py(), extremes["max"].as_py()]
    if new_ends[0] is None:
        return ends
    known = [end for end in (*ends, *new_ends) if end is not None]
    return min(known), max(known)


def _rfc_3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
