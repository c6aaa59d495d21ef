"""Counts over the answered rows of a model: missing, out of range, unknown; predictions by bin."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stage_contract import LOGGER

from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.reference import Bins
from serve.schema.cells import Rules
from serve.schema.signature import Bound, Column, Signature
from serve.schema.text_formats import FRACTION
from serve.traffic.bins import BinCounts
from serve.traffic.minutes import RowTotals

_ROWS_AT_ONCE = 1000
"""Number of rows to count at once: this costs a tenth of counting each request."""


class RowCounts:
    """Counts over the answered rows of one model."""

    def __init__(
        self,
        signature: Signature,
        rules: Mapping[str, Rules],
        bins: Bins | None = None,
        by_bin: BinCounts | None = None,
    ) -> None:
        """Prepare the counts of a model; `by_bin` counts all rows for monitoring."""
        self._numbers = [rules[column.name] for column in signature.group("numbers")]
        self._low = np.array([_bound(each, "minimum") for each in self._numbers])
        self._high = np.array([_bound(each, "maximum") for each in self._numbers])
        self._strings = signature.group("strings")
        self._known = [_known_categories(column) for column in self._strings]
        self.bins = bins
        self._monitored = by_bin
        self.rows = 0
        """Number of answered rows."""
        self.page_rows = 0
        """Number of rows that were answered to the page, which nothing else here counts."""
        self._waiting: list[Feed] = []
        self._predictions: list[NDArray[Any]] = []
        """Class indexes or numbers of waiting rows."""
        self._rows_waiting = 0
        width = len(self._numbers) + len(self._strings)
        self._missing = np.zeros(width, np.int64)
        """Missing values by column: first the numbers, then the strings."""
        self._outside = np.zeros(width, np.int64)
        """Values out of range, or unknown, by column."""
        self._by_bin = np.zeros(len(bins.training) if bins else 0, np.int64)

    def add(self, feed: Feed, *, rows: int, prediction: Prediction | None = None) -> None:
        """Record answered rows."""
        self.rows += rows
        self._waiting.append(feed)
        if prediction is not None:
            values, labels = prediction
            self._predictions.append(values if labels is None else labels)
        self._rows_waiting += rows
        if self._rows_waiting >= _ROWS_AT_ONCE:
            self._count()

    def outside_training(self) -> dict[str, dict[str, int]]:
        """Return the number of values outside training by kind and column, if there are any."""
        self._count()
        counts, numbers = self._outside.tolist(), len(self._numbers)
        kinds = {
            "out_of_range": ([rules.column for rules in self._numbers], counts[:numbers]),
            "unknown_category": (self._strings, counts[numbers:]),
        }
        return {
            kind: {
                column.name: count for column, count in zip(columns, found, strict=True) if count
            }
            for kind, (columns, found) in kinds.items()
        }

    def columns_outside(self, feed: Feed, *, rows: int) -> list[list[str]]:
        """Return for each row the columns with a value outside training; counts nothing."""
        columns: list[list[str]] = [[] for _ in range(rows)]
        if self._numbers and rows:
            for row, place in np.argwhere(self._is_outside(feed["numbers"])).tolist():
                columns[row].append(self._numbers[place].column.name)
        if self._strings and rows:
            groups = zip(self._strings, self._known, feed["strings"].T, strict=True)
            for column, known, texts in groups:
                for row, text in enumerate(texts.tolist() if known else ()):
                    if text not in known:
                        columns[row].append(column.name)
        return columns

    def totals(self) -> RowTotals:
        """Return all counts."""
        self._count()
        return RowTotals(self.rows, self._by_bin.copy(), self._missing.copy(), self._outside.copy())

    def monitored(self) -> BinCounts | None:
        """Return the counts for monitoring; None if they are off."""
        self._count()
        return self._monitored

    def _count(self) -> None:
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        predictions, self._predictions = self._predictions, []
        if waiting and self._numbers:
            self._count_numbers(np.concatenate([feed["numbers"] for feed in waiting]))
        if waiting and self._strings:
            self._count_strings(np.concatenate([feed["strings"] for feed in waiting]))
        if predictions and (self.bins or self._monitored):
            joined = np.concatenate(predictions)
            if self.bins:
                self._by_bin += self.bins.count(joined)
            if self._monitored is not None:
                self._monitored.add_predictions(joined)

    def _count_numbers(self, numbers: NDArray[np.float64]) -> None:
        if self._monitored is not None:
            self._monitored.add_numbers(numbers)
        width = len(self._numbers)
        if math.isnan(numbers.min()):
            self._missing[:width] += np.isnan(numbers).sum(axis=0)
        outside = self._is_outside(numbers)
        if outside.any():
            counts = outside.sum(axis=0)
            for place in counts.nonzero()[0].tolist():
                self._warn_of(self._numbers[place].column, place)
            self._outside[:width] += counts

    def _is_outside(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (numbers < self._low) | (numbers > self._high)

    def _count_strings(self, strings: NDArray[Any]) -> None:
        for place, (known, texts) in enumerate(
            zip(self._known, strings.T, strict=True), len(self._numbers)
        ):
            sent = texts.tolist()
            if self._monitored is None:
                different = {*sent}
            else:
                counts = Counter(sent)
                self._monitored.add_texts(place - len(self._numbers), counts)
                different = {*counts}
            if "" in different:
                self._missing[place] += sent.count("")
            if known and not different <= known:
                self._outside[place] += sum(text not in known for text in sent)

    def _warn_of(self, column: Column, place: int) -> None:
        """Log once that a number may be meant as a percentage."""
        if column.percent and not self._outside[place]:
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


def is_judged(column: Column) -> bool:
    """Return whether training tells which values of a column are outside."""
    seen = column.observed
    if column.input.group == "strings":
        return bool(_known_categories(column))
    return seen is not None and (seen.minimum is not None or seen.maximum is not None)


def _known_categories(column: Column) -> frozenset[str]:
    """Return the known categories; empty if some of the training categories are not listed."""
    seen = column.observed
    if seen is None or not seen.categories or seen.distinct != len(seen.categories):
        return frozenset()
    return frozenset([*(category.value for category in seen.categories), ""])
