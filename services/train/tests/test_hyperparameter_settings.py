"""The setting `hyperparameters`: names, ranges, and error messages."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from conftest import TrainStage
from made_data import MadeData
from pydantic import ValidationError
from sklearn.exceptions import ConvergenceWarning
from train.candidates.allow_list import CANDIDATES
from train.settings import Settings


def wish(held: Mapping[str, Mapping[str, Any]], **others: Any) -> Settings:
    return Settings.model_validate({"hyperparameters": held} | others)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"svm": {}}, "Extra inputs"),
        ({"linear": 3}, "hyperparameters.linear\n"),
        ({"linear": {"random_state": 3}}, "Extra inputs"),
        ({"linear": {"alpha": "1"}}, "valid number"),
        ({"linear": {"alpha": True}}, "valid number"),
        ({"linear": {"alpha": float("nan")}}, "less than or equal"),
        ({"gradient-boosting": {"max_iter": 5.0}}, "valid integer"),
        ({"gradient-boosting": {"learning_rate": 1.1}}, "less than or equal to 1"),
        ({"gradient-boosting": {"max_features": 1}}, "expected a share such as 0.5"),
        ({"random-forest": {"bootstrap": True}}, "Extra inputs"),
        ({"extra-trees": {"bootstrap": 1}}, "valid boolean"),
        ({"extra-trees": {"bootstrap": False, "max_samples": 0.5}}, "without bootstrap"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(
    held: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate({"hyperparameters": held})


OUTSIDE = [
    ("gradient-boosting", "max_iter", 1, 0),
    ("gradient-boosting", "learning_rate", 1e-9, 0.0),
    ("gradient-boosting", "max_leaf_nodes", 2, 1),
    ("gradient-boosting", "min_samples_leaf", 1, 0),
    ("gradient-boosting", "l2_regularization", 0.0, -1e-9),
    ("gradient-boosting", "max_features", 1.0, 1.01),
    ("gradient-boosting", "max_features", 1e-9, 0.0),
    ("linear", "C", 1e-9, 0.0),
    ("linear", "alpha", 0.0, -1e-9),
    ("linear", "max_iter", 1, -1),
    ("random-forest", "n_estimators", 1, 0),
    ("random-forest", "max_leaf_nodes", 2, 1),
    ("random-forest", "min_samples_leaf", 1, 0),
    ("random-forest", "max_features", 1e-9, 0.0),
    ("random-forest", "max_features", 1.0, 1.01),
    ("extra-trees", "max_samples", 1e-9, 0.0),
]


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize(("name", "hyperparameter", "last", "beyond"), OUTSIDE)
def test_the_ranges_are_those_of_scikit_learn(
    name: str, hyperparameter: str, last: float, beyond: float
) -> None:
    problem = MadeData("regression" if hyperparameter == "alpha" else "three").problem
    rows = np.random.default_rng(0).normal(size=(30, len(problem.features))).astype(np.float32)
    target = np.arange(30) % 3

    def fit(value: float) -> None:
        space = CANDIDATES[name].space(problem, 30, {})
        hyperparameters = space.starting_points[0] | space.fixed | {hyperparameter: value}
        if hyperparameter == "max_samples":
            hyperparameters |= {"bootstrap": True}
        CANDIDATES[name].build(problem, hyperparameters).fit(rows, target)

    fit(wish({name: {hyperparameter: last}}).fixed_hyperparameters(name)[hyperparameter])
    with pytest.raises(ValidationError):
        wish({name: {hyperparameter: beyond}})
    with pytest.raises(ValueError, match=f"The '{hyperparameter}' parameter of"):
        fit(beyond)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            "gradient-boosting.max_iter = 0",
            "[train] hyperparameters.gradient-boosting.max_iter = 0: Input should be greater than",
        ),
        (
            "gradient-boosting.max_itr = 10",
            "hyperparameters.gradient-boosting.max_itr is not a setting; did you mean max_iter?",
        ),
        (
            "boosting.max_iter = 10",
            "hyperparameters.boosting is not a setting; did you mean gradient-boosting?",
        ),
        (
            "linear.depth = 10",
            "hyperparameters.linear.depth is not a setting; expected one of C, alpha, max_iter",
        ),
        (
            "linear.C = 1.0",
            "[train] hyperparameters.linear.C is none of regression; expected one of alpha",
        ),
        (
            "extra-trees.n_estimators = 9",
            "hyperparameters.extra-trees: candidates leaves 'extra-trees' out; add it there, or",
        ),
    ],
)
def test_a_wrong_one_ends_with_78_and_one_line(stage: TrainStage, table: str, line: str) -> None:
    stage.publish(MadeData("regression"))
    candidates = 'candidates = ["gradient-boosting", "linear", "random-forest"]'

    assert stage.run(f"{candidates}\n[train.hyperparameters]\n{table}") == 78
    assert line in stage.printed().splitlines()[-1]


def test_a_candidate_that_the_trials_do_not_reach_is_refused() -> None:
    with pytest.raises(
        ValidationError, match="trials = 2 don't reach 'extra-trees'; expected 4 at"
    ):
        wish({"extra-trees": {"n_estimators": 9}}, trials=2)
