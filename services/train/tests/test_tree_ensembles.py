import numpy as np
import pytest
from made_data import run
from modelling.graphs.tree_ensembles import LEAF, Tree, constant_tree, sum_of_trees
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper
from sklearn.ensemble import RandomForestRegressor

FEATURES = 2


def stump(threshold: float, left: float, right: float, *, kind: type = np.float32) -> Tree:
    """Return a tree with one split, on the first feature."""
    return Tree(
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        feature=np.zeros(3, dtype=np.int64),
        threshold=np.array([threshold, 0, 0], dtype=kind),
        weights=np.array([[0], [left], [right]], dtype=kind),
        outputs=[0],
    )


def graph(trees: list[Tree], *, comparison: str, kind: int = TensorProto.FLOAT) -> ModelProto:
    node = sum_of_trees(trees, comparison=comparison, outputs=1, names=("x", "y"))
    described = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("x", kind, ["N", FEATURES])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])],
    )
    versions = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(described, opset_imports=versions, ir_version=10)


def answers(model: ModelProto, values: list[float], *, kind: type = np.float32) -> NDArray:
    rows = np.column_stack([values, np.zeros(len(values))]).astype(kind)
    return run(model, {"x": rows})["y"].ravel()


@pytest.mark.parametrize(("comparison", "on_it"), [("BRANCH_LT", 2.0), ("BRANCH_LEQ", 1.0)])
def test_a_value_on_a_threshold_goes_where_the_comparison_sends_it(
    comparison: str, on_it: float
) -> None:
    model = graph([stump(0.5, 1, 2)], comparison=comparison)

    assert answers(model, [0.4, 0.5, 0.6]).tolist() == [1.0, on_it, 2.0]


def test_trees_are_added_up_in_their_order_as_float32() -> None:
    large, small = np.float32(2**24), np.float32(1)
    first = [constant_tree(np.array([large])), stump(0, small, small), stump(0, -large, -large)]
    last = [first[2], first[0], first[1]]

    assert answers(graph(first, comparison="BRANCH_LT"), [0]).tolist() == [0.0]
    assert answers(graph(last, comparison="BRANCH_LT"), [0]).tolist() == [1.0]


def test_doubles_stay_doubles() -> None:
    threshold = 1 + 2**-40
    model = graph(
        [stump(threshold, 1, 2, kind=np.float64)], comparison="BRANCH_LEQ", kind=TensorProto.DOUBLE
    )

    assert answers(model, [1 + 2**-41, 1 + 2**-39], kind=np.float64).tolist() == [1.0, 2.0]


def test_a_whole_forest_answers_as_its_library() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(500, FEATURES)).astype(np.float32)
    forest = RandomForestRegressor(10, random_state=0).fit(rows, rows[:, 0] * 1e6)
    trees = [
        Tree(
            left=tree.tree_.children_left,
            right=tree.tree_.children_right,
            feature=np.maximum(tree.tree_.feature, 0),
            threshold=tree.tree_.threshold,
            weights=tree.tree_.value[:, 0, :] / len(forest.estimators_),
            outputs=[0],
        )
        for tree in forest.estimators_
    ]
    model = graph(trees, comparison="BRANCH_LEQ", kind=TensorProto.DOUBLE)

    found = run(model, {"x": rows.astype(np.float64)})["y"].ravel()

    assert np.array_equal(found, forest.predict(rows).astype(np.float32))
