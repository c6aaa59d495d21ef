"""Measure false alarms and power of extras/monitor's drift alerts on simulated windows.

PYTHONPATH=extras/monitor/src .envs/tests/bin/python bench/drift/false_alarms.py
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from monitor.drift.alerts import Kind, Observed, Reason, Reference, Rules, judge_column

Array = np.ndarray[Any, Any]
Rows = list[Array]
"""The values of each column; NaN is missing. Numbers first, then codes of categories."""
NUMBERS, TEXTS, LISTED = 15, 5, 20
SKEWED = np.array([1 / (rank + 1) ** 1.2 for rank in range(40)])
"""Unscaled shares of 40 categories: 20 have a bin, the rare ones are other values."""
PLAIN = np.array([40, 30, 20, 10])
MISSING = 0.03
RULES = Rules()


def draw(rows: int, random: np.random.Generator) -> Rows:
    """Draw 15 numbers of three shapes and 5 texts; every second column misses 3 % of its values."""
    shapes: tuple[Callable[[], Array], ...] = (
        lambda: random.normal(size=rows),
        lambda: random.lognormal(size=rows),
        lambda: np.maximum(0, random.normal(size=rows)),
    )
    columns = [shapes[index % 3]() for index in range(NUMBERS)]
    for index in range(TEXTS):
        shares = SKEWED if index % 2 else PLAIN
        columns.append(random.choice(len(shares), rows, p=shares / shares.sum()).astype(float))
    return [
        np.where(random.random(rows) < MISSING, np.nan, column) if index % 2 else column
        for index, column in enumerate(columns)
    ]


class Bins:
    """Fixed bins of one column, as train writes them into reference.json."""

    def __init__(self, training: Array, *, is_text: bool) -> None:
        self._is_text = is_text
        present = training[~np.isnan(training)]
        self._edges = np.unique(np.quantile(present, np.arange(1, 10) / 10))
        self._listed = np.unique(present)[:LISTED]
        self._range = present.min(), present.max()
        self._training_rows = len(present)

    def count(self, values: Array) -> Observed:
        present = values[~np.isnan(values)]
        missing = len(values) - len(present)
        if self._is_text:
            counts = [int((present == value).sum()) for value in self._listed]
            return Observed((*counts, len(present) - sum(counts), missing))
        places = np.searchsorted(self._edges, present, side="left")
        counts = np.bincount(places, minlength=len(self._edges) + 1).tolist()
        low, high = self._range
        return Observed((*counts, missing), int(((present < low) | (present > high)).sum()))

    def reference(self, held_out: Array) -> Reference:
        kind: Kind = "values" if self._is_text else "edges"
        counts = self.count(held_out).counts
        return Reference(kind, counts, 0 if self._is_text else self._training_rows)


class Model:
    """A reference drawn afresh: four training rows for each held-out row."""

    def __init__(self, held_out: int, random: np.random.Generator) -> None:
        training, rows = draw(4 * held_out, random), draw(held_out, random)
        self._bins = [Bins(each, is_text=i >= NUMBERS) for i, each in enumerate(training)]
        self._references = [
            bins.reference(each) for bins, each in zip(self._bins, rows, strict=True)
        ]

    def alerts(self, windows: list[Rows]) -> dict[int, list[Reason]]:
        """Return the reasons of each column that alerts in the last of the windows."""
        found = {}
        for index, (bins, reference) in enumerate(zip(self._bins, self._references, strict=True)):
            observed = [bins.count(rows[index]) for rows in windows]
            columns = NUMBERS + TEXTS
            finding = judge_column(reference, observed, rules=RULES, columns=columns)
            if finding.reasons:
                found[index] = list(finding.reasons)
        return found


def false_alarms(windows: int, held_out: int, *, seed: int) -> tuple[int, dict[str, int]]:
    """Return how many windows alert without drift, and how often for each reason.

    The size of a window is log-uniform from 50 to 5,000 rows, the same as of the window before it.
    A new reference is drawn for every 20 windows.
    """
    random = np.random.default_rng(seed)
    alarms, reasons = 0, dict[str, int]()
    for number in range(windows):
        if number % 20 == 0:
            model = Model(held_out, random)
        rows = round(float(np.exp(random.uniform(np.log(50), np.log(5000)))))
        found = model.alerts([draw(rows, random), draw(rows, random)])
        alarms += bool(found)
        for reason in (each for column in found.values() for each in column):
            reasons[reason] = reasons.get(reason, 0) + 1
    return alarms, reasons


def shift(rows: Rows) -> Rows:
    """Move the first number by half a standard deviation."""
    return [rows[0] + 0.5, *rows[1:]]


def new_category(rows: Rows) -> Rows:
    """One value in twenty of the first text is new."""
    column = rows[NUMBERS].copy()
    column[: len(column) // 20] = 999
    return [*rows[:NUMBERS], column, *rows[NUMBERS + 1 :]]


def new_category_binomial(rows: Rows) -> Rows:
    """Each value of the first text is new with a probability of 5 %."""
    random = np.random.default_rng(int(abs(rows[0][0]) * 2**40))
    column = np.where(random.random(len(rows[NUMBERS])) < 0.05, 999.0, rows[NUMBERS])
    return [*rows[:NUMBERS], column, *rows[NUMBERS + 1 :]]


def goes_missing(rows: Rows) -> Rows:
    """Lose all values of the first number."""
    return [np.full(len(rows[0]), np.nan), *rows[1:]]


def unit(rows: Rows) -> Rows:
    """Centimetres become millimetres, in a column with a lognormal distribution."""
    return [rows[0], rows[1] * 10, *rows[2:]]


CHANGES: tuple[tuple[str, Callable[[Rows], Rows], int, int, int], ...] = (
    ("shift of 0.5 standard deviations, two windows of 250", shift, 0, 250, 2),
    ("new category, exactly 5 % of 200 rows", new_category, NUMBERS, 200, 1),
    ("new category, 5 % probability, 200 rows", new_category_binomial, NUMBERS, 200, 1),
    ("column goes missing, 200 rows", goes_missing, 0, 200, 1),
    ("unit change, 200 rows", unit, 1, 200, 1),
)


def power(change: int, held_out: int, *, runs: int, seed: int) -> float:
    """Return the share of the runs in which the changed column alerts."""
    _, apply, column, rows, windows = CHANGES[change]
    random = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        model = Model(held_out, random)
        found += column in model.alerts([apply(draw(rows, random)) for _ in range(windows)])
    return found / runs


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--held-out", type=int, nargs="+", default=[500, 2_000, 10_000])
    options = parser.parse_args()
    for held_out in options.held_out:
        alarms, reasons = false_alarms(options.windows, held_out, seed=1)
        share = alarms / options.windows
        print(
            f"held-out rows {held_out}: {alarms} of {options.windows} windows alert without drift"
        )
        print(f"  share {share:.2%}; columns by reason: {reasons}", flush=True)
        for index, (name, *_) in enumerate(CHANGES):
            found = power(index, held_out, runs=options.runs, seed=2)
            print(f"  {found:7.1%} {name}", flush=True)


if __name__ == "__main__":
    main()
