"""Target encoding: the means of scikit-learn's TargetEncoder, without a row's own target."""

from typing import Any

import numpy as np
import pytest
from modelling.data.problem import Problem
from modelling.model_selection.estimators import predict
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder
from stage_contract import SettingsError
from train.candidates.allow_list import CANDIDATES
from train.candidates.target_encoding import MAX_ENCODED_FEATURES, TargetEncodedEstimator
from train.search.fixed_hyperparameters import remaining_space

CODE = 1
TASKS: dict[str, list[Any] | None] = {
    "regression": None,
    "binary": [False, True],
    "three": ["a", "b", "c"],
}


class Recorder:
    """An estimator that keeps what it is fitted on, and what it is asked."""

    features: NDArray[np.float32]

    def fit(self, features: NDArray[np.float32], *_: Any) -> None:
        self.features = features

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        self.features = features
        return features[:, 0]


def problem(task: str = "regression", *, roles: tuple[str, ...] = ("number", "ordinal")) -> Problem:
    return Problem.model_validate(
        {
            "task": "regression" if task == "regression" else "classification",
            "target": {"name": "y", "column": "y", "type": "number"},
            "classes": TASKS.get(task) or ([*range(int(task))] if task.isdigit() else None),
            "features": [
                {"name": f"f{i}", "source": f"f{i}", "role": role} for i, role in enumerate(roles)
            ],
            "columns": [],
            "split": {"kind": "hash"},
        }
    )


def table(rows: int, *, codes: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return np.column_stack([random.normal(size=rows), random.integers(-1, codes, rows)]).astype(
        np.float32
    )


def target_of(task: str, features: NDArray[np.float32], *, seed: int = 0) -> NDArray[Any]:
    noise = np.random.default_rng(seed).normal(size=len(features))
    value = np.sin(features[:, CODE]) + noise / 2
    limits = {"regression": [], "binary": [0.0], "three": [-0.5, 0.5]}[task]
    return np.digitize(value, limits) if limits else value


@pytest.mark.parametrize("task", TASKS)
def test_it_encodes_as_scikit_learn_does(task: str) -> None:
    features, asked = table(300, codes=40), table(100, codes=60, seed=1)
    target = target_of(task, features)
    kind = {"regression": "continuous", "binary": "binary", "three": "multiclass"}[task]
    oracle = TargetEncoder(target_type=kind, cv=KFold(5, shuffle=True, random_state=3))
    outputs = 3 if task == "three" else 1
    found = TargetEncodedEstimator(Recorder(), [CODE], outputs=outputs, seed=3)

    found.fit(features, target)
    fitted = found.estimator.features
    found.predict(asked)

    expected = oracle.fit_transform(features[:, [CODE]], target)
    assert np.array_equal(fitted, np.hstack([features, expected]).astype(np.float32))
    expected = oracle.transform(asked[:, [CODE]])
    assert np.array_equal(found.estimator.features, np.hstack([asked, expected]).astype(np.float32))


def test_a_row_is_encoded_without_its_own_target() -> None:
    features = table(200, codes=40)
    target = target_of("regression", features)
    changed = target.copy()
    changed[7] += 1000
    first, second = (TargetEncodedEstimator(Recorder(), [CODE], outputs=1, seed=0) for _ in "ab")

    first.fit(features, target)
    second.fit(features, changed)

    encoded = [each.estimator.features[:, -1] for each in (first, second)]
    assert encoded[0][7] == encoded[1][7]
    others = np.flatnonzero(features[:, CODE] == features[7, CODE])
    assert (encoded[0][others] != encoded[1][others]).any()


@pytest.mark.parametrize("name", CANDIDATES)
def test_categories_that_say_nothing_do_not_make_a_model_worse(name: str) -> None:
    """With a row's own target in its mean, the error grows by 23 % or more."""
    features, asked = table(2_000, codes=600), table(2_000, codes=600, seed=1)
    target, truth = (
        rows[:, 0] + np.random.default_rng(5 + place).normal(size=2_000)
        for place, rows in enumerate((features, asked))
    )
    of = problem()
    space = CANDIDATES[name].space(of, len(features), {})
    defaults = space.starting_points[0] | space.fixed | {"random_state": 0}

    errors = []
    for encoded in (False, True):
        estimator = CANDIDATES[name].build(of, defaults | {"target_encoding": encoded})
        estimator.fit(features, target)
        errors.append(np.mean((predict(estimator, asked, problem=of) - truth) ** 2))

    assert errors[1] < 1.1 * errors[0]


def test_a_class_without_fitted_rows_has_a_share_of_zero() -> None:
    features = table(100, codes=20)
    target = np.arange(100) % 2
    found = TargetEncodedEstimator(Recorder(), [CODE], outputs=3, seed=0)

    found.fit(features, target)

    assert found.estimator.features.shape == (100, 5)
    assert not found.estimator.features[:, -1].any()


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_first_trials_of_a_candidate_are_with_and_without_it(name: str) -> None:
    first, second, *_ = CANDIDATES[name].space(problem(), 1000, {}).starting_points

    assert (first["target_encoding"], second["target_encoding"]) == (True, False)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_table_without_codes_is_searched_as_before(name: str) -> None:
    space = CANDIDATES[name].space(problem(roles=("number", "one-hot")), 1000, {})

    assert "target_encoding" not in space.names


def test_many_classes_have_no_target_encoding() -> None:
    possible, too_many = (
        CANDIDATES["linear"].space(problem(str(classes)), 1000, {}).names
        for classes in (MAX_ENCODED_FEATURES, MAX_ENCODED_FEATURES + 1)
    )

    assert "target_encoding" in possible
    assert "target_encoding" not in too_many


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (problem(roles=("number", "one-hot")), "no column is encoded as a code"),
        (problem("33"), "would add 33 features, one for each of 1 columns and 33 outputs"),
    ],
)
def test_it_is_refused_where_it_is_set_and_not_possible(of: Problem, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        remaining_space("linear", of, rows=1000, given={"target_encoding": True})

    unset = remaining_space("linear", of, rows=1000, given={"target_encoding": False})
    assert unset.fixed["target_encoding"] is False


def test_it_is_not_searched_where_all_other_hyperparameters_are_fixed() -> None:
    spaces = [
        remaining_space("linear", problem(), rows=1000, given={"alpha": 3.0} | further)
        for further in ({}, {"target_encoding": True})
    ]

    assert [space.varied for space in spaces] == [{}, {}]
    assert [space.fixed.get("target_encoding") for space in spaces] == [None, True]
