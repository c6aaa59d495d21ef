"""Converting a fitted estimator to ONNX: float32 at both ends, double in between."""

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, compose, helper
from onnx.utils import Extractor
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from train.fitting import Fitted
from train.merging import FEATURES
from train.opsets import HIGHEST, ML_DOMAIN, declare
from train.problem import Problem
from train.trees import write_doubles


def export(fitted: Fitted, problem: Problem, *, opset: int) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    core = _convert(fitted, problem, opset=opset)
    if fitted.candidate.conversion == "trees":
        write_doubles(core.graph.node[0], fitted.estimator)
    inside, raw = core.graph.input[0].name, core.graph.output[0].name
    start = helper.make_node("Cast", [FEATURES], [inside], to=TensorProto.DOUBLE)
    end = _end_in_classes(raw) if problem.classes else _end_in_number(raw)
    graph = helper.make_graph(
        [start, *core.graph.node, *end],
        "estimator",
        [_info(FEATURES, TensorProto.FLOAT, ["N", len(problem.features)])],
        _outputs(problem),
        initializer=core.graph.initializer,
    )
    model = helper.make_model(graph)
    declare(model, {"": opset, ML_DOMAIN: HIGHEST[ML_DOMAIN]}, ir_version=core.ir_version)
    return model


def _convert(fitted: Fitted, problem: Problem, *, opset: int) -> ModelProto:
    """Let skl2onnx convert; keep what leads to its last output, the numbers or probabilities."""
    # skl2onnx can write trees as float32 only; `write_doubles` mends that.
    kind = FloatTensorType if fitted.candidate.conversion == "trees" else DoubleTensorType
    model = to_onnx(
        fitted.estimator,
        initial_types=[(FEATURES, kind([None, len(problem.features)]))],
        target_opset={"": opset, ML_DOMAIN: HIGHEST[ML_DOMAIN]},
        options={"zipmap": False} if problem.classes else None,
    )
    core = Extractor(model).extract_model([FEATURES], [model.graph.output[-1].name])
    return compose.add_prefix(core, "core/")


def _end_in_number(raw: str) -> list[NodeProto]:
    return [
        helper.make_node("Cast", [raw], ["prediction_column"], to=TensorProto.FLOAT),
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
