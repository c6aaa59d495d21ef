"""Counts values that a model had not seen in training: out of range, or unknown categories."""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
from stage_contract import LOGGER

from serve.codecs.rows import Feed
from serve.schema.cells import Rules
from serve.schema.signature import Bound, Column, Signature
from serve.schema.text_formats import FRACTION

_ROWS_AT_ONCE = 1000
"""Number of rows to count at once: this costs a tenth of counting each request."""


class OutsideTraining:
    """Counts of values outside the training data, by column."""

    def __init__(self, signature: Signature, rules: Mapping[str, Rules]) -> None:
        self._numbers = [rules[column.name] for column in signature.group("numbers")]
        self._low = np.array([_bound(each, "minimum") for each in self._numbers])
        self._high = np.array([_bound(each, "maximum") for each in self._numbers])
        self._strings = signature.group("strings")
        self._known = [_known_categories(rules[column.name]) for column in self._strings]
        self.rows = 0
        """Number of answered rows."""
        self._waiting: list[Feed] = []
        self._rows_waiting = 0
        self._out_of_range: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def add(self, feed: Feed, *, rows: int) -> None:
        """Record answered rows."""
        self.rows += rows
        self._waiting.append(feed)
        self._rows_waiting += rows
        if self._rows_waiting >= _ROWS_AT_ONCE:
            self._count()

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the number of such values by kind and column, without columns that have none."""
        self._count()
        return {
            "out_of_range": dict(self._out_of_range),
            "unknown_category": dict(self._unknown),
        }

    def _count(self) -> None:
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        if waiting and self._numbers:
            numbers = np.concatenate([feed["numbers"] for feed in waiting])
            outside = ((numbers < self._low) | (numbers > self._high)).sum(axis=0)
            for rules, count in zip(self._numbers, outside.tolist(), strict=True):
                if count:
                    self._warn_of(rules.column)
                    self._out_of_range[rules.column.name] += count
        if waiting and self._strings:
            strings = np.concatenate([feed["strings"] for feed in waiting])
            for column, known, texts in zip(self._strings, self._known, strings.T, strict=True):
                asked = texts.tolist()
                if known and not known.issuperset(asked):
                    self._unknown[column.name] += sum(text not in known for text in asked)

    def _warn_of(self, column: Column) -> None:
        """Log once that a number may be meant as a percentage."""
        if column.percent and not self._out_of_range[column.name]:
            LOGGER.warning(
                "column %r: numbers beyond those of training; a number is the fraction, %s",
                column.name,
                FRACTION,
                extra={"column": column.name},
            )


def _bound(rules: Rules, name: str) -> float:
    """Return a bound of the training rows; NaN, which nothing exceeds, if there is none."""
    bound: Bound | None = getattr(rules.column.observed, name, None)
    return float(
        rules.read_text(bound) if isinstance(bound, str) else math.nan if bound is None else bound
    )


def _known_categories(rules: Rules) -> frozenset[str]:
    """Return the known categories; empty if some of the training categories are not listed."""
    seen = rules.column.observed
    if seen is None or not seen.categories or seen.distinct != len(seen.categories):
        return frozenset()
    return frozenset([*(category.value for category in seen.categories), ""])
