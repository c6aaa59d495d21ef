"""Drift statistics: what alerts, what does not, and from how many rows."""

import math
import random
from collections.abc import Callable

import pytest
from monitor.drift.alerts import Observed, Reference, Rules, judge_column
from monitor.drift.rates import increase_p_value, out_of_range_p_value, wilson_interval
from monitor.drift.stability import chi_squared_quantile, critical_value, stability_index

DECILES = [-1.2816, -0.8416, -0.5244, -0.2533, 0.0, 0.2533, 0.5244, 0.8416, 1.2816]
RULES = Rules()


def count(values: list[float | None]) -> Observed:
    """Count normal values into deciles and a bin of missing values."""
    counts = [0] * 11
    for value in values:
        counts[10 if value is None else sum(value > edge for edge in DECILES)] += 1
    return Observed(tuple(counts))


def numbers(source: random.Random, rows: int, *, mean: float = 0.0) -> list[float | None]:
    return [source.gauss(mean, 1) for _ in range(rows)]


def reference(source: random.Random, rows: int = 2_000) -> Reference:
    return Reference("edges", count(numbers(source, rows)).counts, training_rows=4 * rows)


TEXTS = Reference("values", (1_200, 600, 200, 0, 0), training_rows=0)
"""Three texts, no other values, none missing."""


def reasons(held_out: Reference, *windows: Observed) -> list[str]:
    return list(judge_column(held_out, windows, rules=RULES, columns=20).reasons)


def test_equal_shares_have_an_index_of_zero() -> None:
    assert stability_index([10, 20, 30], [10, 20, 30]) == 0


def test_a_bin_without_rows_on_both_sides_changes_nothing() -> None:
    assert stability_index([10, 20, 0], [30, 40, 0]) == stability_index([10, 20], [30, 40])


def test_the_index_of_an_emptied_bin_is_finite() -> None:
    # Shares 0.5/10 and 9.5/10 beside equal halves, with 0.5 added to counts of 0, 9, 4.5.
    expected = (0.05 - 0.5) * math.log(0.05 / 0.5) + (0.95 - 0.5) * math.log(0.95 / 0.5)

    assert stability_index([0, 9], [10, 10]) == pytest.approx(expected)


def test_counts_of_other_bins_are_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        stability_index([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("probability", "degrees", "exact"),
    [(0.95, 1, 3.841), (0.999, 9, 27.877), (0.99995, 10, 37.311), (0.99995, 21, 56.0)],
)
def test_the_quantile_is_within_two_percent(probability: float, degrees: int, exact: float) -> None:
    assert chi_squared_quantile(probability, degrees) == pytest.approx(exact, rel=0.02)


def test_the_critical_value_falls_with_the_rows() -> None:
    few = critical_value([50, 50], [500, 500], alpha=0.001)
    many = critical_value([5_000, 5_000], [500, 500], alpha=0.001)

    assert many < few


def test_no_rows_have_no_critical_value() -> None:
    assert critical_value([0, 0], [5, 5], alpha=0.001) == math.inf


def test_one_bin_can_not_drift() -> None:
    assert critical_value([9, 0], [5, 0], alpha=0.001) == 0
    assert stability_index([9, 0], [5, 0]) == 0


def test_wilsons_interval_equals_the_published_example() -> None:
    # R. Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_test_for_an_increase_is_fishers() -> None:
    # Four of four against none of four: one of C(8, 4) = 70 tables.
    assert increase_p_value((4, 4), (0, 4)) == pytest.approx(1 / 70)
    assert increase_p_value((3, 4), (1, 4)) == pytest.approx(17 / 70)
    assert increase_p_value((0, 4), (0, 4)) == 1
    assert increase_p_value((4, 4), (0, 0)) == 1


def test_a_value_outside_the_range_of_few_rows_is_no_surprise() -> None:
    assert out_of_range_p_value((0, 100), 10) == 1
    assert out_of_range_p_value((1, 1), 1) == 1
    assert out_of_range_p_value((1, 1), 999) == pytest.approx(0.002)


def test_windows_without_drift_do_not_alert() -> None:
    source = random.Random(20)

    alerts = 0
    for _ in range(300):
        rows = round(math.exp(source.uniform(math.log(50), math.log(1_000))))
        windows = [count(numbers(source, rows)) for _ in range(2)]
        alerts += bool(reasons(reference(source, 500), *windows))

    assert alerts == 0


def test_two_windows_of_250_rows_find_half_a_standard_deviation() -> None:
    source = random.Random(21)

    found = 0
    for _ in range(100):
        windows = [count(numbers(source, 250, mean=0.5)) for _ in range(2)]
        found += reasons(reference(source), *windows) == ["shifted"]

    assert found >= 95


def test_one_shifted_window_does_not_alert_yet() -> None:
    source = random.Random(22)
    calm, shifted = (count(numbers(source, 250, mean=mean)) for mean in (0, 0.5))

    assert reasons(reference(source), shifted) == []
    assert reasons(reference(source), calm, shifted) == []
    assert reasons(reference(source), shifted, calm) == []


@pytest.mark.parametrize(
    ("held_out", "window", "reason"),
    [
        (TEXTS, Observed((114, 57, 19, 10, 0)), "other values"),
        (TEXTS, Observed((0, 0, 0, 0, 200)), "missing"),
        (
            Reference("edges", (200,) * 10 + (0,), training_rows=8_000),
            Observed((0,) * 9 + (200, 0), out_of_range=150),
            "out of range",
        ),
        (
            Reference("edges", (200,) * 10 + (0,), 8_000),
            Observed((0,) * 9 + (200, 0)),
            "shifted far",
        ),
        (Reference("present", (2_000, 0), 0), Observed((190, 10)), "missing"),
    ],
)
def test_a_broken_column_alerts_in_its_first_window(
    held_out: Reference, window: Observed, reason: str
) -> None:
    assert reason in reasons(held_out, window)


def test_a_window_with_fewer_rows_is_not_judged() -> None:
    assert reasons(TEXTS, Observed((0, 0, 0, 0, 199))) == []


def test_a_rise_below_one_percentage_point_is_no_alert() -> None:
    # Significant in 100,000 rows, but 0.5 %.
    assert reasons(TEXTS, Observed((59_700, 29_850, 9_950, 500, 0))) == []


def test_fewer_missing_values_are_no_rise() -> None:
    held_out = Reference("present", (1_000, 1_000), 0)

    assert reasons(held_out, Observed((110, 90))) == []


def test_predictions_have_no_bin_of_missing_values() -> None:
    held_out = Reference("values", (1_000, 1_000), 0, has_missing=False)

    assert judge_column(held_out, [Observed((100, 100))], rules=RULES, columns=20).rates == []


@pytest.mark.parametrize("rows", [1, 50, 5_000])
def test_a_finding_is_the_same_each_time(rows: int) -> None:
    make: Callable[[], Observed] = lambda: count(numbers(random.Random(1), rows))  # noqa: E731
    held_out = reference(random.Random(2))

    first, second = (judge_column(held_out, [make()], rules=RULES, columns=20) for _ in range(2))

    assert first == second
