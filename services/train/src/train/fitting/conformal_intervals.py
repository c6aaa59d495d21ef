"""Prediction intervals: conformal, from the errors of out-of-fold predictions.

The errors are divided by the usual error of similar predictions. The ends of an interval are the
finite-sample quantiles of these normalised errors, one for each side, so that an interval may be
asymmetric (Papadopoulos et al. 2002 and Lei et al. 2018 for normalised errors, Romano et al. 2019
for a quantile on each side, Vovk 2015 for errors of cross-validation).
"""

import numpy as np
from modelling.data.problem import Problem
from modelling.model_selection.prediction_intervals import PredictionInterval
from numpy.typing import NDArray
from stage_contract import SettingsError

from train.fitting.out_of_fold import OutOfFold

_MAX_KNOTS = 20
_ROWS_PER_KNOT = 100
"""Rows per knot: the mean error of so many rows is known to about 7 %."""
_MIN_RELATIVE_WIDTH = 0.1
"""Minimum width relative to the mean error: with a width near 0, any error would be infinitely many
widths."""
_BOUND_NAMES = {"low", "high", "interval"}
"""Names of the bounds in responses, in all protocols."""

type Values = NDArray[np.float64]


def check_interval(coverage: float | None, problem: Problem) -> None:
    """Check that the target is a number.

    Raises:
        SettingsError: The target has classes, or an output would have the same name as another.
    """
    if coverage is None:
        return
    name = problem.target.name
    if problem.classes is not None:
        raise SettingsError(
            f"[train] interval = {coverage:g}: '{name}' is a class; expected a number, leave"
            " interval out: probabilities say how sure a class is"
        )
    if name in _BOUND_NAMES:
        raise SettingsError(
            f"[train] interval = {coverage:g}: responses have '{name}' for a bound of the interval;"
            f' give the target another name, target = {{column = "{name}", name = "…"}}'
        )


def fit_interval(
    out_of_fold: OutOfFold, problem: Problem, *, coverage: float
) -> PredictionInterval:
    """Return the prediction interval that covers this share of similar rows.

    Each side leaves out half of the remaining share. The width at a prediction is the usual error
    of similar predictions; for the normalised errors it comes from the other folds.

    Raises:
        SettingsError: There are too few rows for this coverage.
    """
    errors = problem.scale.transform(out_of_fold.target) - out_of_fold.predictions
    normalised = np.empty(len(out_of_fold))
    for fold in np.unique(out_of_fold.fold):
        is_scored = out_of_fold.fold == fold
        others = is_scored if is_scored.all() else ~is_scored
        profile = _profile(
            out_of_fold.predictions[others], np.abs(errors[others]), out_of_fold.weights[others]
        )
        normalised[is_scored] = errors[is_scored] / np.interp(
            out_of_fold.predictions[is_scored], *profile
        )
    level = (1 + coverage) / 2
    below, above = (
        conformal_quantile(side * normalised, out_of_fold.weights, level=level) for side in (-1, 1)
    )
    if np.isinf([below, above]).any():
        raise _too_few_rows(coverage, len(out_of_fold))
    knots, widths = _profile(out_of_fold.predictions, np.abs(errors), out_of_fold.weights)
    return PredictionInterval(
        coverage, len(out_of_fold), max(below, 0.0), max(above, 0.0), knots, widths
    )


def check_coverage(coverage: float, *, rows: int) -> None:
    """Check that there are enough rows for this coverage; unequal weights may need more.

    Raises:
        SettingsError: There are too few rows.
    """
    if (1 + coverage) / 2 * (rows + 1) > rows * (1 + 1e-12):
        raise _too_few_rows(coverage, rows)


def _too_few_rows(coverage: float, rows: int) -> SettingsError:
    needed = int(np.ceil(2 / (1 - coverage)))
    return SettingsError(
        f"[train] interval = {coverage:g}: expected some {needed:,} rows in cross-validation,"
        f" there are {rows:,}; ask for less coverage"
    )


def conformal_quantile(scores: Values, weights: Values, *, level: float) -> float:
    """Return the ⌈level (n + 1)⌉-th smallest score; infinity if there are fewer scores.

    With weights, it is the score where the weights add up to that share of the total, including the
    weight of one more row: the row to predict, which may be like any of these (Lei et al. 2018;
    Tibshirani et al. 2019 for weights).
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    needed = level * (reached[-1] + weights.mean())
    # Sums that are equal except for rounding count as reached.
    index = int(np.searchsorted(reached, needed * (1 - 1e-12)))
    return float(scores[order[index]]) if index < len(scores) else float("inf")


def _profile(predictions: Values, errors: Values, weights: Values) -> tuple[Values, Values]:
    """Return knots among the predictions, and the mean error of the predictions around each.

    The distance of knots is at least the mean error of all rows: closer predictions can't be
    distinguished, and a steep slope would amplify the rounding of float32.
    """
    usual = float(np.average(errors, weights=weights))
    if usual == 0:
        return np.array([predictions[0]]), np.ones(1)
    pieces = np.array_split(np.argsort(predictions, kind="stable"), _pieces(len(predictions)))
    merged: list[NDArray[np.int64]] = []
    for piece in pieces:
        if merged and predictions[piece].mean() - predictions[merged[-1]].mean() < usual:
            merged[-1] = np.concatenate([merged[-1], piece])
        else:
            merged.append(piece)
    knots = np.array([np.average(predictions[piece], weights=weights[piece]) for piece in merged])
    widths = np.array([np.average(errors[piece], weights=weights[piece]) for piece in merged])
    return knots, np.maximum(widths, _MIN_RELATIVE_WIDTH * usual)


def _pieces(rows: int) -> int:
    return max(1, min(_MAX_KNOTS, rows // _ROWS_PER_KNOT))
