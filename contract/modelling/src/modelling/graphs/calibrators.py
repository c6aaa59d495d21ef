"""Calibrators: ONNX nodes, in double, that calibrate the probabilities of an estimator.

The parity gate compares them with the library that fitted them.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

MIN_PROBABILITY = 1e-7
"""Probabilities are clipped to this distance from 0 and 1."""


class Calibrator(Protocol):
    """Maps probabilities to calibrated probabilities."""

    def nodes(self, raw: str) -> tuple[list[NodeProto], str]:
        """Return nodes from probabilities [N,C] to calibrated doubles [N,C], and their output."""
        ...


@dataclass(frozen=True)
class Logistic:
    """For each class a logistic function of log-odds: 1 / (1 + e^-(slope · log-odds + intercept)).

    Two classes have one function, for the second class. With more classes, the results are
    normalised to a sum of 1.
    """

    slopes: NDArray[np.float64]
    """[1] for two classes, else [C]."""
    intercepts: NDArray[np.float64]

    def nodes(self, raw: str) -> tuple[list[NodeProto], str]:
        """Return nodes from probabilities [N,C] to calibrated doubles [N,C], and their output."""
        lines = [
            *_logarithms(raw),
            *(_binary_log_odds() if len(self.slopes) == 1 else _log_odds()),
            _constant("calibrated_slopes", self.slopes[np.newaxis]),
            _constant("calibrated_intercepts", self.intercepts[np.newaxis]),
            helper.make_node("Mul", ["log_odds", "calibrated_slopes"], ["calibrated_rise"]),
            helper.make_node("Add", ["calibrated_rise", "calibrated_intercepts"], ["line"]),
            helper.make_node("Sigmoid", ["line"], ["calibrated_alone"]),
        ]
        if len(self.slopes) == 1:
            return [*lines, *_two_class_nodes()], "calibrated"
        return [*lines, *_normalization_nodes("calibrated_alone")], "calibrated"


@dataclass(frozen=True)
class Temperature:
    """Probabilities to a power, normalised to a sum of 1; below 1, they become less certain."""

    power: float

    def nodes(self, raw: str) -> tuple[list[NodeProto], str]:
        """Return nodes from probabilities [N,C] to calibrated doubles [N,C], and their output."""
        nodes = [
            *_logarithms(raw),
            _constant("power", np.array(self.power)),
            helper.make_node("Mul", ["logarithms", "power"], ["cooled"]),
            helper.make_node("Softmax", ["cooled"], ["calibrated"], axis=1),
        ]
        return nodes, "calibrated"


def clip_probabilities(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return clipped probabilities, so that logarithm and odds are finite."""
    return np.clip(probabilities, MIN_PROBABILITY, 1 - MIN_PROBABILITY)


def _logarithms(raw: str) -> list[NodeProto]:
    return [
        helper.make_node("Cast", [raw], ["uncalibrated"], to=TensorProto.DOUBLE),
        _constant("least", np.array(MIN_PROBABILITY)),
        _constant("most", np.array(1 - MIN_PROBABILITY)),
        helper.make_node("Clip", ["uncalibrated", "least", "most"], ["inside"]),
        helper.make_node("Log", ["inside"], ["logarithms"]),
    ]


def _binary_log_odds() -> list[NodeProto]:
    """Return the log-odds of the second class against the first: exact even if one is near 0."""
    return [
        _constant("difference", np.array([[-1.0], [1.0]])),
        helper.make_node("MatMul", ["logarithms", "difference"], ["log_odds"]),
    ]


def _log_odds() -> list[NodeProto]:
    return [
        _constant("whole", np.array(1.0)),
        helper.make_node("Sub", ["whole", "inside"], ["others"]),
        helper.make_node("Log", ["others"], ["log_others"]),
        helper.make_node("Sub", ["logarithms", "log_others"], ["log_odds"]),
    ]


def _two_class_nodes() -> list[NodeProto]:
    return [
        _constant("whole", np.array(1.0)),
        helper.make_node("Sub", ["whole", "calibrated_alone"], ["calibrated_other"]),
        helper.make_node(
            "Concat", ["calibrated_other", "calibrated_alone"], ["calibrated"], axis=1
        ),
    ]


def _normalization_nodes(shares: str) -> list[NodeProto]:
    return [
        _constant("along_classes", np.array([1])),
        helper.make_node("ReduceSum", [shares, "along_classes"], ["total"], keepdims=1),
        helper.make_node("Div", [shares, "total"], ["calibrated"]),
    ]


def _constant(name: str, values: NDArray[np.generic]) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values, name))
