"""Converting a fitted estimator to ONNX: float32 at both ends, double in between."""

from modelling.ends import Beyond, Core, close_graph
from modelling.merging import FEATURES
from modelling.opsets import HIGHEST, ML_DOMAIN
from modelling.problem import Problem
from onnx import ModelProto, TensorProto, compose, helper
from onnx.utils import Extractor
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from train.fitting import Fitted
from train.trees import write_doubles

_NOTHING = Beyond()


def export(
    fitted: Fitted, problem: Problem, *, opset: int, beyond: Beyond = _NOTHING
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    core = _convert(fitted, problem, opset=opset)
    if fitted.candidate.conversion == "trees":
        write_doubles(core.graph.node[0], fitted.estimator)
    inside, raw = core.graph.input[0].name, core.graph.output[0].name
    start = helper.make_node("Cast", [FEATURES], [inside], to=TensorProto.DOUBLE)
    nodes = [start, *core.graph.node]
    closed = Core(nodes, raw, core.graph.initializer)
    return close_graph(closed, problem, opset=opset, beyond=beyond)


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
