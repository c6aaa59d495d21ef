"""Plots of a regression: predictions against true values, and residuals."""

import sys
from collections.abc import Sequence

import numpy as np
from modelling.model_selection.bootstrap import Outcomes
from numpy.typing import NDArray

from reporting.plots.axes import log_span_of, quantiles, span_of
from reporting.plots.number_formats import number, percent
from reporting.plots.plot import (
    Dot,
    Frame,
    Path,
    Plot,
    across,
    at,
    upwards,
)

DOTS_MAX = 600
"""With more rows, shades say how many lie in a cell."""
TRIM = 0.002
"""Of the rows at each end that do not widen an axis; they lie at its edge."""
HISTOGRAM_BINS = 41
GROUPS = 10


def plot_numbers(rows: Outcomes, *, name: str, is_log: bool) -> list[Plot]:
    """Return the plots of a target that may be told; `is_log`: its logarithm was learnt."""
    predicted = rows.predicted.astype(np.float64)
    left = rows.truth - predicted
    return [
        _beside(rows.truth, predicted, name=name, is_log=is_log),
        _left(predicted, left, name=name, is_log=is_log),
        plot_residuals(rows),
        _by_size(predicted, left, name=name),
    ]


def plot_residuals(rows: Outcomes) -> Plot:
    """Return the histogram of the residuals."""
    left = rows.truth - rows.predicted.astype(np.float64)
    low, high = span_of(left, trim=5 * TRIM)
    # Of halves: the width of the range may exceed any double.
    halves = np.clip(left, low, high) / 2
    heights, edges = np.histogram(halves, HISTOGRAM_BINS, (low / 2, high / 2))
    shares = heights / len(left)
    x = across("truth − prediction", low, high)
    y = upwards("share of the rows", 0, float(shares.max()) * 1.05, show=percent)
    frame = Frame(x, y)
    paths = [frame.bars(2 * edges, shares, style="bar series-1")]
    if low < 0 < high:
        paths.append(frame.line([0, 0], [y.low, y.high], style="aim"))
    half = float(np.median(np.abs(left)))
    says = (
        f"What is left between truth and prediction: half of the rows are off by less than"
        f" {number(half)}. The outermost columns hold what lies beyond."
    )
    return Plot("Residuals", says, frame, paths=paths)


def _beside(
    truth: NDArray[np.float64], predicted: NDArray[np.float64], *, name: str, is_log: bool
) -> Plot:
    both = np.concatenate([truth, predicted])
    is_log = is_log and float(both.min()) > 0
    ends = log_span_of(both, trim=TRIM) if is_log else span_of(both, trim=TRIM)
    x = across(f"{name}, predicted", *ends, log=is_log)
    frame = Frame(x, upwards("true", *ends, log=is_log))
    says = "Each held-out row by what was predicted and what was true; on the line both are equal."
    return Plot(
        "Prediction and truth",
        says + _shading(truth),
        frame,
        paths=[*_points(frame, predicted, truth), frame.diagonal()],
    )


def _left(
    predicted: NDArray[np.float64], left: NDArray[np.float64], *, name: str, is_log: bool
) -> Plot:
    is_log = is_log and float(predicted.min()) > 0
    ends = log_span_of(predicted, trim=TRIM) if is_log else span_of(predicted, trim=TRIM)
    x = across(f"{name}, predicted", *ends, log=is_log)
    frame = Frame(x, upwards("truth − prediction", *span_of(left, trim=TRIM)))
    says = (
        "What is left, by what was predicted: a bend or a funnel is something that the model has"
        " not learned."
    )
    return Plot(
        "Residuals by prediction",
        says + _shading(left),
        frame,
        paths=[*_points(frame, predicted, left), frame.level(0)],
    )


def _by_size(predicted: NDArray[np.float64], left: NDArray[np.float64], *, name: str) -> Plot:
    """Return the sizes of errors in groups of rows, by what was predicted."""
    order = np.array_split(np.argsort(predicted, kind="stable"), min(GROUPS, len(predicted)))
    sizes = np.abs(left)
    middles = [float(np.median(predicted[group])) for group in order]
    spans = [quantiles(sizes[group], [0.25, 0.5, 0.75, 0.9]) for group in order]
    x = across("tenths of the rows, by prediction", 0, len(order), show=lambda _: "")
    largest = max(float(nine) for *_, nine in spans) or 1.0  # of a model that never errs, 0
    y = upwards("error", 0, min(largest * 1.05, sys.float_info.max))
    boxes, whiskers, medians = "", "", []
    for n, (quarter, half, three, nine) in enumerate(spans):
        middle = float(x.place(n + 0.5))
        low, mid, high, top = y.place([quarter, half, three, nine])
        boxes += f"M{at(middle - 9)} {at(low)}H{at(middle + 9)}V{at(high)}H{at(middle - 9)}Z"
        whiskers += f"M{at(middle)} {at(high)}V{at(top)}"
        title = f"predicted about {number(middles[n])}: half of the errors below {number(half)}"
        medians.append(Dot("dot series-1", at(middle), at(mid), title, radius=3.5))
    says = (
        f"Errors where small and where large values of {name} are predicted, from"
        f" {number(middles[0])} to {number(middles[-1])}: the point is the median, the box holds"
        " half of them, the line ends at nine tenths."
    )
    paths = [Path("span", whiskers), Path("box", boxes)]
    return Plot("Error by size", says, Frame(x, y), paths=paths, dots=medians)


def _points(frame: Frame, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Sequence[Path]:
    if len(xs) <= DOTS_MAX:
        return [frame.points(xs, ys)]
    return frame.density(xs, ys)


def _shading(rows: NDArray[np.float64]) -> str:
    return " The stronger the colour, the more rows." if len(rows) > DOTS_MAX else ""
