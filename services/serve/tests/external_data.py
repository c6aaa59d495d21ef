"""Graphs whose data lie in other files."""

from collections.abc import Callable

import numpy as np
from graph_nodes import before_the_output
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper


def elsewhere(tensor: TensorProto, location: str = "weights.bin") -> TensorProto:
    """Let the data of a tensor lie in another file."""
    for key in ("raw_data", "float_data", "double_data", "int64_data"):
        tensor.ClearField(key)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def _nothing_elsewhere(location: str = "weights.bin") -> TensorProto:
    return elsewhere(numpy_helper.from_array(np.zeros(1, np.float32), "nothing"), location)


def external_initializer(location: str) -> Callable[[ModelProto], None]:
    def change(graph: ModelProto) -> None:
        before_the_output(graph, [], {})
        graph.graph.initializer.append(_nothing_elsewhere(location))

    return change


def external_constant(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["nothing"], value=_nothing_elsewhere())
    before_the_output(graph, [node], {})


def external_in_subgraph(graph: ModelProto) -> None:
    output = [helper.make_tensor_value_info("inside", TensorProto.FLOAT, [1])]
    tensor = _nothing_elsewhere()
    tensor.name = "inside"
    inner = helper.make_graph([], "inner", [], output, [tensor])
    node = helper.make_node("If", ["yes"], ["nothing"], then_branch=inner, else_branch=inner)
    before_the_output(graph, [node], {"yes": np.bool_(1)})


def external_sparse(graph: ModelProto) -> None:
    values, indices = _nothing_elsewhere(), numpy_helper.from_array(np.zeros(1, np.int64), "i")
    graph.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1]))
    before_the_output(graph, [], {})


def external_in_list_of_tensors(graph: ModelProto) -> None:
    attribute = AttributeProto(name="spare", type=AttributeProto.TENSORS)
    attribute.tensors.append(_nothing_elsewhere())
    graph.graph.node[0].attribute.append(attribute)


def external_in_function(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["out"], value=_nothing_elsewhere())
    opsets = [helper.make_opsetid("", 21)]
    graph.functions.append(helper.make_function("ai.onnx.ml", "F", [], ["out"], [node], opsets))
    call = helper.make_node("F", [], ["nothing"], domain="ai.onnx.ml")
    before_the_output(graph, [call], {})
