"""The graph has no bounds: a number far out of the training range gives NaN."""

from dataclasses import replace

import onnx
from features import work
from features.preprocessing.session import Graph
from onnx import TensorProto, helper

_fit = work.fit


def fit(*arguments, **options):
    fitted = _fit(*arguments, **options)
    model = onnx.load_model_from_string(fitted.model)
    for node in model.graph.node:
        node.output[:] = ["right" if name == "features" else name for name in node.output]
    zero = helper.make_tensor("zero", TensorProto.DOUBLE, [], [0.0])
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["zero"], value=zero),
            helper.make_node("Constant", [], ["axis"], value=axis),
            helper.make_node("IsNaN", ["numbers"], ["is_missing"]),
            helper.make_node("Where", ["is_missing", "zero", "numbers"], ["present"]),
            helper.make_node("Mul", ["present", "present"], ["squared"]),
            helper.make_node("Mul", ["squared", "zero"], ["nothing"]),
            helper.make_node("ReduceSum", ["nothing", "axis"], ["total"]),
            helper.make_node("Cast", ["total"], ["more"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["right", "more"], ["features"]),
        ]
    )
    content = model.SerializeToString()
    return replace(fitted, model=content, graph=Graph(content))


work.fit = fit
