"""From raw rows to predictions: the merged graph of every estimator against scikit-learn."""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from made_data import MadeData, houses, run, target, transform
from modelling.data.edge_cases import UNSEEN, edge_case_rows
from modelling.data.matrices import Matrix
from modelling.data.target_scales import Transform
from modelling.data.tensors import Tensors, pack
from modelling.graphs.merging import merge
from modelling.graphs.parity import check_parity
from modelling.model_selection.estimators import fit, predict
from modelling.model_selection.trials import Search, Trial
from onnx import ModelProto
from train.candidates.allow_list import CANDIDATES
from train.fitting.best_estimator import Fitted
from train.fitting.output_head import export
from train.threads import one_thread

GOALS: dict[str, tuple[str, Transform | None]] = {
    "regression": ("regression", None),
    "log": ("regression", "log"),
    "log1p": ("regression", "log1p"),
    "binary": ("binary", None),
    "three": ("three", None),
}
ROWS = 300


@cache
def trained(name: str, goal: str) -> tuple[MadeData, Fitted, ModelProto]:
    task, scale = GOALS[goal]
    data = MadeData(task, raw_train=houses(ROWS, seed=1), transform=scale)
    space = CANDIDATES[name].space(data.problem, ROWS, {})
    found = space.starting_points[0] | space.fixed | {"random_state": 0}
    estimator = CANDIDATES[name].build(data.problem, found)
    rows = Matrix(data.matrix(data.raw_train).astype(np.float64), target(data.raw_train, task))
    with one_thread():
        fit(estimator, rows, problem=data.problem)
    fitted = Fitted(Trial(name, found, 0, 0), [], estimator, Search(1, cut=False), 0.0)
    return data, fitted, merge(transform(), export(fitted, data.problem, opset=21))


def spoilt(data: MadeData, *, seed: int) -> Tensors:
    """Return rows in which any cell may be missing, unseen, or as large as a number can be."""
    random = np.random.default_rng(seed)
    rows = pack(houses(ROWS, seed=seed), data.rules)
    numbers, strings = rows["numbers"].copy(), rows["strings"].copy()
    for index, extreme in enumerate([1e30, 1.0, 2.0**53, 2.5e11]):
        change = random.integers(0, 5, ROWS)
        numbers[change == 1, index] = np.nan
        numbers[change == 2, index] = extreme
        numbers[change == 3, index] = -extreme
    for index in range(strings.shape[1]):
        change = random.integers(0, 4, ROWS)
        strings[change == 1, index] = ""
        strings[change == 2, index] = UNSEEN
    return {"numbers": numbers, "strings": strings}


def ordinary(data: MadeData) -> Tensors:
    return pack(houses(ROWS, seed=7), data.rules)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", CANDIDATES)
def test_every_estimator_answers_raw_rows_as_its_library_does(name: str, goal: str) -> None:
    data, fitted, model = trained(name, goal)
    answer = "prediction" if data.task == "regression" else "probabilities"
    one_change_each: pa.Table = data.raw_test
    for rows in (
        ordinary(data),
        edge_case_rows(pack(one_change_each, data.rules), data.rules),
        spoilt(data, seed=3),
    ):
        features = run(transform(), rows)["features"].astype(np.float64)
        expected = predict(fitted.estimator, features, problem=data.problem)

        found = run(model, rows)[answer]
        # What a linear model says of 1e30 is no finite float32 behind a logarithm, but for its end.
        assert np.isfinite(found).all()
        check_parity(found, expected, library="scikit-learn", show=str)


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_rows_in_question_do_get_different_answers(name: str) -> None:
    """Otherwise, a graph with a constant output would pass."""
    data, _, model = trained(name, "regression")

    assert len(np.unique(run(model, spoilt(data, seed=3))["prediction"])) > 20
