from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import run
from modelling.data.problem import Problem
from modelling.graphs.parity import TOLERANCE, ParityError, check_parity
from modelling.model_selection.estimators import Estimator, predict
from modelling.model_selection.trials import Search, Trial
from numpy.typing import NDArray
from onnx import ModelProto
from train.candidates.allow_list import CANDIDATES
from train.candidates.gradient_boosting import trees_of
from train.fitting.best_estimator import Fitted
from train.fitting.output_head import export
from train.threads import one_thread

ROWS = 400
TASKS: dict[str, list[str] | None] = {
    "regression": None,
    "binary": ["no", "yes"],
    "three": ["a", "b", "c"],
}
EVERY_ESTIMATOR = pytest.mark.parametrize(
    ("name", "task"), [(name, task) for name in CANDIDATES for task in TASKS]
)


def problem(task: str) -> Problem:
    roles = ["number", "number", "one-hot", "ordinal", "date-part"]
    return Problem.model_validate(
        {
            "task": "regression" if task == "regression" else "classification",
            "target": {"name": "y", "column": "y", "type": "number"},
            "classes": TASKS[task],
            "features": [
                {"name": f"f{i}", "source": f"f{i}", "role": role} for i, role in enumerate(roles)
            ],
            "columns": [],
            "split": {"kind": "hash"},
        }
    )


def matrix(rows: int, *, seed: int) -> NDArray[np.float64]:
    """Return float32 values: normal, coarse with ties, 0 or 1, codes, and seconds since 1970."""
    random = np.random.default_rng(seed)
    columns = [
        random.normal(size=rows),
        random.integers(0, 5, rows) / 3,
        random.integers(0, 2, rows),
        random.integers(-1, 50, rows),
        1.75e9 + random.normal(size=rows) * 1e6,
    ]
    return np.column_stack(columns).astype(np.float32).astype(np.float64)


def target(features: NDArray[np.float64], task: str) -> NDArray[np.float64]:
    value = features[:, 0] + features[:, 1] ** 2 + (features[:, 4] - 1.75e9) / 1e6
    limits = {"regression": [], "binary": [0.5], "three": [0.0, 1.5]}[task]
    # Far from 1 and around 0, where the sum of float32 leaves would be wrong by more than 1e-5.
    return np.digitize(value, limits) if limits else value * 1e6


@cache
def fit(name: str, task: str, *, encoded: bool = True) -> Fitted:
    features = matrix(ROWS, seed=1)
    space = CANDIDATES[name].space(problem(task), ROWS, {})
    defaults = space.starting_points[0] | space.fixed | {"random_state": 0}
    defaults |= {"target_encoding": encoded}
    estimator = CANDIDATES[name].build(problem(task), defaults)
    with one_thread():
        estimator.fit(features, target(features, task))
    return Fitted(Trial(name, defaults, 0, 0), [], estimator, Search(1, cut=False), 0.0)


def graph(
    name: str, task: str, *, opset: int = 21, encoded: bool = True
) -> tuple[Estimator, ModelProto]:
    fitted = fit(name, task, encoded=encoded)
    return fitted.estimator, export(fitted, problem(task), opset=opset)


def answer(model: ModelProto, features: NDArray[np.float64]) -> NDArray[np.float32]:
    outputs = run(model, {"features": features.astype(np.float32)})
    return outputs["prediction"] if "prediction" in outputs else outputs["probabilities"]


def native(estimator: Estimator, rows: NDArray[np.float64], *, task: str) -> NDArray[np.float64]:
    return predict(estimator, rows, problem=problem(task))


@pytest.mark.parametrize("encoded", [False, True])
@EVERY_ESTIMATOR
def test_a_graph_answers_as_scikit_learn_does(name: str, task: str, *, encoded: bool) -> None:
    estimator, model = graph(name, task, encoded=encoded)
    rows = np.concatenate([matrix(ROWS, seed=2), matrix(ROWS, seed=3) * 1000])

    parity = check_parity(
        answer(model, rows), native(estimator, rows, task=task), library="scikit-learn", show=str
    )

    assert parity["rows"] == 2 * ROWS
    assert parity["max_difference"] <= 1e-6


@EVERY_ESTIMATOR
def test_a_graph_has_the_outputs_that_the_contract_names(name: str, task: str) -> None:
    _, model = graph(name, task)

    outputs = run(model, {"features": matrix(7, seed=2).astype(np.float32)})

    if task == "regression":
        assert {key: (v.dtype, v.shape) for key, v in outputs.items()} == {
            "prediction": (np.float32, (7,))
        }
    else:
        classes = len(TASKS[task] or [])
        assert {key: (v.dtype, v.shape) for key, v in outputs.items()} == {
            "label": (np.int64, (7,)),
            "probabilities": (np.float32, (7, classes)),
        }


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_label_is_the_class_of_the_highest_probability(name: str) -> None:
    estimator, model = graph(name, "three")
    rows = matrix(ROWS, seed=2)

    outputs = run(model, {"features": rows.astype(np.float32)})

    assert np.array_equal(outputs["label"], outputs["probabilities"].argmax(axis=1))
    assert np.array_equal(outputs["label"], estimator.predict(rows))


def test_a_feature_that_lies_on_a_threshold_goes_where_scikit_learn_sends_it() -> None:
    task = "regression"
    estimator, model = graph("gradient-boosting", task, encoded=False)
    trees = trees_of(estimator)
    on_time = [
        node for stage in trees for nodes in stage for node in nodes if node["feature_idx"] == 4
    ]
    thresholds = np.array([node["num_threshold"] for node in on_time if not node["is_leaf"]])
    rows = np.tile(matrix(1, seed=2), (len(thresholds), 1))
    rows[:, 4] = thresholds.astype(np.float32)

    assert len(thresholds) > 100
    assert np.array_equal(
        answer(model, rows), native(estimator, rows, task=task).astype(np.float32)
    )


def test_the_linear_candidate_ignores_codes_of_categories() -> None:
    task = "regression"
    estimator, _ = graph("linear", task, encoded=False)
    rows = matrix(5, seed=2)
    other = rows.copy()
    other[:, 3] += 1000

    assert np.array_equal(
        native(estimator, rows, task=task),
        native(estimator, other, task=task),
    )


@EVERY_ESTIMATOR
def test_an_older_operator_set_is_kept(name: str, task: str) -> None:
    estimator, model = graph(name, task, opset=17)
    rows = matrix(50, seed=2)

    assert {item.domain: item.version for item in model.opset_import} == {"": 17, "ai.onnx.ml": 3}
    check_parity(
        answer(model, rows), native(estimator, rows, task=task), library="scikit-learn", show=str
    )


def test_a_difference_is_a_bug_that_names_the_worst_row() -> None:
    expected = np.array([1.0, 2.0, 3.0])

    with pytest.raises(ParityError, match=r"by 0\.33, expected 1e-05 at most: 4\.0 .* for row 2"):
        check_parity(
            np.array([1.0, 2.0, 4.0]),
            expected,
            library="scikit-learn",
            show=lambda row: f"row {row}",
        )


def test_a_prediction_that_is_no_number_is_a_difference() -> None:
    with pytest.raises(ParityError):
        check_parity(np.array([np.nan]), np.array([1.0]), library="scikit-learn", show=str)


def test_another_shape_is_a_difference() -> None:
    with pytest.raises(ParityError, match=r"\(2, 2\), scikit-learn \(2,\)"):
        check_parity(np.ones((2, 2)), np.ones(2), library="scikit-learn", show=str)


@given(st.floats(-1e12, 1e12), st.floats(0, 0.9))
@settings(max_examples=50)
def test_numbers_are_compared_relatively_to_their_size(value: float, share: float) -> None:
    shifted = value + share * TOLERANCE * max(1.0, abs(value))

    check_parity(np.array([shifted]), np.array([value]), library="scikit-learn", show=str)
