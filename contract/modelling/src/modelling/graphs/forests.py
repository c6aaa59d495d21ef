"""Forests of scikit-learn as ONNX graphs, with thresholds and leaves in double."""

from typing import Any

import numpy as np

from modelling.data.problem import Problem
from modelling.graphs.output_heads import EstimatorGraph
from modelling.graphs.tree_ensembles import LEAF, Tree, sum_in_double


def forest_graph(forest: Any, problem: Problem) -> EstimatorGraph:
    """Return the mean of the trees, whose leaves hold class shares or numbers."""
    trees = [_tree(tree.tree_, forest) for tree in forest.estimators_]
    nodes = sum_in_double(trees, comparison="BRANCH_LEQ", outputs=problem.class_count or 1)
    return EstimatorGraph(nodes, nodes[-1].output[0])


def _tree(tree: Any, forest: Any) -> Tree:
    """Return a tree whose leaves are divided by the number of trees."""
    is_leaf = tree.children_left == LEAF
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        # In a leaf, scikit-learn writes -2 as feature and as threshold.
        feature=np.where(is_leaf, 0, tree.feature),
        threshold=np.where(is_leaf, 0.0, tree.threshold),
        weights=tree.value[:, 0, :] / len(forest.estimators_),
        outputs=getattr(forest, "classes_", [0]),
    )
