"""Forests of scikit-learn's as ONNX graphs: every threshold and leaf in double, as it has them."""

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper

from modelling.ends import Core, close_graph
from modelling.merging import FEATURES
from modelling.problem import Problem
from modelling.tree_ensembles import LEAF, Tree, sum_of_trees


def export_forest(forest: Any, problem: Problem, *, opset: int) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    trees = [_tree(tree.tree_, forest) for tree in forest.estimators_]
    nodes = [
        helper.make_node("Cast", [FEATURES], ["double"], to=TensorProto.DOUBLE),
        sum_of_trees(
            trees,
            comparison="BRANCH_LEQ",
            outputs=problem.class_count or 1,
            names=("double", "mean"),
        ),
    ]
    return close_graph(Core(nodes, "mean"), problem, opset=opset)


def _tree(tree: Any, forest: Any) -> Tree:
    """Return a tree that adds its share of the mean."""
    is_leaf = tree.children_left == LEAF
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        # scikit-learn writes -2 for both in a leaf.
        feature=np.where(is_leaf, 0, tree.feature),
        threshold=np.where(is_leaf, 0.0, tree.threshold),
        weights=tree.value[:, 0, :] / len(forest.estimators_),
        outputs=getattr(forest, "classes_", [0]),
    )
