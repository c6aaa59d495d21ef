"""Target leakage: columns that give away the target, found in a sample of rows."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from ingest.init_command.targets import Target
from ingest.profiling.columns import Column

MIN_CORRELATION = 0.999
MIN_TEXT_SHARE = 0.99
"""Minimum share of texts that hold the target of their row."""

MIN_LAMBDA = 0.99
"""Minimum share of errors avoided, see `_lambda`."""

MAX_CHANCE_SHARE = 0.5
"""Maximum share of texts that hold the target of another row; with more, they do so by chance."""

MIN_ROWS, MIN_CLASS_ROWS = 20, 5
"""Minimum number of rows, and of rows of a class; fewer rows may agree by chance."""

_NUMBER = re.compile(
    r"(?P<open>\()?(?P<minus>[-\u2212])?"
    r"(?P<digits>\d[\d.,'\u2019\u00a0\u202f]*)"
    r"(?P<behind>[-\u2212](?!\w))?(?:\s?(?P<unit>[^\W\d_]+))?",
)
_FACTORS = {
    **dict.fromkeys(("k", "t", "tsd"), 1e3),
    **dict.fromkeys(("m", "mn", "mio", "million"), 1e6),
    **dict.fromkeys(("b", "bn", "mrd", "billion"), 1e9),
}
"""Factors by the word behind a number, such as 12.5k."""

type Texts = Sequence[str | None]


@dataclass(frozen=True)
class Leak:
    """Why a column leaks the target."""

    reason: str
    is_copy: bool
    """Whether the column surely tells the target, and is excluded; otherwise it may tell it."""


def find_leak(column: Column, target: Target, *, sample: pa.Table) -> Leak | None:
    """Return the reason why a column leaks the target in a sample of string columns, or None."""
    rows = sample.select([column.name, target.column.name]).filter(
        pc.is_valid(sample[target.column.name])
    )
    if rows.num_rows < MIN_ROWS:
        return None
    if reason := _copy_reason(column, target, rows=rows):
        return Leak(reason, is_copy=True)
    reason = _determines_reason(column, rows=rows) if target.classes else None
    return Leak(reason, is_copy=False) if reason else None


def _copy_reason(column: Column, target: Target, *, rows: pa.Table) -> str | None:
    values, targets = rows[0].to_pylist(), rows[1].to_pylist()
    if (
        column.is_numeric
        and target.column.is_numeric
        and (correlation := _correlation(column, target.column, rows=rows))
    ):
        return f"{correlation} with the target: the column may be computed from it"
    if not column.is_numeric and target.column.is_numeric and _hold_target(target, rows=rows):
        return "its texts hold the number of the target"
    if _determines(values, targets) and _determines(targets, values):
        return "its values and those of the target correspond one to one"
    are_missing = [text is None for text in values]
    if target.classes and _lambda(are_missing, targets) >= MIN_LAMBDA:
        return "whether it is missing determines the target"
    return None


def _hold_target(target: Target, *, rows: pa.Table) -> bool:
    """Return whether nearly each text holds the target of its row, such as EUR 1,250.00.

    The text may round it, as `about 12` does.
    """
    numbers = target.column.as_numbers(rows[1].combine_chunks()).to_pylist()
    pairs = [
        (_numbers_in(text), number)
        for text, number in zip(rows[0].to_pylist(), numbers, strict=True)
        if text is not None and number is not None
    ]
    if len(pairs) < MIN_ROWS:
        return False
    texts, targets = zip(*pairs, strict=True)
    held = [_contains(found, number) for found, number in pairs]
    others = [*targets[1:], targets[0]]
    by_chance = [_contains(found, number) for found, number in zip(texts, others, strict=True)]
    return sum(held) >= MIN_TEXT_SHARE * len(pairs) and sum(by_chance) <= MAX_CHANCE_SHARE * len(
        pairs
    )


@dataclass(frozen=True)
class _Written:
    """A number in a text, and half a unit of its last digit."""

    value: float
    tolerance: float


def _contains(found: Collection[_Written], number: float) -> bool:
    # Half units of decimal digits are not exact in binary.
    return any(abs(each.value - number) <= each.tolerance * (1 + 1e-9) for each in found)


def _numbers_in(text: str) -> list[_Written]:
    """Return the numbers in a text in each way to read them: 1.250 is 1250 or 1.25."""
    found = []
    for match in _NUMBER.finditer(text):
        is_negative = match["open"] or match["minus"] or match["behind"]
        factors = {1.0, _FACTORS.get((match["unit"] or "").lower(), 1.0)}
        written = match["digits"].rstrip(".,'\u2019\u00a0\u202f")
        for decimal in ".,":
            digits = re.sub(rf"[^\d{decimal}]", "", written).replace(",", ".")
            with suppress(ValueError):
                value = -float(digits) if is_negative else float(digits)
                tolerance = 0.5 * 10 ** -len(digits.partition(".")[2])
                found += [_Written(factor * value, factor * tolerance) for factor in factors]
    return found


def _determines_reason(column: Column, *, rows: pa.Table) -> str | None:
    if column.is_numeric and _is_separated(column, rows=rows):
        return "a threshold on it separates the classes"
    if _determines(rows[0].to_pylist(), rows[1].to_pylist()):
        return "its values nearly always determine the target"
    return None


def _correlation(column: Column, target: Column, *, rows: pa.Table) -> str | None:
    values, targets = (
        numeric.as_numbers(texts.combine_chunks()).to_pylist()
        for numeric, texts in zip((column, target), rows.columns, strict=True)
    )
    pairs = [pair for pair in zip(values, targets, strict=True) if None not in pair]
    if len(pairs) < MIN_ROWS:
        return None
    values, targets = zip(*pairs, strict=True)
    if 1 in (len(set(values)), len(set(targets))):
        return None
    pearson = _pearson(values, targets)
    if abs(pearson) >= MIN_CORRELATION:
        return f"correlation {pearson:.4f}"
    spearman = statistics.correlation(values, targets, method="ranked")
    return f"rank correlation {spearman:.4f}" if abs(spearman) >= MIN_CORRELATION else None


def _pearson(values: Sequence[float], targets: Sequence[float]) -> float:
    try:
        return statistics.correlation(values, targets)
    except (OverflowError, statistics.StatisticsError):
        return 0.0  # Squares overflow or underflow; the rank correlation still works.


def _is_separated(column: Column, *, rows: pa.Table) -> bool:
    """Return whether the ranges of the classes do not overlap."""
    numbers = column.as_numbers(rows[0].combine_chunks()).to_pylist()
    classes = defaultdict[str, list[float]](list)
    for value, label in zip(numbers, rows[1].to_pylist(), strict=True):
        if value is not None:
            classes[label].append(value)
    sizes = [len(values) for values in classes.values()]
    if len(classes) < 2 or sum(sizes) < MIN_ROWS or min(sizes) < MIN_CLASS_ROWS:
        return False
    ranges = sorted((min(values), max(values)) for values in classes.values())
    return all(highest < lowest for (_, highest), (lowest, _) in pairwise(ranges))


def _determines(values: Texts, targets: Texts) -> bool:
    """Return whether nearly each value maps to one target; missing is a value."""
    if 2 * len(set(values)) > len(values):
        return False  # Values that rarely repeat map to one target by chance.
    return _lambda(values, targets) >= MIN_LAMBDA


def _lambda(values: Sequence[Hashable], targets: Texts) -> float:
    """Return Goodman and Kruskal's lambda.

    It is the share of the errors of always predicting the most frequent target that are avoided by
    predicting the most frequent target of each value.
    """
    errors_without = len(targets) - max(Counter(targets).values())
    if not errors_without:
        return 0.0
    pairs = Counter(zip(values, targets, strict=True))
    best: dict[Hashable, int] = {}
    for (value, _), count in pairs.items():
        best[value] = max(best.get(value, 0), count)
    return 1 - (len(targets) - sum(best.values())) / errors_without
