"""Leaks: columns that are the target in other words, found in a sample of rows."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from ingest.guessing.cell_types import numbers
from ingest.guessing.columns import Column
from ingest.guessing.targets import Target

CORRELATION_MIN = 0.999
EXPLAINED_MIN = 0.99
"""Of the rows that are not of the most frequent value."""
ROWS_MIN, CLASS_ROWS_MIN = 20, 5
"""In fewer rows anything may go together by chance."""

type Texts = Sequence[str | None]


@dataclass(frozen=True)
class Leak:
    """Why a column says too much of the target."""

    reason: str
    is_copy: bool
    """Whether it is the target in other words, rather than a column that settles it."""


def find_leak(column: Column, target: Target, *, sample: pa.Table) -> Leak | None:
    """Return why a column gives the target away, if it does so in the sample, string columns."""
    rows = sample.select([column.name, target.column.name]).filter(
        pc.is_valid(sample[target.column.name])
    )
    if rows.num_rows < ROWS_MIN:
        return None
    if column.is_numeric and target.column.is_numeric:
        correlation = _correlation(rows)
        if correlation is not None:
            return Leak(f"{correlation} with the target: it may be made from it", is_copy=True)
    if column.is_numeric and target.classes and _is_separated(rows):
        return Leak("a limit on it tells the classes apart", is_copy=False)
    return _mapping(rows[0].to_pylist(), rows[1].to_pylist(), is_class=bool(target.classes))


def _correlation(rows: pa.Table) -> str | None:
    columns = (numbers(column.combine_chunks()).to_pylist() for column in rows.columns)
    both = [pair for pair in zip(*columns, strict=True) if None not in pair]
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
    except statistics.StatisticsError:
        return 0.0  # differences so small that their squares are zero; ranks tell them apart


def _is_separated(rows: pa.Table) -> bool:
    """Return whether each class has a range of its own, as many rows of it as tell."""
    values = zip(numbers(rows[0].combine_chunks()).to_pylist(), rows[1].to_pylist(), strict=True)
    classes: list[str] = [
        label for value, label in sorted(pair for pair in values if None not in pair)
    ]
    if len(classes) < ROWS_MIN or min(Counter(classes).values()) < CLASS_ROWS_MIN:
        return False
    changes = sum(one != other for one, other in pairwise(classes))
    return 0 < changes < len(set(classes))


def _mapping(ours: Texts, theirs: Texts, *, is_class: bool) -> Leak | None:
    """Compare by values: which of one go with which of the other; missing is a value of ours."""
    if 2 * max(len(set(ours)), len(set(theirs))) > len(ours):
        return None  # where values hardly repeat, all of them go together
    if explained(ours, theirs) >= EXPLAINED_MIN:
        if explained(theirs, ours) >= EXPLAINED_MIN:
            return Leak("each of its values goes with one of the target", is_copy=True)
        if is_class:
            return Leak("its values settle the target", is_copy=False)
    are_missing = ["missing" if text is None else "present" for text in ours]
    if is_class and explained(are_missing, theirs) >= EXPLAINED_MIN:
        return Leak("whether it is missing tells the target", is_copy=True)
    return None


def explained(given: Texts, wanted: Texts) -> float:
    """Return Goodman and Kruskal's lambda: how many fewer errors are made who knows `given`."""
    total = Counter(wanted)
    errors_without = len(wanted) - max(total.values())
    if not errors_without:
        return 0.0
    pairs = Counter(zip(given, wanted, strict=True))
    best: dict[str | None, int] = {}
    for (value, _), count in pairs.items():
        best[value] = max(best.get(value, 0), count)
    return 1 - (len(wanted) - sum(best.values())) / errors_without
