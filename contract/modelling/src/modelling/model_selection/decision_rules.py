"""Decisions: which class the label names, where that is not simply the likeliest.

A decision is written twice, with numpy and as ONNX nodes, and goes by the float32 probabilities
that the caller sees, so that the two can't contradict each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from modelling.model_selection.metrics import Metric, Values

type CostMatrix = NDArray[np.float64]
"""[C,C]: what it costs to name the class of the column where that of the row is true."""


class Rule(Protocol):
    """How probabilities become a label."""

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,C]."""
        ...

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes that make `label` of float32 probabilities."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what model.json says of it."""
        ...


@dataclass(frozen=True)
class Threshold:
    """Of two classes the second one, from this probability of it on."""

    value: float
    """A float32."""

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,2]."""
        positive = probabilities[:, 1].astype(np.float32)
        return (positive >= np.float32(self.value)).astype(np.int64)

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes that make `label` of float32 probabilities."""
        return [
            helper.make_node("Constant", [], ["label_second_class"], value_int=1),
            helper.make_node(
                "Gather", [probabilities, "label_second_class"], ["label_positive"], axis=1
            ),
            helper.make_node("Constant", [], ["label_threshold"], value_float=self.value),
            helper.make_node(
                "GreaterOrEqual", ["label_positive", "label_threshold"], ["label_is_positive"]
            ),
            helper.make_node("Cast", ["label_is_positive"], ["label"], to=TensorProto.INT64),
        ]

    def describe(self) -> dict[str, Any]:
        """Return the threshold as the shortest decimal of its float32."""
        return {"threshold": float(str(np.float32(self.value)))}


@dataclass(frozen=True)
class LeastCost:
    """The class that is expected to cost least."""

    costs: CostMatrix

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,C]."""
        expected = probabilities.astype(np.float64) @ self.costs
        return np.asarray(expected.argmin(axis=1))

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes that make `label` of float32 probabilities."""
        costs = numpy_helper.from_array(self.costs, "label_costs")
        return [
            helper.make_node("Constant", [], ["label_costs"], value=costs),
            helper.make_node("Cast", [probabilities], ["label_shares"], to=TensorProto.DOUBLE),
            helper.make_node("MatMul", ["label_shares", "label_costs"], ["label_expected_costs"]),
            helper.make_node("ArgMin", ["label_expected_costs"], ["label"], axis=1, keepdims=0),
        ]

    def describe(self) -> dict[str, Any]:
        """Return nothing: the costs say it all."""
        return {}


@dataclass(frozen=True)
class Decision:
    """A rule, and what it was chosen by."""

    rule: Rule
    by: Mapping[str, Any]
    """The setting that asks for it."""
    costs: CostMatrix | None = None
    """What errors cost, if that was said."""
    rows: int | None = None
    """Out-of-fold predictions that it was chosen by; None if it needed none."""

    def describe(self, classes: list[Any]) -> dict[str, Any]:
        """Return what model.json says."""
        threshold = self.rule.describe()
        return {
            **threshold,
            **({"positive": classes[1]} if threshold else {}),
            **({"costs": self.costs.tolist()} if self.costs is not None else {}),
            "by": self.by,
            **({"rows": self.rows} if self.rows is not None else {}),
        }


def cost_metric(costs: CostMatrix) -> Metric:
    """Return what labels cost a row; of probabilities alone those of least expected cost."""

    def of_labels(truth: Values, labels: Values, weights: Values | None) -> float:
        return float(np.average(costs[truth, labels], weights=weights))

    def compute(truth: Values, predicted: Values, weights: Values | None) -> float:
        return of_labels(truth, LeastCost(costs).labels(predicted), weights)

    return Metric("cost", compute, of_labels=of_labels)
