"""Plots of a regression: predictions against true values, and residuals."""

import sys
from collections.abc import Sequence

import numpy as np
from modelling.model_selection.bootstrap import Outcomes
from numpy.typing import NDArray

from reporting.plots.axes import log_span_of, quantiles, span_of
from reporting.plots.number_formats import number, percent
from reporting.plots.plot import Dot, Frame, Path, Plot, at, x_axis, y_axis

MAX_DOTS = 600
"""Maximum number of rows drawn as dots; more rows are drawn as a density of shaded cells."""

TRIM = 0.002
"""Share of the rows at each end that does not widen an axis; such rows are drawn at its end."""

HISTOGRAM_BINS = 41
PREDICTION_GROUPS = 10


def plot_numbers(rows: Outcomes, *, name: str, is_log: bool) -> list[Plot]:
    """Return the plots of a target that is not private; `is_log`: the model learned its log."""
    predicted = rows.predicted.astype(np.float64)
    residuals = rows.truth - predicted
    return [
        _truth_by_prediction(rows.truth, predicted, name=name, is_log=is_log),
        _residuals_by_prediction(predicted, residuals, name=name, is_log=is_log),
        plot_residuals(rows),
        _errors_by_prediction(predicted, residuals, name=name),
    ]


def plot_residuals(rows: Outcomes) -> Plot:
    """Return the histogram of the residuals."""
    residuals = rows.truth - rows.predicted.astype(np.float64)
    low, high = span_of(residuals, trim=5 * TRIM)
    # Compute with halves, because the width of the range may overflow a double.
    halves = np.clip(residuals, low, high) / 2
    heights, edges = np.histogram(halves, HISTOGRAM_BINS, (low / 2, high / 2))
    shares = heights / len(residuals)
    x = x_axis("truth − prediction", low, high)
    y = y_axis("share of the rows", 0, float(shares.max()) * 1.05, show=percent)
    frame = Frame(x, y)
    paths = [frame.bars(2 * edges, shares, style="bar series-1")]
    if low < 0 < high:
        paths.append(frame.line([0, 0], [y.low, y.high], style="aim"))
    half = float(np.median(np.abs(residuals)))
    caption = (
        f"What is left between truth and prediction: half of the rows are off by less than"
        f" {number(half)}. The outermost columns hold what lies beyond."
    )
    return Plot("Residuals", caption, frame, paths=paths)


def _truth_by_prediction(
    truth: NDArray[np.float64], predicted: NDArray[np.float64], *, name: str, is_log: bool
) -> Plot:
    both = np.concatenate([truth, predicted])
    is_log = is_log and float(both.min()) > 0
    ends = log_span_of(both, trim=TRIM) if is_log else span_of(both, trim=TRIM)
    x = x_axis(f"{name}, predicted", *ends, log=is_log)
    frame = Frame(x, y_axis("true", *ends, log=is_log))
    caption = (
        "Each held-out row by what was predicted and what was true; on the line both are equal."
    )
    return Plot(
        "Prediction and truth",
        caption + _shading(truth),
        frame,
        paths=[*_points(frame, predicted, truth), frame.diagonal()],
    )


def _residuals_by_prediction(
    predicted: NDArray[np.float64], residuals: NDArray[np.float64], *, name: str, is_log: bool
) -> Plot:
    is_log = is_log and float(predicted.min()) > 0
    ends = log_span_of(predicted, trim=TRIM) if is_log else span_of(predicted, trim=TRIM)
    x = x_axis(f"{name}, predicted", *ends, log=is_log)
    frame = Frame(x, y_axis("truth − prediction", *span_of(residuals, trim=TRIM)))
    caption = (
        "What is left, by what was predicted: a bend or a funnel is something that the model has"
        " not learned."
    )
    return Plot(
        "Residuals by prediction",
        caption + _shading(residuals),
        frame,
        paths=[*_points(frame, predicted, residuals), frame.level(0)],
    )


def _errors_by_prediction(
    predicted: NDArray[np.float64], residuals: NDArray[np.float64], *, name: str
) -> Plot:
    """Return a box plot of absolute errors for each group of rows with similar predictions."""
    groups = np.array_split(
        np.argsort(predicted, kind="stable"), min(PREDICTION_GROUPS, len(predicted))
    )
    errors = np.abs(residuals)
    predictions = [float(np.median(predicted[group])) for group in groups]
    error_quantiles = [quantiles(errors[group], [0.25, 0.5, 0.75, 0.9]) for group in groups]
    x = x_axis("tenths of the rows, by prediction", 0, len(groups), show=lambda _: "")
    highest = max(float(q90) for *_, q90 in error_quantiles) or 1.0  # 0 for a model without errors
    y = y_axis("error", 0, min(highest * 1.05, sys.float_info.max))
    boxes, whiskers, medians = "", "", []
    for n, (q25, median, q75, q90) in enumerate(error_quantiles):
        middle = float(x.place(n + 0.5))
        low, center, high, top = y.place([q25, median, q75, q90])
        boxes += f"M{at(middle - 9)} {at(low)}H{at(middle + 9)}V{at(high)}H{at(middle - 9)}Z"
        whiskers += f"M{at(middle)} {at(high)}V{at(top)}"
        title = (
            f"predicted about {number(predictions[n])}: half of the errors below {number(median)}"
        )
        medians.append(Dot("dot series-1", at(middle), at(center), title, radius=3.5))
    caption = (
        f"Errors where small and where large values of {name} are predicted, from"
        f" {number(predictions[0])} to {number(predictions[-1])}: the point is the median,"
        " the box holds half of them, the line ends at nine tenths."
    )
    paths = [Path("span", whiskers), Path("box", boxes)]
    return Plot("Error by size", caption, Frame(x, y), paths=paths, dots=medians)


def _points(frame: Frame, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Sequence[Path]:
    if len(xs) <= MAX_DOTS:
        return [frame.points(xs, ys)]
    return frame.density(xs, ys)


def _shading(rows: NDArray[np.float64]) -> str:
    return " The stronger the colour, the more rows." if len(rows) > MAX_DOTS else ""
