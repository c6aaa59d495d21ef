"""Evidence for the type of a text column."""

from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells
from type_inference.field_types import MISSING, NARROWEST_FIRST, FieldType
from type_inference.masks import keep_where

PLACEHOLDERS = frozenset(
    {
        "?",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "*",
        "na",
        "N.A.",
        "n.a.",
        "#N/A N/A",
        "nil",
        "Nil",
        "none",
        "missing",
        "Missing",
        "MISSING",
        "unknown",
        "Unknown",
        "UNKNOWN",
        "(null)",
        "NONE",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NUM!",
        "#NAME?",
        "#NULL!",
        "k.A.",
        "k. A.",
        "NaT",
    }
)
"""Texts that mean missing if all other values are numbers, dates or booleans."""

MAX_MISMATCH_TEXTS = 20
MAX_MISMATCH_ROWS = 10_000
"""A type with more mismatching rows and texts is dropped, to save time."""

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_OFFSET = r" ?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_DATETIME = rf"^{_DATE}([T ]{_TIME}({_OFFSET})?)?$"
_BOOLEANS = ("true", "True", "TRUE", "false", "False", "FALSE")


@dataclass
class Mismatches:
    """The values that do not fit a type."""

    rows: int = 0
    texts: dict[str, int] = field(default_factory=dict)
    """Rows by text, for the first MAX_MISMATCH_TEXTS texts."""

    def add(self, text: str, rows: int) -> None:
        self.rows += rows
        if text in self.texts or len(self.texts) < MAX_MISMATCH_TEXTS:
            self.texts[text] = self.texts.get(text, 0) + rows

    @property
    def exceeds_limits(self) -> bool:
        return self.rows > MAX_MISMATCH_ROWS and len(self.texts) == MAX_MISMATCH_TEXTS


@dataclass
class TypeEvidence:
    """Evidence for and against each type of a column."""

    present: int = 0
    """Number of rows that are not missing."""
    mismatches: dict[FieldType, Mismatches] = field(
        default_factory=lambda: {kind: Mismatches() for kind in NARROWEST_FIRST}
    )
    """Mismatches by type, except dropped types."""
    is_whole: bool = True
    """Whether all values are integers of any size."""

    def add(self, values: pa.Array, rows: pa.Array) -> None:
        """Count distinct trimmed texts, string[n] without nulls, and the rows of each, int64[n]."""
        if not len(values):
            return
        self.present += pc.sum(rows).as_py()
        self.is_whole = self.is_whole and pc.all(text_cells.are_whole(values)).as_py()
        for kind, mismatches in tuple(self.mismatches.items()):
            is_mismatch = pc.invert(fits(values, kind))
            mismatch_counts = zip(
                values.filter(is_mismatch).to_pylist(),
                rows.filter(is_mismatch).to_pylist(),
                strict=True,
            )
            for text, count in mismatch_counts:
                mismatches.add(text, count)
            if mismatches.exceeds_limits:
                del self.mismatches[kind]

    def infer(self, *, ignored: frozenset[str] = frozenset()) -> FieldType:
        """Return the narrowest type of all values that are not in `ignored`."""
        if not self.present:
            return "string"
        if self.is_whole and self.mismatches.get("integer", Mismatches(rows=1)).rows:
            return "string"
        return next(
            (kind for kind in NARROWEST_FIRST if self._fits_all_except(kind, ignored)), "string"
        )

    def placeholders(self) -> frozenset[str]:
        """Return the texts that mean missing, because without them there is a narrower type."""
        if self.infer() != "string":
            return frozenset()
        possible = (
            frozenset(mismatches.texts)
            for mismatches in self.mismatches.values()
            if mismatches.texts.keys() <= PLACEHOLDERS
        )
        return next(
            (texts for texts in possible if self.infer(ignored=texts) != "string"), frozenset()
        )

    def count_rows(self, placeholders: frozenset[str]) -> int:
        """Return the number of rows with one of the placeholders."""
        rows = (
            self._count_ignored(mismatches, placeholders) for mismatches in self.mismatches.values()
        )
        return max(rows, default=0)

    def _fits_all_except(self, kind: FieldType, ignored: frozenset[str]) -> bool:
        mismatches = self.mismatches.get(kind)
        return (
            mismatches is not None
            and mismatches.rows == self._count_ignored(mismatches, ignored) < self.present
        )

    def _count_ignored(self, mismatches: Mismatches, ignored: frozenset[str]) -> int:
        return sum(rows for text, rows in mismatches.texts.items() if text in ignored)


def strip(texts: pa.Array) -> pa.Array:
    """Return trimmed texts; null for empty texts."""
    trimmed = text_cells.trim(texts)
    return keep_where(pc.not_equal(trimmed, ""), trimmed)


def are_missing_tokens(stripped: pa.Array) -> pa.Array:
    """Return which texts are missing tokens."""
    return pc.is_in(stripped, value_set=pa.array(MISSING, pa.string()))


def trim(texts: pa.Array) -> pa.Array:
    """Return trimmed texts; null for missing values."""
    stripped = strip(texts)
    return keep_where(pc.invert(are_missing_tokens(stripped)), stripped)


def fits(values: pa.Array, kind: FieldType) -> pa.Array:
    """Return which texts, string[n] without nulls, have a type, boolean[n]."""
    if kind == "boolean":
        return pc.is_in(values, value_set=pa.array(_BOOLEANS, pa.string()))
    if kind == "integer":
        return pc.and_(text_cells.are_whole(values), pc.is_valid(text_cells.read_integer(values)))
    if kind == "number":
        return pc.is_valid(numbers(values))
    if kind == "string":
        return _matches(values, "")
    is_time = _matches(values, f"^{_DATE}$" if kind == "date" else _DATETIME)
    return pc.fill_null(_are_dates(keep_where(is_time, values)), fill_value=False)


def is_naive(values: pa.Array) -> pa.Array:
    """Return which texts are ISO 8601 datetimes without an offset."""
    return _matches(values, rf"^{_DATE}[T ]{_TIME}$")


def numbers(values: pa.Array) -> pa.Array:
    """Return texts as doubles; null for texts that are not numbers."""
    has_leading_zero = text_cells.have_leading_zero(values)
    return keep_where(pc.invert(has_leading_zero), text_cells.read_number(values))


def _matches(values: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(values, pattern=pattern)


def _are_dates(texts: pa.Array) -> pa.Array:
    days = pc.utf8_slice_codeunits(texts, 0, 10)
    existing = [day for day in days.unique().drop_null().to_pylist() if _is_date(day)]
    return pc.is_in(days, value_set=pa.array(existing, pa.string()))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
