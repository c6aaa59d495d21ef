"""Targets that are the sum or the difference of other columns."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import pyarrow as pa

from ingest.init_command.leaks import ROWS_MIN
from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.profiling.toml_text import quoted

_TOLERANCE = 1e-6
"""Tolerance relative to the largest of the numbers, because amounts are rounded."""
_COLUMNS_MAX = 300

type _Numbers = Sequence[float]


def find_terms(columns: Sequence[Column], target: Target, *, sample: pa.Table) -> Mapping[str, str]:
    """Return how the target follows from two other columns, by the name of each of the two."""
    if target.task != "regression" or not target.column.is_numeric:
        return {}
    numeric = [
        column
        for column in columns
        if column.is_numeric and column is not target.column and not column.is_constant
    ][:_COLUMNS_MAX]
    totals, *values = _complete_rows([target.column, *numeric], sample)
    if len(totals) < ROWS_MIN or len({*totals}) < ROWS_MIN:
        return {}
    nothing = [0.0] * len(totals)
    parts = [
        (column.name, numbers)
        for column, numbers in zip(numeric, values, strict=True)
        # A copy of the target plus next to nothing is no sum.
        if not _is_equal(totals, numbers, nothing, sign=1)
    ]
    for (one, ours), (other, theirs) in permutations(parts, 2):
        for sign, mark in ((1, "+"), (-1, "-")):
            if _is_equal(totals, ours, theirs, sign=sign):
                formula = f"{quoted(one)} {mark} {quoted(other)}"
                return {one: formula, other: formula}
    return {}


def _complete_rows(columns: Sequence[Column], sample: pa.Table) -> list[_Numbers]:
    """Return the numbers of each column; zero where a column but the target has no number."""
    target, *others = (
        column.as_numbers(sample[column.name].combine_chunks()).to_pylist() for column in columns
    )
    known = [row for row, total in enumerate(target) if total is not None]
    return [[numbers[row] or 0.0 for row in known] for numbers in (target, *others)]


def _is_equal(totals: _Numbers, ours: _Numbers, theirs: _Numbers, *, sign: int) -> bool:
    rows = zip(totals, ours, theirs, strict=True)
    return all(
        abs(total - one - sign * other) <= _TOLERANCE * max(abs(total), abs(one), abs(other))
        for total, one, other in rows
    )
