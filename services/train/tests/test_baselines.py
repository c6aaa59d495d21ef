"""The baseline is the best prediction that ignores the input, by the metric that decides."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from modelling.data.problem import Problem
from modelling.model_selection.estimators import baseline_labels, predict_baseline
from modelling.model_selection.metrics import choose_metric
from numpy.typing import NDArray
from sklearn import metrics
from train.search.label_cuts import best_score

NUMBERS = cast(Problem, SimpleNamespace(classes=None, class_count=0, task="regression"))
SKEWED = np.random.default_rng(3).lognormal(2, 1.2, 400)
WEIGHTS = np.random.default_rng(4).uniform(0.2, 3, 400)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", ["rmse", "mae", "median_absolute_error", "mape", "rmsle"])
def test_no_other_constant_is_better_by_the_metric(
    name: str, weights: NDArray[np.float64] | None
) -> None:
    metric = choose_metric(name, NUMBERS)
    found = predict_baseline(SKEWED, NUMBERS, rows=400, weights=weights, metric=name)

    others = np.geomspace(SKEWED.min(), SKEWED.max(), 300)
    scores = [metric.compute(SKEWED, np.full(400, each), weights) for each in others]

    assert (found == found[0]).all()
    if name != "median_absolute_error":  # The median minimises the mean of it, not the median.
        assert metric.compute(SKEWED, found, weights) <= min(scores) * (1 + 1e-9)


@pytest.mark.parametrize("name", ["r2", None])
def test_without_a_better_constant_the_baseline_is_the_mean(name: str | None) -> None:
    found = predict_baseline(SKEWED, NUMBERS, rows=2, weights=WEIGHTS, metric=name)

    assert found == pytest.approx([np.average(SKEWED, weights=WEIGHTS)] * 2)


def test_for_f_beta_all_rows_are_of_the_second_class() -> None:
    assert baseline_labels("fbeta_2", rows=3).tolist() == [1, 1, 1]  # type: ignore[union-attr]  # see name
    assert baseline_labels("accuracy", rows=3) is None


@pytest.mark.parametrize("metric", ["fbeta_2", "fbeta_0.5", "matthews_corrcoef"])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_score_is_that_of_the_best_of_all_thresholds(metric: str, seed: int) -> None:
    chance = np.random.default_rng(seed)
    truth = (chance.random(80) < 0.2).astype(int)
    scores = np.round(np.clip(0.3 * truth + chance.random(80) * 0.7, 0, 1), 2)
    weights = chance.uniform(0.1, 2, 80)

    def score(labels: NDArray[Any]) -> float:
        if metric == "matthews_corrcoef":
            return float(metrics.matthews_corrcoef(truth, labels, sample_weight=weights))
        beta = float(metric.removeprefix("fbeta_"))
        return float(
            metrics.fbeta_score(truth, labels, beta=beta, sample_weight=weights, zero_division=0)
        )

    expected = max(score(scores >= cut) for cut in [*np.unique(scores), 2])

    assert best_score(scores, truth, weights, metric=metric) == pytest.approx(expected)


def test_the_best_score_of_one_class_is_0() -> None:
    ones = np.ones(3)

    assert best_score(np.array([0.1, 0.2, 0.3]), np.zeros(3, int), ones, metric="fbeta_1") == 0
