"""Adding nodes to the graph of a model."""

from typing import Any

import numpy as np
from onnx import ModelProto, helper, numpy_helper


def before_the_output(graph: ModelProto, nodes: list[Any], constants: dict[str, Any]) -> None:
    """Add nodes of which the last makes `nothing`, which is added to the prediction."""
    last = graph.graph.node[-1]
    result, last.output[0] = last.output[0], "quick"
    for name, value in constants.items():
        graph.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    graph.graph.node.extend([*nodes, helper.make_node("Add", ["quick", "nothing"], [result])])
