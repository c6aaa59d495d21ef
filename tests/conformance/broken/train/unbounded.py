"""A prediction is NaN when a number is far out of the training range."""

from modelling.evaluation import model_writer
from onnx import TensorProto, helper

_merge = model_writer.merge


def merge(*arguments):
    model = _merge(*arguments)
    if "prediction" in {output.name for output in model.graph.output}:
        for node in model.graph.node:
            node.output[:] = ["right" if name == "prediction" else name for name in node.output]
        value = helper.make_tensor("nought", TensorProto.FLOAT, [], [0.0])
        axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["nought"], value=value),
                helper.make_node("Constant", [], ["axis"], value=axis),
                helper.make_node("Cast", ["numbers"], ["single"], to=TensorProto.FLOAT),
                helper.make_node("IsNaN", ["single"], ["is_nan"]),
                helper.make_node("Where", ["is_nan", "nought", "single"], ["present"]),
                helper.make_node("Mul", ["present", "nought"], ["nothing"]),
                helper.make_node("ReduceSum", ["nothing", "axis"], ["sum"], keepdims=0),
                helper.make_node("Add", ["right", "sum"], ["prediction"]),
            ]
        )
    return model


model_writer.merge = merge
