"""Plots of a classification: ROC, precision-recall and calibration curves, and a histogram."""

from collections.abc import Iterator, Sequence

import numpy as np
from modelling.data.problem import BINARY
from modelling.model_selection.bootstrap import Outcomes
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from reporting.plots.number_formats import percent, score, share
from reporting.plots.plot import Dot, Frame, Path, Plot, at, thinned, x_axis, y_axis

MAX_CURVES = 5
"""Maximum number of classes with a curve, largest class first."""
MAX_POINTS = 160
BINS = 10
HISTOGRAM_BINS = 25


def plot_probabilities(rows: Outcomes, names: Sequence[str]) -> list[Plot]:
    """Return the plots; `names` are the names of the classes, in their order."""
    curves = [*_curves(rows)]
    labelled = [(names[c], is_class, predicted) for c, is_class, predicted in curves]
    found = []
    if labelled:
        found += [_roc(labelled, rows.weights), _precision(labelled, rows.weights)]
    found.append(_calibration(rows, names))
    found.append(_histogram(rows, names))
    return found


type _Curve = tuple[str, NDArray[np.bool_], NDArray[np.float64]]
"""A class, whether each row belongs to it, and the predicted probability."""


def _curves(rows: Outcomes) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield the curves to draw: the second of two classes, else the most frequent classes."""
    counts = np.bincount(rows.truth, minlength=rows.classes)
    by_rows = np.argsort(-counts, kind="stable").tolist()
    for c in [1] if rows.classes == BINARY else by_rows[:MAX_CURVES]:
        if 0 < counts[c] < len(rows.truth):
            yield c, rows.truth == c, rows.predicted[:, c].astype(np.float64)


def _roc(curves: Sequence[_Curve], weights: NDArray[np.float64] | None) -> Plot:
    frame = Frame(x_axis("false alarms", 0, 1, show=percent), y_axis("found", 0, 1, show=percent))
    areas, paths = [], [frame.diagonal()]
    for n, (_, truth, predicted) in enumerate(curves, 1):
        alarms, found, _ = roc_curve(truth, predicted, sample_weight=weights)
        kept = thinned(len(alarms), max_points=MAX_POINTS)
        paths.append(frame.line(alarms[kept], found[kept], style=f"line series-{n}"))
        areas.append(float(roc_auc_score(truth, predicted, sample_weight=weights)))
    caption = (
        "How many of a class are found, by how many others are taken for it. The dashed line is"
        f" guessing. Area under the curve: {_each(curves, areas)}."
    )
    return Plot("ROC curve", caption, frame, paths=paths, legend=_legend(curves))


def _precision(curves: Sequence[_Curve], weights: NDArray[np.float64] | None) -> Plot:
    frame = Frame(
        x_axis("found (recall)", 0, 1, show=percent),
        y_axis("right (precision)", 0, 1, show=percent),
    )
    averages, paths = [], []
    for n, (_, truth, predicted) in enumerate(curves, 1):
        right, found, _ = precision_recall_curve(truth, predicted, sample_weight=weights)
        # The last point, without any positive prediction, is a convention.
        kept = thinned(len(right) - 1, max_points=MAX_POINTS)
        paths.append(frame.steps(found[kept], right[kept], style=f"line series-{n}"))
        averages.append(float(average_precision_score(truth, predicted, sample_weight=weights)))
    if len(curves) == 1:
        base = float(np.average(curves[0][1], weights=weights))
        paths.insert(0, frame.level(base))
    caption = (
        "How many of those taken for a class are of it, by how many of the class are found."
        f"{' The dashed line is guessing.' if len(curves) == 1 else ''}"
        f" Average precision: {_each(curves, averages)}."
    )
    return Plot("Precision and recall", caption, frame, paths=paths, legend=_legend(curves))


def _calibration(rows: Outcomes, names: Sequence[str]) -> Plot:
    if rows.classes == BINARY:
        predicted, is_so = rows.predicted[:, 1].astype(np.float64), rows.truth == 1
        what = f"chance of {names[1]}"
    else:
        labels = rows.predicted.argmax(axis=1)
        predicted, is_so = rows.predicted.max(axis=1).astype(np.float64), rows.truth == labels
        what = "chance of the likeliest class"
    x = x_axis(f"predicted {what}", 0, 1, show=percent)
    frame = Frame(x, y_axis("how often it was so", 0, 1, show=percent))
    weights = np.ones(len(predicted)) if rows.weights is None else rows.weights
    dots, ranges, gap = [], "", 0.0
    edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1))
    places = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, BINS - 1)
    for place in np.unique(places):
        here = places == place
        mean, seen = (
            float(np.average(each[here], weights=weights[here])) for each in (predicted, is_so)
        )
        gap += abs(mean - seen) * float(weights[here].sum() / weights.sum())
        low, high = _wilson(seen, int(here.sum()))
        left = at(float(frame.x.place(mean)))
        bottom, middle, top = (at(place) for place in frame.y.place([low, seen, high]))
        ranges += f"M{left} {bottom}V{top}"
        title = f"predicted {share(mean)}, was {share(seen)}, {here.sum():,} rows"
        dots.append(Dot("dot series-1", left, middle, title, radius=4))
    caption = (
        "Rows in ten groups of equal size by what was predicted, and how often it came true, with"
        f" 95 % intervals. On the dashed line a probability means what it says; {share(gap)} is the"
        " mean distance from it."
    )
    paths = [frame.diagonal(), Path("span", ranges)]
    return Plot("Calibration", caption, frame, paths=paths, dots=dots)


def _histogram(rows: Outcomes, names: Sequence[str]) -> Plot:
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    if rows.classes == BINARY:
        what, predicted = f"predicted chance of {names[1]}", rows.predicted[:, 1]
        groups = [(f"is {names[1]}", rows.truth == 1), (f"is {names[0]}", rows.truth == 0)]
    else:
        what, predicted = "predicted chance of the likeliest class", rows.predicted.max(axis=1)
        right = rows.predicted.argmax(axis=1) == rows.truth
        groups = [("right", right), ("wrong", ~right)]
    heights = [
        np.histogram(predicted[chosen], edges)[0] / max(1, int(chosen.sum()))
        for _, chosen in groups
    ]
    top = max(float(each.max()) for each in heights) * 1.05
    y = y_axis("share of the rows", 0, top, show=percent)
    frame = Frame(x_axis(what, 0, 1, show=percent), y)
    paths = [frame.bars(edges, each, style=f"bar series-{n}") for n, each in enumerate(heights, 1)]
    first, second = (name for name, _ in groups)
    caption = (
        f"Predicted probabilities of rows of which it {first}, and of which it {second}"
        if rows.classes == BINARY
        else "How sure the model was where it was right, and where it was wrong"
    )
    legend = [(f"bar series-{n}", name) for n, (name, _) in enumerate(groups, 1)]
    return Plot(
        "Predicted probabilities",
        f"{caption}; each adds up to 100 %.",
        frame,
        paths=paths,
        legend=legend,
    )


def _wilson(seen: float, rows: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z = 1.96
    middle = (seen + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(seen * (1 - seen) / rows + z * z / (4 * rows**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _each(curves: Sequence[_Curve], values: Sequence[float]) -> str:
    if len(curves) == 1:
        return score(values[0])
    pairs = zip(curves, values, strict=True)
    return ", ".join(f"{name} {score(value)}" for (name, _, _), value in pairs)


def _legend(curves: Sequence[_Curve]) -> list[tuple[str, str]]:
    if len(curves) == 1:
        return []
    return [(f"line series-{n}", name) for n, (name, _, _) in enumerate(curves, 1)]
