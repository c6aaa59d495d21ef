"""model.onnx looks at the raw texts itself, beside the transform."""

from modelling.evaluation import model_writer
from onnx import TensorProto, helper

_merge = model_writer.merge


def merge(*arguments):
    model = _merge(*arguments)
    if "prediction" in {output.name for output in model.graph.output}:
        for node in model.graph.node:
            node.output[:] = ["right" if name == "prediction" else name for name in node.output]
        value = helper.make_tensor("blank", TensorProto.STRING, [], [b" "])
        axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["blank"], value=value),
                helper.make_node("Constant", [], ["axis"], value=axis),
                helper.make_node("Equal", ["strings", "blank"], ["is_blank"]),
                helper.make_node("Cast", ["is_blank"], ["ones"], to=TensorProto.FLOAT),
                helper.make_node("ReduceMax", ["ones", "axis"], ["more"], keepdims=0),
                helper.make_node("Add", ["right", "more"], ["prediction"]),
            ]
        )
    return model


model_writer.merge = merge
