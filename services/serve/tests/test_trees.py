"""How much of a model.onnx trees are, told without loading it."""

import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper
from serve.model.graph.trees import tree_bytes
from serve_testing.made_models import DIAMONDS
from stage_contract import ContractError

ML = "ai.onnx.ml"
TREES = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain=ML, nodes_treeids=[0] * 1000)
SIZE = TREES.ByteSize()


def a_branch(node: NodeProto) -> NodeProto:
    """Return a node with another one inside."""
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    inner = helper.make_graph([node], "inner", [], [output])
    return helper.make_node("If", ["condition"], ["y"], then_branch=inner, else_branch=inner)


def model_of(*nodes: NodeProto, functions: int = 0) -> ModelProto:
    """Return a model of these nodes, and of a function with trees."""
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(ML, 3)]
    named = [
        helper.make_function("own", f"f{number}", ["x"], ["y"], [TREES], opsets)
        for number in range(functions)
    ]
    graph = helper.make_graph(list(nodes), "made", [], [])
    return helper.make_model(graph, opset_imports=opsets, functions=named)


def test_only_the_nodes_of_trees_count() -> None:
    large = helper.make_node("Constant", [], ["c"], value_strings=["TreeHouse" * 1000])

    assert tree_bytes(DIAMONDS.graph().SerializeToString()) == 0
    assert tree_bytes(model_of(large, TREES, TREES).SerializeToString()) == 2 * SIZE


@pytest.mark.parametrize("model", [model_of(a_branch(TREES)), model_of(functions=1)])
def test_trees_in_branches_and_functions_count_too(model: ModelProto) -> None:
    assert tree_bytes(model.SerializeToString()) >= SIZE


@pytest.mark.parametrize("graph", [b"TreeEnsemble", b"\x38\x07TreeEnsemble"])
def test_what_is_no_onnx_file_is_refused(graph: bytes) -> None:
    with pytest.raises(ContractError, match="not an ONNX file"):
        tree_bytes(graph)
