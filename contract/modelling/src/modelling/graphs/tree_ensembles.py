"""Tree ensembles in ONNX, written from the tree arrays of a library.

The precision of the library is kept: float32 or double.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from modelling.graphs.merging import FEATURES
from modelling.opsets import ML_DOMAIN

LEAF = -1
"""The child index of a leaf."""

type Comparison = Literal["BRANCH_LT", "BRANCH_LEQ"]
"""The comparison that sends a row to the left."""


@dataclass(frozen=True)
class Tree:
    """One tree, as arrays with an entry per node."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[Any]
    weights: NDArray[Any]
    """[nodes, outputs]: the contribution of a leaf to each output."""
    outputs: Sequence[int]
    """Indexes of the outputs that the tree contributes to."""


def constant_tree(weights: NDArray[Any]) -> Tree:
    """Return a tree that adds a constant to every output."""
    zero = np.zeros(1, dtype=np.int64)
    leaf = np.array([LEAF])
    threshold = np.zeros(1, dtype=weights.dtype)
    return Tree(leaf, leaf, zero, threshold, weights[np.newaxis], range(len(weights)))


def sum_of_trees(
    trees: Sequence[Tree], *, comparison: Comparison, outputs: int, names: tuple[str, str]
) -> NodeProto:
    """Return the node that sums the trees in their order; `names` are its input and output.

    The node does not handle missing values, because features are always finite.
    """
    thresholds = np.concatenate([tree.threshold for tree in trees])
    weights = np.concatenate([tree.weights[tree.left == LEAF].ravel() for tree in trees])
    attributes: dict[str, Any] = {
        "n_targets": outputs,
        **_branches(trees, comparison),
        **_leaves(trees),
        **_value_attributes({"nodes_values": thresholds, "target_weights": weights}),
    }
    source, target = names
    return helper.make_node(
        "TreeEnsembleRegressor", [source], [target], domain=ML_DOMAIN, **attributes
    )


def sum_in_double(
    trees: Sequence[Tree], *, comparison: Comparison, outputs: int
) -> list[NodeProto]:
    """Return the nodes that sum trees in double, from `features`; the last node has the sums."""
    start = helper.make_node("Cast", [FEATURES], ["features_double"], to=TensorProto.DOUBLE)
    names = ("features_double", "added")
    return [start, sum_of_trees(trees, comparison=comparison, outputs=outputs, names=names)]


def _branches(trees: Sequence[Tree], comparison: Comparison) -> dict[str, list[Any]]:
    ends = [tree.left == LEAF for tree in trees]
    return {
        "nodes_treeids": _tree_ids(trees, [len(end) for end in ends]),
        "nodes_nodeids": _concatenate([np.arange(len(end)) for end in ends]),
        "nodes_featureids": _concatenate([tree.feature for tree in trees]),
        "nodes_modes": _concatenate([np.where(end, "LEAF", comparison) for end in ends]),
        "nodes_truenodeids": _concatenate([np.maximum(tree.left, 0) for tree in trees]),
        "nodes_falsenodeids": _concatenate([np.maximum(tree.right, 0) for tree in trees]),
    }


def _leaves(trees: Sequence[Tree]) -> dict[str, list[Any]]:
    leaves = [np.flatnonzero(tree.left == LEAF) for tree in trees]
    sizes = [len(nodes) * len(tree.outputs) for nodes, tree in zip(leaves, trees, strict=True)]
    return {
        "target_treeids": _tree_ids(trees, sizes),
        "target_nodeids": _concatenate(
            [np.repeat(nodes, len(tree.outputs)) for nodes, tree in zip(leaves, trees, strict=True)]
        ),
        "target_ids": _concatenate(
            [np.tile(tree.outputs, len(nodes)) for nodes, tree in zip(leaves, trees, strict=True)]
        ),
    }


def _value_attributes(values: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the attributes of the node; doubles have attributes of their own."""
    if all(array.dtype == np.float32 for array in values.values()):
        return {name: array.tolist() for name, array in values.items()}
    return {
        f"{name}_as_tensor": numpy_helper.from_array(array.astype(np.float64), name)
        for name, array in values.items()
    }


def _tree_ids(trees: Sequence[Tree], sizes: Sequence[int]) -> list[int]:
    return list(np.repeat(np.arange(len(trees)), sizes).tolist())


def _concatenate(parts: Sequence[NDArray[Any]]) -> list[Any]:
    return list(np.concatenate(parts).tolist())
