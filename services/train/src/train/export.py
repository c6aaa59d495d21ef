"""The chosen estimator as an ONNX graph: float32 at both ends, double in between."""

from modelling.ends import Beyond, close_graph
from modelling.problem import Problem
from onnx import ModelProto

from train.fitting import Fitted

_NOTHING = Beyond()


def export(
    fitted: Fitted, problem: Problem, *, opset: int, beyond: Beyond = _NOTHING
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    core = fitted.candidate.core(fitted.estimator, problem)
    return close_graph(core, problem, opset=opset, beyond=beyond)
