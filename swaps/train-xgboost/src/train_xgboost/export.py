"""XGBoost's trees as an ONNX graph: the same numbers, summed in double.

XGBoost sums in float32. ONNX Runtime sums trees in an order that depends on the number of rows and
threads, so float32 sums would differ between one row and many; double sums do not.
"""

import json
from typing import Any

import numpy as np
import xgboost
from modelling.data.problem import Problem
from modelling.graphs.merging import FEATURES
from modelling.graphs.output_heads import EstimatorGraph, add_output_head
from modelling.graphs.tree_ensembles import Tree, constant_tree, sum_of_trees
from onnx import ModelProto, TensorProto, helper

from train_xgboost.objectives import MARGIN, PREDICTED, Objective

_DOUBLES = "doubles"


def export(
    booster: xgboost.Booster, problem: Problem, objective: Objective, *, opset: int
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    base_score = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float32)
    model = learner["gradient_booster"]["model"]
    trees = [
        constant_tree(objective.base(base_score).astype(np.float64)),
        *map(_tree, model["trees"], model["tree_info"]),
    ]
    added = sum_of_trees(
        trees, comparison="BRANCH_LT", outputs=objective.outputs, names=(_DOUBLES, MARGIN)
    )
    start = helper.make_node("Cast", [FEATURES], [_DOUBLES], to=TensorProto.DOUBLE)
    nodes, constants = objective.nodes()
    core = EstimatorGraph([start, added, *nodes], PREDICTED, constants)
    return add_output_head(core, problem, opset=opset)


def _tree(tree: dict[str, Any], output: int) -> Tree:
    # In a leaf, the condition is its weight. The text is the shortest for this float32.
    conditions = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return Tree(
        left=np.array(tree["left_children"]),
        right=np.array(tree["right_children"]),
        feature=np.array(tree["split_indices"]),
        threshold=conditions,
        weights=conditions[:, np.newaxis],
        outputs=[output],
    )
