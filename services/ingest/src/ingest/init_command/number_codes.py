"""Integers that look like codes: the target differs between them, but follows no order."""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa

from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import is_period_name

MIN_CODES = 12
"""Minimum number of different values; the order of fewer may look random by chance."""

MIN_DENSITY = 0.25
"""Minimum share of the integers in the range that occur; amounts leave more out."""

MIN_CODE_ROWS = 5
"""Minimum rows of a value in the sample; values with fewer are left out."""

MIN_STANDARD_ERRORS = 5
"""Standard errors by which the F statistic must exceed 1, its value without any effect."""

MIN_DISORDER = 0.7
"""Minimum of von Neumann's ratio (1941), which is near 0 for a smooth curve and 1 for no order."""


def looks_like_code(column: Column, target: Target, *, sample: pa.Table) -> bool:
    """Return whether neighbouring integers have unrelated means of the target.

    An amount, such as an age, has similar means at neighbouring values. Of classes, the share of
    the most frequent one is taken.
    """
    if column.kind != "integer" or column.is_unique or is_period_name(column.name):
        return False
    span = column.numbers.highest - column.numbers.lowest + 1
    if column.distinct.count < MIN_DENSITY * span:
        return False
    values = column.as_numbers(sample[column.name].combine_chunks()).to_pylist()
    groups: defaultdict[float, list[float]] = defaultdict(list)
    for value, outcome in zip(values, _outcomes(target, sample), strict=True):
        if value is not None and outcome is not None:
            groups[value].append(outcome)
    ordered = [groups[value] for value in sorted(groups) if len(groups[value]) >= MIN_CODE_ROWS]
    return len(ordered) >= MIN_CODES and _have_unrelated_means(ordered)


def _outcomes(target: Target, sample: pa.Table) -> list[float | None]:
    """Return the ranks of numbers, which outliers do not distort, or the indicator of a class."""
    texts = sample[target.column.name].combine_chunks()
    if target.classes:
        frequent = next(iter(target.classes))
        return [None if text is None else float(text == frequent) for text in texts.to_pylist()]
    numbers: list[float | None] = target.column.as_numbers(texts).to_pylist()
    distinct = sorted({number for number in numbers if number is not None})
    ranks = {number: rank for rank, number in enumerate(distinct)}
    return [None if number is None else float(ranks[number]) for number in numbers]


def _have_unrelated_means(groups: Sequence[Sequence[float]]) -> bool:
    rows = sum(map(len, groups))
    means = [statistics.fmean(group) for group in groups]
    mean = sum(len(group) * m for group, m in zip(groups, means, strict=True)) / rows
    noise = sum((y - m) ** 2 for group, m in zip(groups, means, strict=True) for y in group)
    noise /= rows - len(groups)
    between = sum(len(group) * (m - mean) ** 2 for group, m in zip(groups, means, strict=True))
    between /= len(groups) - 1
    # The variance of F is about 2 / (groups - 1).
    standard_error = math.sqrt(2 / (len(groups) - 1))
    if between <= noise * (1 + MIN_STANDARD_ERRORS * standard_error):
        return False
    errors = [noise / len(group) for group in groups]
    spread = statistics.fmean(
        (m - mean) ** 2 - error for m, error in zip(means, errors, strict=True)
    )
    steps = statistics.fmean(
        (right - left) ** 2 - error - other
        for (left, right), (error, other) in zip(pairwise(means), pairwise(errors), strict=True)
    )
    return spread > 0 and steps >= MIN_DISORDER * 2 * spread
