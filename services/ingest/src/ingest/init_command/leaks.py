"""Leaks: columns that give away the target, found in a sample of rows."""

import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from ingest.init_command.targets import Target
from ingest.profiling.columns import Column

CORRELATION_MIN = 0.999
EXPLAINED_MIN = 0.99
"""Minimum share of the rows, except those of the most frequent value."""
ROWS_MIN, CLASS_ROWS_MIN = 20, 5
"""Minimum number of rows; fewer rows may agree by chance."""

type Texts = Sequence[str | None]


@dataclass(frozen=True)
class Leak:
    """Why a column leaks the target."""

    reason: str
    is_copy: bool
    """Whether the column is a copy of the target, rather than one that determines it."""


def find_leak(column: Column, target: Target, *, sample: pa.Table) -> Leak | None:
    """Return why a column leaks the target in a sample of string columns, or None."""
    rows = sample.select([column.name, target.column.name]).filter(
        pc.is_valid(sample[target.column.name])
    )
    if rows.num_rows < ROWS_MIN:
        return None
    if copies := _copies(column, target, rows=rows):
        return Leak(copies, is_copy=True)
    settles = _settles(column, rows=rows) if target.classes else None
    return Leak(settles, is_copy=False) if settles else None


def _copies(column: Column, target: Target, *, rows: pa.Table) -> str | None:
    ours, theirs = rows[0].to_pylist(), rows[1].to_pylist()
    if (
        column.is_numeric
        and target.column.is_numeric
        and (found := _correlation(column, target.column, rows=rows))
    ):
        return f"{found} with the target: it may be made from it"
    if _is_mapped(ours, theirs) and _is_mapped(theirs, ours):
        return "each of its values maps to one value of the target"
    are_missing = [text is None for text in ours]
    if target.classes and explained(are_missing, theirs) >= EXPLAINED_MIN:
        return "whether it is missing determines the target"
    return None


def _settles(column: Column, *, rows: pa.Table) -> str | None:
    if column.is_numeric and _is_separated(column, rows=rows):
        return "a threshold on it separates the classes"
    if _is_mapped(rows[0].to_pylist(), rows[1].to_pylist()):
        return "its values determine the target"
    return None


def _correlation(column: Column, target: Column, *, rows: pa.Table) -> str | None:
    ours, theirs = (
        known.as_numbers(texts.combine_chunks()).to_pylist()
        for known, texts in zip((column, target), rows.columns, strict=True)
    )
    both = [pair for pair in zip(ours, theirs, strict=True) if None not in pair]
    if len(both) < ROWS_MIN:
        return None
    ours, theirs = zip(*both, strict=True)
    if 1 in (len(set(ours)), len(set(theirs))):
        return None
    linear = _linear(ours, theirs)
    if abs(linear) >= CORRELATION_MIN:
        return f"correlation {linear:.4f}"
    ranked = statistics.correlation(ours, theirs, method="ranked")
    return f"rank correlation {ranked:.4f}" if abs(ranked) >= CORRELATION_MIN else None


def _linear(ours: Sequence[float], theirs: Sequence[float]) -> float:
    try:
        return statistics.correlation(ours, theirs)
    except (OverflowError, statistics.StatisticsError):
        return 0.0  # their squares overflow or underflow; ranks still differ


def _is_separated(column: Column, *, rows: pa.Table) -> bool:
    """Return whether the ranges of the classes do not overlap."""
    ours = column.as_numbers(rows[0].combine_chunks()).to_pylist()
    values = zip(ours, rows[1].to_pylist(), strict=True)
    classes: list[str] = [
        label for value, label in sorted(pair for pair in values if None not in pair)
    ]
    if len(classes) < ROWS_MIN or min(Counter(classes).values()) < CLASS_ROWS_MIN:
        return False
    changes = sum(one != other for one, other in pairwise(classes))
    return 0 < changes < len(set(classes))


def _is_mapped(given: Texts, wanted: Texts) -> bool:
    """Return whether each value of one column has one value of the other; missing is a value."""
    if 2 * len(set(given)) > len(given):
        return False  # values that hardly repeat map to one value by chance
    return explained(given, wanted) >= EXPLAINED_MIN


def explained(given: Sequence[Hashable], wanted: Texts) -> float:
    """Return Goodman and Kruskal's lambda: the share of errors that `given` avoids."""
    total = Counter(wanted)
    errors_without = len(wanted) - max(total.values())
    if not errors_without:
        return 0.0
    pairs = Counter(zip(given, wanted, strict=True))
    best: dict[Hashable, int] = {}
    for (value, _), count in pairs.items():
        best[value] = max(best.get(value, 0), count)
    return 1 - (len(wanted) - sum(best.values())) / errors_without
