"""The chosen estimator as an ONNX graph: float32 at both ends, double in between."""

from modelling.ends import close_graph
from modelling.problem import Problem
from onnx import ModelProto

from train.fitting import Fitted


def export(fitted: Fitted, problem: Problem, *, opset: int) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    core = fitted.candidate.core(fitted.estimator, problem)
    return close_graph(core, problem, opset=opset)
