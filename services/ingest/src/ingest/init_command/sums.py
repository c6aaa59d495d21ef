"""Targets that are the sum or the difference of other columns."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import pyarrow as pa

from ingest.init_command.leaks import MIN_ROWS
from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.toml_text import quote

_TOLERANCE = 1e-6
"""Tolerance relative to the largest of the numbers, because amounts are rounded."""
_MAX_COLUMNS = 300

type _Numbers = Sequence[float]


def find_terms(columns: Sequence[Column], target: Target, *, sample: pa.Table) -> Mapping[str, str]:
    """Return how the target follows from two other columns, by the name of each of the two."""
    if target.task != "regression" or not target.column.is_numeric:
        return {}
    numeric = [
        column
        for column in columns
        if column.is_numeric and column is not target.column and not column.is_constant
    ][:_MAX_COLUMNS]
    totals, *values = _complete_rows([target.column, *numeric], sample)
    if len(totals) < MIN_ROWS or len({*totals}) < MIN_ROWS:
        return {}
    zeros = [0.0] * len(totals)
    parts = [
        (column.name, numbers)
        for column, numbers in zip(numeric, values, strict=True)
        # A copy of the target is not a term: the other term would be zero.
        if not _is_equal(totals, numbers, zeros, sign=1)
    ]
    for (first, first_numbers), (second, second_numbers) in permutations(parts, 2):
        for sign, mark in ((1, "+"), (-1, "-")):
            if _is_equal(totals, first_numbers, second_numbers, sign=sign):
                formula = f"{quote(first)} {mark} {quote(second)}"
                return {first: formula, second: formula}
    return {}


def _complete_rows(columns: Sequence[Column], sample: pa.Table) -> list[_Numbers]:
    """Return the numbers of each column; zero where a column but the target has no number."""
    target, *others = (
        column.as_numbers(sample[column.name].combine_chunks()).to_pylist() for column in columns
    )
    known = [row for row, total in enumerate(target) if total is not None]
    return [[numbers[row] or 0.0 for row in known] for numbers in (target, *others)]


def _is_equal(totals: _Numbers, first: _Numbers, second: _Numbers, *, sign: int) -> bool:
    rows = zip(totals, first, second, strict=True)
    return all(
        abs(total - one - sign * other) <= _TOLERANCE * max(abs(total), abs(one), abs(other))
        for total, one, other in rows
    )
