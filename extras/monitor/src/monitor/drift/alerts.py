"""Which columns of a window have drifted, and by which test."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.drift.rates import increase_p_value, out_of_range_p_value
from monitor.drift.stability import Counts, critical_value, stability_index

Reason = Literal["shifted", "shifted far", "missing", "other values", "out of range"]
Kind = Literal["edges", "values", "present"]
"""Bins of a column: between edges, of texts, or only present and missing."""


@dataclass(frozen=True)
class Rules:
    """Thresholds. The defaults hold the bars in docs/drift.md; bench/drift measures them."""

    alpha: float = 0.001
    """Share of windows in which any column may alert without drift: once by PSI, once by rates."""
    psi_floor: float = 0.1
    """A smaller PSI is no alert, however many rows show it."""
    far_floor: float = 1.0
    """A PSI from which one window suffices, such as after a change of units."""
    rate_floor: float = 0.01
    """A rate that rose by less is no alert."""
    minimum_rows: int = 200
    """A window with fewer rows is not judged."""


@dataclass(frozen=True)
class Reference:
    """What one column is compared with."""

    kind: Kind
    counts: Counts
    """Held-out rows in each bin, or training rows if there are no held-out rows."""
    training_rows: int
    """Number of rows that the range of the column comes from; 0 if unknown."""
    has_missing: bool = True
    """Whether the last bin is of missing values; predictions have none."""


@dataclass(frozen=True)
class Observed:
    """One column in one window."""

    counts: Counts
    out_of_range: int = 0
    """Rows outside the range of the training rows."""


@dataclass(frozen=True)
class Rate:
    """A rate in a window, the rate that was expected, and the test for an increase."""

    reason: Reason
    events: int
    rows: int
    expected: float
    p_value: float

    @property
    def increase(self) -> float:
        return self.events / self.rows - self.expected if self.rows else 0.0


@dataclass(frozen=True)
class Finding:
    """The drift of one column."""

    psi: float
    threshold: float
    """Of one window; a PSI below it is no sign of drift."""
    rates: Sequence[Rate]
    reasons: Sequence[Reason]
    """Why the column alerts; empty if it does not."""


def judge_column(
    reference: Reference,
    windows: Sequence[Observed],
    *,
    rules: Rules,
    columns: int,
) -> Finding:
    """Judge a column in the last of `windows`.

    Args:
        reference: the counts to compare with.
        windows: the window, preceded by the previous window if there is one with enough rows.
        rules: the thresholds.
        columns: how many columns are judged, predictions included. `alpha` is divided by it.

    A shift needs two windows: each has a PSI of at least the floor, and their sum exceeds the
    critical value. Two tests would not be independent: the error of a small reference repeats.
    """
    current, alpha = windows[-1], rules.alpha / columns
    psi = stability_index(current.counts, reference.counts)
    critical = critical_value(current.counts, reference.counts, alpha=alpha)
    rates = _rates(reference, current)
    reasons: list[Reason] = []
    if sum(current.counts) >= rules.minimum_rows:
        if psi >= max(rules.far_floor, critical):
            reasons.append("shifted far")
        elif _is_shifted(reference, windows[-2:], rules=rules, alpha=alpha):
            reasons.append("shifted")
        # Two rates for each column.
        reasons += [
            rate.reason
            for rate in rates
            if rate.p_value < alpha / 2 and rate.increase >= rules.rate_floor
        ]
    return Finding(psi, max(rules.psi_floor, critical), rates, reasons)


def _is_shifted(
    reference: Reference, windows: Sequence[Observed], *, rules: Rules, alpha: float
) -> bool:
    if len(windows) < 2 or any(sum(each.counts) < rules.minimum_rows for each in windows):
        return False
    single = (stability_index(each.counts, reference.counts) for each in windows)
    if min(single) < rules.psi_floor:
        return False
    both = [sum(pair) for pair in zip(*(each.counts for each in windows), strict=True)]
    threshold = max(rules.psi_floor, critical_value(both, reference.counts, alpha=alpha))
    return stability_index(both, reference.counts) >= threshold


def _rates(reference: Reference, observed: Observed) -> list[Rate]:
    rates = []
    if reference.has_missing:
        rates.append(_rate("missing", bin_=-1, reference=reference, observed=observed))
    if reference.kind == "values" and reference.has_missing:
        rates.append(_rate("other values", bin_=-2, reference=reference, observed=observed))
    if reference.kind == "edges" and reference.training_rows and reference.has_missing:
        rows = sum(observed.counts[:-1])
        p_value = out_of_range_p_value((observed.out_of_range, rows), reference.training_rows)
        expected = 2 / (reference.training_rows + 1)
        rates.append(Rate("out of range", observed.out_of_range, rows, expected, p_value))
    return rates


def _rate(reason: Reason, *, bin_: int, reference: Reference, observed: Observed) -> Rate:
    window = observed.counts[bin_], sum(observed.counts)
    expected = reference.counts[bin_], sum(reference.counts)
    share = expected[0] / expected[1] if expected[1] else 0.0
    return Rate(reason, *window, share, increase_p_value(window, expected))
