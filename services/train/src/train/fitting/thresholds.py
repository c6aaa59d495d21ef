"""The choice of the decision rule of the label, on out-of-fold predictions."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from modelling.data.problem import BINARY, Problem
from modelling.model_selection.decision_rules import CostMatrix, Decision, LeastCost, Threshold
from numpy.typing import NDArray
from stage_contract import SettingsError, did_you_mean

from train.fitting.out_of_fold import OutOfFold
from train.search.label_cuts import count_cuts, count_errors, score_cuts
from train.threshold_settings import ERROR_TYPES, ThresholdSettings

type Values = NDArray[Any]

_COST_METRICS = ("balanced_accuracy", "accuracy")
"""Metrics that are the costs of errors."""


def check_threshold(setting: ThresholdSettings | None, problem: Problem) -> None:
    """Check that the target has classes, and that the costs name them.

    Raises:
        SettingsError: The target has no classes, or the costs do not name them.
    """
    if setting is None:
        return
    name, count = problem.target.name, problem.class_count
    if problem.classes is None:
        raise SettingsError(
            f"[train] threshold: '{name}' is a number; expected classes, leave threshold out"
        )
    if setting.cost is not None and not setting.is_pair:
        _cost_matrix(setting.cost, problem)
    elif count != BINARY:
        example = _example(problem)
        raise SettingsError(
            f"[train] threshold: '{name}' has {count} classes, and a threshold stands between two;"
            f" expected costs by class, threshold = {{cost = {example}}}"
        )


def choose_decision(
    setting: ThresholdSettings, problem: Problem, out_of_fold: OutOfFold | None
) -> Decision:
    """Return the decision rule; `out_of_fold` holds the out-of-fold predictions to choose it on.

    Balanced accuracy and accuracy are costs as well: an error costs 1 divided by the rows of its
    class, or the same in both classes. The other metrics are no costs.

    Raises:
        SettingsError: A class has no row to choose by, or no threshold has the precision.
    """
    by = setting.model_dump(exclude_none=True)
    if setting.value is not None:
        return Decision(Threshold(float(np.float32(setting.value))), by)
    costs = None if setting.cost is None else _costs(setting, problem)
    if problem.class_count != BINARY and costs is not None:
        return Decision(LeastCost(costs), by, costs)
    if out_of_fold is None:
        raise ValueError("a threshold is chosen by out-of-fold predictions")
    _check_both_classes(out_of_fold, problem)
    rows = out_of_fold.predictions[:, 1], out_of_fold.target, out_of_fold.weights
    if setting.metric is not None and setting.metric not in _COST_METRICS:
        value = best_threshold(*rows, metric=setting.metric)
        return Decision(Threshold(value), by, rows=len(out_of_fold))
    false_positive, false_negative = (
        _costs_of_metric(setting.metric, out_of_fold)
        if costs is None
        else (costs[0, 1], costs[1, 0])
    )
    value = cheapest_threshold(*rows, false_positive=false_positive, false_negative=false_negative)
    return Decision(Threshold(value), by, costs, rows=len(out_of_fold))


def best_threshold(probabilities: Values, truth: Values, weights: Values, *, metric: str) -> float:
    """Return the float32 threshold whose labels have the highest value of a metric.

    It is the middle between two predictions; among several with equal values, the one nearest to
    one half. The probabilities of the second class, the labels and the weights have shape [N].

    Raises:
        SettingsError: No threshold has the precision of `recall_at_precision`.
    """
    cuts, counts = count_cuts(probabilities, truth, weights)
    return _lowest(1 - score_cuts(counts, metric), cuts, near=0.5)


def cheapest_threshold(
    probabilities: Values,
    truth: Values,
    weights: Values,
    *,
    false_positive: float,
    false_negative: float,
) -> float:
    """Return the float32 threshold with the lowest cost.

    It is the middle between two predictions; among several with equal cost, the one nearest to the
    threshold that the costs imply for exact probabilities (Elkan 2001).
    """
    cuts, false_positives, false_negatives = count_errors(probabilities, truth, weights)
    cost = false_positive * false_positives + false_negative * false_negatives
    return _lowest(cost, cuts, near=false_positive / (false_positive + false_negative))


def _lowest(cost: Values, cuts: NDArray[np.float32], *, near: float) -> float:
    best = np.flatnonzero(cost <= cost.min() * (1 + 1e-12))
    return float(cuts[best[np.abs(cuts[best] - near).argmin()]])


def _check_both_classes(out_of_fold: OutOfFold, problem: Problem) -> None:
    for index, name in enumerate(_names(problem)):
        if index not in out_of_fold.target:
            raise SettingsError(
                f"[train] threshold: no row that cross-validation scores is of class '{name}' of"
                f" '{problem.target.name}'; expected some to choose by, set a number, as in"
                " threshold = 0.3"
            )


def _costs_of_metric(metric: str | None, out_of_fold: OutOfFold) -> tuple[float, float]:
    if metric == "accuracy":
        return 1.0, 1.0
    totals = np.bincount(out_of_fold.target, out_of_fold.weights, minlength=BINARY)
    return float(1 / totals[0]), float(1 / totals[1])


def _costs(setting: ThresholdSettings, problem: Problem) -> CostMatrix:
    costs = setting.cost or {}
    if not setting.is_pair:
        return _cost_matrix(costs, problem)
    false_positive, false_negative = (costs[name] for name in ERROR_TYPES)
    return np.array([[0.0, false_positive], [false_negative, 0.0]])


def _cost_matrix(costs: Mapping[str, Any], problem: Problem) -> CostMatrix:
    """Return the cost matrix; an error without a given cost costs 1.

    Raises:
        SettingsError: A name is not a class, a correct label has a cost, or predicting a class
            never costs anything.
    """
    names = _names(problem)
    matrix = 1.0 - np.eye(len(names))
    for true, errors in costs.items():
        for predicted, cost in errors.items():
            for name in (true, predicted):
                if name not in names:
                    raise SettingsError(
                        f"[train] threshold.cost: '{name}' is not a class of"
                        f" '{problem.target.name}'{did_you_mean(name, names)}"
                    )
            if true == predicted:
                raise SettingsError(
                    f"[train] threshold.cost.{true}.{predicted} = {cost:g}: a right label costs"
                    " nothing; leave it out"
                )
            matrix[names.index(true), names.index(predicted)] = cost
    for name, column in zip(names, matrix.T, strict=True):
        if not column.any():
            raise SettingsError(
                f"[train] threshold.cost: to name '{name}' never costs anything, so it always would"
                " be; expected a cost for one error at least"
            )
    return matrix


def _names(problem: Problem) -> list[str]:
    """Return the classes as written in the settings."""
    return [c if isinstance(c, str) else json.dumps(c) for c in problem.classes or []]


def _example(problem: Problem) -> str:
    true, predicted, *_ = (json.dumps(name, ensure_ascii=False) for name in _names(problem))
    return f"{{{true} = {{{predicted} = 5}}}}"
