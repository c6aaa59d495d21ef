"""Graphs that take memory or time, or that are none of a model."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from external_data import (
    external_constant,
    external_in_function,
    external_in_list_of_tensors,
    external_in_subgraph,
    external_initializer,
    external_sparse,
)
from graph_nodes import before_the_output
from onnx import ModelProto, TensorProto, helper

_LARGEST = 2**63 - 1


def folded_bomb(elements: int) -> Callable[[ModelProto], None]:
    """Return what adds zeros that are made, and summed, when the graph is loaded."""

    def change(graph: ModelProto) -> None:
        nodes = [
            helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["nothing"], keepdims=0),
        ]
        before_the_output(graph, nodes, {"shape": [elements]})

    return change


def kept_bomb(graph: ModelProto) -> None:
    """Add zeros that are made when the graph is loaded, and stay."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("Shape", ["quick"], ["rows"]),
        helper.make_node("Gather", ["zeros", "rows"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"shape": [30_000_000]})


def bomb_at_run(graph: ModelProto) -> None:
    """Add zeros that are made whenever the graph runs."""
    nodes = [
        helper.make_node("ReduceSum", ["quick"], ["total"], keepdims=0),
        helper.make_node("Expand", ["total", "size"], ["wide"]),
        helper.make_node("ReduceMin", ["wide"], ["least"], keepdims=0),
        helper.make_node("Mul", ["least", "none"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"size": [2_000_000_000], "none": np.float32(0)})


def slow_to_load(graph: ModelProto) -> None:
    """Add products of matrices that are made when the graph is loaded."""
    nodes = [helper.make_node("ConstantOfShape", ["size"], ["m0"])]
    for number in range(500):
        step = [f"m{number}", f"m{number}"]
        nodes.append(helper.make_node("MatMul", step, [f"m{number + 1}"]))
    nodes.append(helper.make_node("ReduceSum", ["m500"], ["nothing"], keepdims=0))
    before_the_output(graph, nodes, {"size": [1500, 1500]})


def endless(graph: ModelProto) -> None:
    """Add a loop without an end."""
    condition = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Identity", ["carried"], ["carries"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            condition,
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carries", TensorProto.FLOAT, []),
        ],
    )
    nodes = [helper.make_node("Loop", ["turns", "yes", "none"], ["nothing"], body=body)]
    constants = {"turns": np.int64(_LARGEST), "yes": np.bool_(1), "none": np.float32(0)}
    before_the_output(graph, nodes, constants)


def growing_loop(graph: ModelProto) -> None:
    """Add a loop that doubles what it carries."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Concat", ["carried", "carried"], ["carries"], axis=0),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, [None]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carries", TensorProto.FLOAT, [None]),
        ],
    )
    nodes = [
        helper.make_node("Loop", ["turns", "yes", "some"], ["many"], body=body),
        helper.make_node("ReduceSum", ["many"], ["nothing"], keepdims=0),
    ]
    constants = {"turns": np.int64(60), "yes": np.bool_(1), "some": np.zeros(2, np.float32)}
    before_the_output(graph, nodes, constants)


def many_nodes(graph: ModelProto) -> None:
    names = ["quick", *(f"n{number}" for number in range(50_000))]
    nodes = [helper.make_node("Abs", [before], [after]) for before, after in pairwise(names)]
    nodes.append(helper.make_node("Sub", [names[-1], names[-1]], ["nothing"]))
    before_the_output(graph, nodes, {})


def deeply_nested(graph: ModelProto) -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["quick"], ["out"])],
        "inner",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None])],
    )
    for _ in range(40):
        node = helper.make_node("If", ["yes"], ["out"], then_branch=inner, else_branch=inner)
        output = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None])]
        inner = helper.make_graph([node], "outer", [], output)
        if inner.ByteSize() > 3_000_000:
            break
    nodes = [helper.make_node("If", ["yes"], ["nothing"], then_branch=inner, else_branch=inner)]
    before_the_output(graph, nodes, {"yes": np.bool_(1)})


def unequal_by_chance(graph: ModelProto) -> None:
    nodes = [
        helper.make_node("RandomNormal", [], ["noise"], shape=[1], scale=1000.0),
        helper.make_node("Mul", ["noise", "one_float"], ["nothing"]),
    ]
    before_the_output(graph, nodes, {"one_float": np.float32(1)})


def not_a_number(graph: ModelProto) -> None:
    before_the_output(
        graph,
        [helper.make_node("Div", ["zero_float", "zero_float"], ["nothing"])],
        {"zero_float": np.float32(0)},
    )


def more_dimensions(graph: ModelProto) -> None:
    tensor = graph.graph.initializer.add()
    tensor.name, tensor.data_type = "vast", TensorProto.FLOAT
    tensor.dims.extend([2**20, 2**20])
    nodes = [helper.make_node("ReduceSum", ["vast"], ["nothing"], keepdims=0)]
    before_the_output(graph, nodes, {})


def newer_in_function(graph: ModelProto) -> None:
    node = helper.make_node("Constant", [], ["out"], value_float=0.0)
    opsets = [helper.make_opsetid("", 22)]
    graph.functions.append(helper.make_function("ai.onnx.ml", "F", [], ["out"], [node], opsets))
    call = helper.make_node("F", [], ["nothing"], domain="ai.onnx.ml")
    before_the_output(graph, [call], {})


def foreign_node(graph: ModelProto) -> None:
    node = helper.make_node("Gelu", ["quick"], ["nothing"], domain="com.microsoft")
    before_the_output(graph, [node], {})


def opset_twice(graph: ModelProto) -> None:
    graph.opset_import.insert(0, helper.make_opsetid("", 23))


def foreign_domain(graph: ModelProto) -> None:
    foreign_node(graph)
    graph.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def training(graph: ModelProto) -> None:
    graph.training_info.add().algorithm.CopyFrom(graph.graph)


def cycle(graph: ModelProto) -> None:
    before_the_output(graph, [helper.make_node("Identity", ["prediction"], ["nothing"])], {})


def empty(graph: ModelProto) -> None:
    graph.ClearField("graph")


GRAPHS: dict[str, Callable[[ModelProto], object]] = {
    "1.28 GB folded": folded_bomb(320_000_000),
    "16 GB folded": folded_bomb(4_000_000_000),
    "more than there is folded": folded_bomb(_LARGEST // 8),
    "120 MB kept": kept_bomb,
    "8 GB at run": bomb_at_run,
    "slow to load": slow_to_load,
    "endless": endless,
    "growing loop": growing_loop,
    "many nodes": many_nodes,
    "deeply nested": deeply_nested,
    "unequal by chance": unequal_by_chance,
    "not a number": not_a_number,
    "more dimensions than data": more_dimensions,
    "external data": external_initializer("weights.bin"),
    "external data in a folder above": external_initializer("../other/weights.bin"),
    "external data at /etc": external_initializer("/etc/hostname"),
    "external data in a constant": external_constant,
    "external data in a subgraph": external_in_subgraph,
    "external data in a sparse tensor": external_sparse,
    "external data in a list of tensors": external_in_list_of_tensors,
    "external data in a function": external_in_function,
    "newer operators in a function": newer_in_function,
    "node of a foreign domain": foreign_node,
    "foreign domain": foreign_domain,
    "operator set twice": opset_twice,
    "training": training,
    "cycle": cycle,
    "no graph": empty,
}
