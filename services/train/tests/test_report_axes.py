"""Numbers and axes of a report: few digits and round ticks for any values."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from modelling.model_selection.bootstrap import Outcomes
from reporting.plots.axes import Axis, dates, log_span_of, span_of
from reporting.plots.number_formats import moment, number, score, share
from reporting.plots.regression_plots import plot_numbers, plot_residuals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (12345.678, "12,346"),
        (-12345.678, "−12,346"),
        (999.96, "1000"),
        (0.12345, "0.1235"),
        (1e-7, "1e-07"),
        (3.2e18, "3.2e+18"),
        (float("nan"), "–"),
    ],
)
def test_numbers_have_few_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0004, "0.000"), (-0.5, "−0.500"), (0.98765, "0.988"), (812.34, "812.3")]
)
def test_scores_have_three_decimals(value: float, text: str) -> None:
    assert score(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0004, "< 0.1 %"),
        (0.0512, "5.1 %"),
        (0.9961, "99.6 %"),
        (0.9999, "> 99.9 %"),
    ],
)
def test_shares_are_percentages(value: float, text: str) -> None:
    assert share(value) == text.replace(" %", "\N{NO-BREAK SPACE}%")


@pytest.mark.parametrize(
    ("seconds", "span", "text"),
    [
        (0, 0, "1970-01-01"),
        (-62_135_596_800, 0, "0001-01-01"),
        (1.7e9, 3600, "11-14 22:13"),
        (1.7e9, 3e9, "2023"),
        (253_402_300_800.0, 0, "9999-12-31"),
        (1e300, 3e9, "9999"),
        (-1e300, 0, "0001-01-01"),
    ],
)
def test_moments_fit_the_span_that_is_shown(seconds: float, span: float, text: str) -> None:
    assert moment(seconds, span=span) == text


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-3.1, 2.2, ["−2", "0", "2"]),
        (0, 18_823, ["0", "5000", "10,000", "15,000"]),
    ],
)
def test_ticks_are_round(low: float, high: float, texts: Sequence[str]) -> None:
    assert [text for _, text in Axis("", low, high, 0, 100).ticks] == texts


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.tuples(FINITE, FINITE).filter(lambda ends: ends[0] != ends[1]))
@example((-1e308, 1e308))
@example((1e16, 1e16 + 2))
@example((0, 5e-324))
def test_any_two_numbers_are_the_ends_of_an_axis(ends: tuple[float, float]) -> None:
    low, high = sorted(ends)
    axis = Axis("", low, high, 0, 100)

    assert axis.place([low, high]).tolist() == [0, 100]
    assert all(0 <= place <= 100 for place, _ in axis.ticks)
    assert all(math.isfinite(end) for end in span_of([low, high]))


@pytest.mark.parametrize("value", [1e308, 1e-307])
def test_a_logarithmic_axis_ends_where_numbers_end(value: float) -> None:
    low, high = log_span_of([1.0, value])

    assert 0 < low < high < math.inf
    assert Axis("", low, high, 0, 100, is_log=True).ticks


@pytest.mark.parametrize("value", [1e16, -1e16, 0.1, 5e-324])
def test_residuals_that_differ_by_a_rounding_only_have_a_plot(value: float) -> None:
    truth = np.array([value, math.nextafter(value, math.inf)])

    bars, *_ = plot_residuals(Outcomes(truth, np.zeros(2, dtype=np.float32))).paths

    assert bars.d


@pytest.mark.parametrize("least", [-1e308, 1.0])
def test_the_largest_numbers_have_plots(least: float) -> None:
    rows = Outcomes(np.array([least, 1e308, 5.0]), np.array([1, 2, 3], dtype=np.float32))

    plots = plot_numbers(rows, name="price", is_log=least > 0)

    drawn = [path.d for plot in plots for path in plot.paths]
    assert all(plot.frame.x.ticks and plot.frame.y.ticks for plot in plots)
    assert not any("nan" in d or "inf" in d for d in drawn)


def test_ticks_of_a_logarithm_are_powers_of_ten() -> None:
    axis = Axis("", 3, 40_000, 0, 100, is_log=True)

    assert [text for _, text in axis.ticks] == ["10", "100", "1000", "10,000"]
    assert axis.place(3) == 0
    assert axis.place(40_000) == pytest.approx(100)


def test_what_lies_beyond_an_axis_lies_at_its_end() -> None:
    assert Axis("", 0, 10, 50, 350).place([-5, 5, 99]).tolist() == [50, 200, 350]


@pytest.mark.parametrize("values", [[0.0], [7.0, 7.0], [-2.0, -2.0, -2.0]])
def test_an_axis_has_room_where_all_values_are_equal(values: Sequence[float]) -> None:
    low, high = span_of(values)

    assert low < values[0] < high
    assert Axis("", low, high, 0, 100).ticks


def test_few_values_far_away_do_not_widen_an_axis() -> None:
    values = [*np.linspace(1, 100, 1000), 1e9]

    assert span_of(values, trim=0.01)[1] < 120
    assert log_span_of(values, trim=0.01)[1] < 200


def test_ticks_of_dates_are_dates() -> None:
    year = 365 * 86_400
    axis = Axis("", 0, year, 0, 100, show=dates(0, year))

    assert all(text.startswith("1970-") for _, text in axis.ticks)
