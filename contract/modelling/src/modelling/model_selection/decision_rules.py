"""Decision rules: from probabilities to a label, other than the most likely class.

A rule is implemented twice, with numpy and as ONNX nodes. It uses the float32 probabilities of the
response, so that label and probabilities agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from modelling.model_selection.metrics import Metric, Values

type CostMatrix = NDArray[np.float64]
"""[C,C]: the cost of an error, by true class and predicted class."""


class Rule(Protocol):
    """Maps probabilities to a label."""

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,C]."""
        ...

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes from float32 probabilities to `label`."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return the entry of model.json."""
        ...


@dataclass(frozen=True)
class Threshold:
    """The second of two classes, if its probability is at least `value`."""

    value: float
    """Minimum probability, a float32."""

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,2]."""
        positive = probabilities[:, 1].astype(np.float32)
        return (positive >= np.float32(self.value)).astype(np.int64)

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes from float32 probabilities to `label`."""
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
    """The class with the lowest expected cost."""

    costs: CostMatrix

    def labels(self, probabilities: Values) -> NDArray[np.int64]:
        """Return class indexes [N] for probabilities [N,C]."""
        expected = probabilities.astype(np.float64) @ self.costs
        return np.asarray(expected.argmin(axis=1))

    def nodes(self, probabilities: str) -> list[NodeProto]:
        """Return nodes from float32 probabilities to `label`."""
        costs = numpy_helper.from_array(self.costs, "label_costs")
        return [
            helper.make_node("Constant", [], ["label_costs"], value=costs),
            helper.make_node("Cast", [probabilities], ["label_shares"], to=TensorProto.DOUBLE),
            helper.make_node("MatMul", ["label_shares", "label_costs"], ["label_expected_costs"]),
            helper.make_node("ArgMin", ["label_expected_costs"], ["label"], axis=1, keepdims=0),
        ]

    def describe(self) -> dict[str, Any]:
        """Return an empty object: the costs are already recorded."""
        return {}


@dataclass(frozen=True)
class Decision:
    """A rule, and the basis of its choice."""

    rule: Rule
    by: Mapping[str, Any]
    """The setting that chose the rule."""
    costs: CostMatrix | None = None
    """Costs of errors, if set."""
    rows: int | None = None
    """Number of out-of-fold predictions for the choice; None if the choice needed none."""

    def describe(self, classes: list[Any]) -> dict[str, Any]:
        """Return the entry of model.json."""
        threshold = self.rule.describe()
        return {
            **threshold,
            **({"positive": classes[1]} if threshold else {}),
            **({"costs": self.costs.tolist()} if self.costs is not None else {}),
            "by": self.by,
            **({"rows": self.rows} if self.rows is not None else {}),
        }


def cost_metric(costs: CostMatrix) -> Metric:
    """Return the mean cost of labels; for probabilities, of the labels with the lowest cost."""

    def compute_labels(truth: Values, labels: Values, weights: Values | None) -> float:
        return float(np.average(costs[truth, labels], weights=weights))

    def compute(truth: Values, predicted: Values, weights: Values | None) -> float:
        return compute_labels(truth, LeastCost(costs).labels(predicted), weights)

    return Metric("cost", compute, compute_labels=compute_labels)
