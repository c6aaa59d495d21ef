"""XGBoost's trees as an ONNX graph that adds up the same float32 numbers in the same order."""

import json
from typing import Any

import numpy as np
import xgboost
from modelling.ends import Core, close_graph
from modelling.merging import FEATURES
from modelling.problem import Problem
from modelling.tree_ensembles import Tree, constant, sum_of_trees
from onnx import ModelProto

from train_xgboost.objectives import MARGIN, PREDICTED, Objective


def export(
    booster: xgboost.Booster, problem: Problem, objective: Objective, *, opset: int
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    base_score = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float32)
    model = learner["gradient_booster"]["model"]
    trees = [
        # XGBoost adds the trees to what it starts from, not the other way round.
        constant(objective.base(base_score)),
        *map(_tree, model["trees"], model["tree_info"]),
    ]
    added = sum_of_trees(
        trees, comparison="BRANCH_LT", outputs=objective.outputs, names=(FEATURES, MARGIN)
    )
    nodes, constants = objective.nodes()
    core = Core([added, *nodes], PREDICTED, constants)
    return close_graph(core, problem, opset=opset)


def _tree(tree: dict[str, Any], output: int) -> Tree:
    # In a leaf the condition is its weight. The text is the shortest that is this float32.
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        left=np.array(tree["left_children"]),
        right=np.array(tree["right_children"]),
        feature=np.array(tree["split_indices"]),
        threshold=conditions,
        weights=conditions[:, np.newaxis],
        outputs=[output],
    )
