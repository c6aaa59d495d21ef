"""The ends of an estimator's graph: `features` in, the outputs that the contract names out."""

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from modelling.merging import FEATURES
from modelling.opsets import HIGHEST, ML_DOMAIN, declare
from modelling.problem import Problem


@dataclass(frozen=True)
class Core:
    """What an estimator computes: nodes that read `features`."""

    nodes: Sequence[NodeProto]
    output: str
    """[N,1] numbers as they were learnt, or [N,C] probabilities, of whichever float type."""
    initializers: Sequence[TensorProto] = ()


def close_graph(core: Core, problem: Problem, *, opset: int) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    end = _end_in_classes(core.output) if problem.classes else _end_in_number(core.output, problem)
    graph = helper.make_graph(
        [*core.nodes, *end],
        "estimator",
        [_info(FEATURES, TensorProto.FLOAT, ["N", len(problem.features)])],
        _outputs(problem),
        initializer=core.initializers,
    )
    model = helper.make_model(graph)
    versions = {"": opset, ML_DOMAIN: HIGHEST[ML_DOMAIN]}
    ir_version = helper.find_min_ir_version_for(
        [helper.make_opsetid(*item) for item in versions.items()]
    )
    declare(model, versions, ir_version=ir_version)
    return model


def _end_in_number(raw: str, problem: Problem) -> list[NodeProto]:
    nodes, value = problem.scale.nodes(raw)
    return [
        *nodes,
        helper.make_node("Cast", [value], ["prediction_column"], to=TensorProto.FLOAT),
        helper.make_node("Constant", [], ["any_length"], value_ints=[-1]),
        helper.make_node("Reshape", ["prediction_column", "any_length"], ["prediction"]),
    ]


def _end_in_classes(raw: str) -> list[NodeProto]:
    """Take the label from what the caller sees, so that the two can't contradict each other."""
    return [
        helper.make_node("Cast", [raw], ["probabilities"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]


def _outputs(problem: Problem) -> list[ValueInfoProto]:
    if problem.classes is None:
        return [_info("prediction", TensorProto.FLOAT, ["N"])]
    return [
        _info("label", TensorProto.INT64, ["N"]),
        _info("probabilities", TensorProto.FLOAT, ["N", problem.class_count]),
    ]


def _info(name: str, kind: int, shape: list[str | int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
