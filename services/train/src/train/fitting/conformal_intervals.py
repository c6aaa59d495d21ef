"""Prediction intervals: conformal, from the errors of out-of-fold predictions.

How far a true value is from its prediction, in units of the usual error there, is ranked over all
rows. The ends of an interval are where the finite-sample quantiles of these ranks lie, one for
each side, so that it may be longer on one (Papadopoulos et al. 2002 and Lei et al. 2018 for errors
divided by their size, Romano et al. 2019 for a quantile on each side, Vovk 2015 for errors of
cross-validation).
"""

import numpy as np
from modelling.data.problem import Problem
from modelling.model_selection.prediction_intervals import PredictionInterval
from numpy.typing import NDArray
from stage_contract import SettingsError

from train.fitting.out_of_fold import OutOfFold

_KNOTS_MAX = 20
_ROWS_A_KNOT = 100
"""The mean error of so many rows is known to some 7 %."""
_NARROWEST = 0.1
"""Of the mean error: a width of nearly nothing would make any miss infinitely many widths."""
_ENDS = {"low", "high", "interval"}
"""What answers call the ends, by one protocol or another."""

type Values = NDArray[np.float64]


def check_interval(coverage: float | None, problem: Problem) -> None:
    """Check that there are numbers to give intervals of.

    Raises:
        SettingsError: there are classes, or an answer would have one name twice.
    """
    if coverage is None:
        return
    name = problem.target.name
    if problem.classes is not None:
        raise SettingsError(
            f"[train] interval = {coverage:g}: '{name}' is a class; expected a number, leave"
            " interval out: probabilities say how sure a class is"
        )
    if name in _ENDS:
        raise SettingsError(
            f"[train] interval = {coverage:g}: answers have '{name}' for an end of the interval;"
            f' give the target another name, target = {{column = "{name}", name = "…"}}'
        )


def fit_interval(said: OutOfFold, problem: Problem, *, coverage: float) -> PredictionInterval:
    """Return the band that covers so large a share of rows like these.

    Each side leaves out half of what may be outside. The width at a prediction is the usual error
    of predictions like it; for the ranks it comes from the other folds.

    Raises:
        SettingsError: there are too few rows to promise so much.
    """
    misses = problem.scale.transform(said.target) - said.said
    in_widths = np.empty(len(said))
    for fold in np.unique(said.fold):
        here = said.fold == fold
        others = here if here.all() else ~here
        profile = _profile(said.said[others], np.abs(misses[others]), said.weights[others])
        in_widths[here] = misses[here] / np.interp(said.said[here], *profile)
    level = (1 + coverage) / 2
    below, above = (
        conformal_quantile(side * in_widths, said.weights, level=level) for side in (-1, 1)
    )
    if np.isinf([below, above]).any():
        raise _too_much(coverage, len(said))
    knots, widths = _profile(said.said, np.abs(misses), said.weights)
    return PredictionInterval(coverage, len(said), max(below, 0.0), max(above, 0.0), knots, widths)


def check_coverage(coverage: float, *, rows: int) -> None:
    """Check that so many rows with an error can promise so much; unequal weights may need more.

    Raises:
        SettingsError: they can not.
    """
    if (1 + coverage) / 2 * (rows + 1) > rows * (1 + 1e-12):
        raise _too_much(coverage, rows)


def _too_much(coverage: float, rows: int) -> SettingsError:
    needed = int(np.ceil(2 / (1 - coverage)))
    return SettingsError(
        f"[train] interval = {coverage:g}: expected some {needed:,} rows in cross-validation,"
        f" there are {rows:,}; ask for less coverage"
    )


def conformal_quantile(scores: Values, weights: Values, *, level: float) -> float:
    """Return the ⌈level (n + 1)⌉-th smallest score, infinity if there are not so many.

    Weighted, it is where weights add up to that share of all, that of one row more among them:
    the row that is asked about, which may be like any of these (Lei et al. 2018; Tibshirani et al.
    2019 for weights).
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    needed = level * (reached[-1] + weights.mean())
    # What is equal but for rounding is reached.
    place = int(np.searchsorted(reached, needed * (1 - 1e-12)))
    return float(scores[order[place]]) if place < len(scores) else float("inf")


def _profile(said: Values, errors: Values, weights: Values) -> tuple[Values, Values]:
    """Return knots among the predictions, and the mean error of the predictions around each.

    Knots are at least the mean error of all rows apart: predictions that are nearer can't be told
    from each other, and a steep line would blow up what a float32 rounds.
    """
    usual = float(np.average(errors, weights=weights))
    if usual == 0:
        return np.array([said[0]]), np.ones(1)
    pieces = np.array_split(np.argsort(said, kind="stable"), _pieces(len(said)))
    kept: list[NDArray[np.int64]] = []
    for piece in pieces:
        if kept and said[piece].mean() - said[kept[-1]].mean() < usual:
            kept[-1] = np.concatenate([kept[-1], piece])
        else:
            kept.append(piece)
    knots = np.array([np.average(said[piece], weights=weights[piece]) for piece in kept])
    widths = np.array([np.average(errors[piece], weights=weights[piece]) for piece in kept])
    return knots, np.maximum(widths, _NARROWEST * usual)


def _pieces(rows: int) -> int:
    return max(1, min(_KNOTS_MAX, rows // _ROWS_A_KNOT))
