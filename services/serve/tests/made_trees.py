"""A small model with trees in it."""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, helper, numpy_helper
from serve_testing.made_models import MadeModel


@dataclass(frozen=True)
class Wooded(MadeModel):
    """Adds up trees of 128 leaves, which ask for the first number."""

    trees: int = 1
    step: float = 0.0
    """How much more each leaf says than the one before."""

    def graph(self) -> ModelProto:
        made = super().graph()
        graph, last = made.graph, made.graph.node[-1]
        prediction, last.output[0] = last.output[0], "bare"
        inner, nodes, leaves = range(127), range(255), range(127, 255)
        each = range(self.trees)
        thresholds = np.linspace(0, 5, len(nodes) * self.trees)
        graph.node.extend(
            [
                helper.make_node(
                    "TreeEnsembleRegressor",
                    ["filled"],
                    ["trees"],
                    domain="ai.onnx.ml",
                    n_targets=1,
                    nodes_treeids=[tree for tree in each for _ in nodes],
                    nodes_nodeids=[*nodes] * self.trees,
                    nodes_featureids=[0] * len(nodes) * self.trees,
                    nodes_modes=(["BRANCH_LEQ"] * 127 + ["LEAF"] * 128) * self.trees,
                    nodes_truenodeids=([2 * n + 1 for n in inner] + [0] * 128) * self.trees,
                    nodes_falsenodeids=([2 * n + 2 for n in inner] + [0] * 128) * self.trees,
                    nodes_values_as_tensor=numpy_helper.from_array(thresholds, "thresholds"),
                    target_treeids=[tree for tree in each for _ in leaves],
                    target_nodeids=[*leaves] * self.trees,
                    target_ids=[0] * 128 * self.trees,
                    target_weights_as_tensor=numpy_helper.from_array(
                        self.step * np.arange(128.0 * self.trees), "weights"
                    ),
                ),
                helper.make_node("Squeeze", ["trees", "one"], ["squeezed_trees"]),
                helper.make_node("Add", ["bare", "squeezed_trees"], [prediction]),
            ]
        )
        return made
