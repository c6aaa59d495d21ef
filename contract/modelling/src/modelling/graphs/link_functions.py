"""Link functions: ONNX nodes from the raw scores of an estimator to its predictions."""

from collections.abc import Sequence

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from modelling.data.problem import BINARY
from modelling.graphs.output_heads import EstimatorGraph


def link(
    nodes: list[NodeProto],
    scores: str,
    *,
    classes: int,
    is_logarithm: bool = False,
    initializers: Sequence[TensorProto] = (),
) -> EstimatorGraph:
    """Return an estimator that turns scores, [N,1] for two classes, else [N,C], to probabilities.

    Without classes the scores are the predictions, or their logarithms if `is_logarithm` is true.
    The nodes compute in double, because in float32 the rounding of a value depends on its position
    in the vector.
    """
    double = helper.make_node("Cast", [scores], ["scores_double"], to=TensorProto.DOUBLE)
    if is_logarithm:
        exponential = helper.make_node("Exp", ["scores_double"], ["exponential"])
        return EstimatorGraph([*nodes, double, exponential], "exponential", initializers)
    if not classes:
        return EstimatorGraph(nodes, scores, initializers)
    if classes > BINARY:
        softmax = helper.make_node("Softmax", ["scores_double"], ["shares"], axis=1)
        return EstimatorGraph([*nodes, double, softmax], "shares", initializers)
    sigmoid_nodes = [
        double,
        helper.make_node("Sigmoid", ["scores_double"], ["second"]),
        helper.make_node("Sub", ["one", "second"], ["first"]),
        helper.make_node("Concat", ["first", "second"], ["shares"], axis=1),
    ]
    one = numpy_helper.from_array(np.ones(1), "one")
    return EstimatorGraph([*nodes, *sigmoid_nodes], "shares", [*initializers, one])
