"""XGBoost's objectives: labels for a target, and predictions from margins.

The inverse is implemented twice, for XGBoost's own predictions and as ONNX nodes; the parity gate
compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from modelling.data.problem import Problem
from modelling.data.target_scales import TargetScale
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from stage_contract.metric_titles import split_metric_name

type Values = NDArray[Any]

MARGIN = "margin"
"""The sum of the trees, before it becomes a prediction."""
PREDICTED = "predicted"


class Objective(Protocol):
    """One kind of target."""

    @property
    def parameters(self) -> Mapping[str, Any]: ...

    @property
    def outputs(self) -> int:
        """Return the number of outputs of the trees."""

    def stops_by(self, metric: str) -> str:
        """Return the closest metric of XGBoost."""

    def labels(self, target: Values) -> NDArray[np.float32]: ...

    def values(self, predicted: Values) -> Values:
        """Return values, or probabilities in class order, from XGBoost's predictions."""

    def base(self, base_score: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the initial margin."""

    def nodes(self) -> tuple[list[NodeProto], list[TensorProto]]:
        """Return nodes from MARGIN to PREDICTED, and their constants."""


@dataclass(frozen=True)
class Numbers:
    """A numeric target, centred and scaled, optionally as logarithms.

    XGBoost stores labels in float32, whose precision for seconds since 1970 is two minutes.
    """

    scale: TargetScale
    mean: float
    deviation: float
    parameters: ClassVar = {"objective": "reg:squarederror", "base_score": 0.0}
    outputs: ClassVar = 1

    def stops_by(self, metric: str) -> str:
        return "mae" if metric in {"mae", "median_absolute_error", "mape"} else "rmse"

    def labels(self, target: Values) -> NDArray[np.float32]:
        learnt = self.scale.transform(target)
        return ((learnt - self.mean) / self.deviation).astype(np.float32)

    def values(self, predicted: Values) -> Values:
        return self.scale.inverse_transform(
            predicted.astype(np.float64) * self.deviation + self.mean
        )

    def base(self, base_score: NDArray[np.float32]) -> NDArray[np.float32]:
        return base_score

    def nodes(self) -> tuple[list[NodeProto], list[TensorProto]]:
        found = {"deviation": np.array(self.deviation), "mean": np.array(self.mean)}
        nodes = [
            helper.make_node("Cast", [MARGIN], ["double"], to=TensorProto.DOUBLE),
            helper.make_node("Mul", ["double", "deviation"], ["scaled"]),
            helper.make_node("Add", ["scaled", "mean"], [PREDICTED]),
        ]
        return nodes, [numpy_helper.from_array(value, name) for name, value in found.items()]


@dataclass(frozen=True)
class TwoClasses:
    """The probability of the second class."""

    parameters: ClassVar = {"objective": "binary:logistic"}
    outputs: ClassVar = 1

    def stops_by(self, metric: str) -> str:
        # The square root of the Brier score is the RMSE of the probability.
        known: dict[str, str] = {
            "roc_auc": "auc",
            "average_precision": "aucpr",
            "recall_at_precision": "aucpr",
            "precision_at_recall": "aucpr",
            "accuracy": "error",
            "brier": "rmse",
        }
        return known.get(split_metric_name(metric)[0], "logloss")

    def labels(self, target: Values) -> NDArray[np.float32]:
        return target.astype(np.float32)

    def values(self, predicted: Values) -> Values:
        return np.column_stack([1 - predicted, predicted])

    def base(self, base_score: NDArray[np.float32]) -> NDArray[np.float32]:
        # The minimum initial probability of XGBoost, which computes in float32.
        share = np.clip(base_score, np.float32(1e-6), np.float32(1) - np.float32(1e-6))
        return -np.log((np.float32(1) / share - np.float32(1)).astype(np.float64)).astype(
            np.float32
        )

    def nodes(self) -> tuple[list[NodeProto], list[TensorProto]]:
        nodes = [
            # In float32, the rounding of a value depends on its position in the vector.
            helper.make_node("Cast", [MARGIN], ["double"], to=TensorProto.DOUBLE),
            helper.make_node("Sigmoid", ["double"], ["second"]),
            helper.make_node("Sub", ["one", "second"], ["first"]),
            helper.make_node("Concat", ["first", "second"], [PREDICTED], axis=1),
        ]
        return nodes, [numpy_helper.from_array(np.ones(1), "one")]


@dataclass(frozen=True)
class Classes:
    """The probabilities of more than two classes."""

    outputs: int

    @property
    def parameters(self) -> dict[str, Any]:
        return {"objective": "multi:softprob", "num_class": self.outputs}

    def stops_by(self, metric: str) -> str:
        known: dict[str, str] = {"roc_auc": "auc", "accuracy": "merror"}
        return known.get(metric, "mlogloss")

    def labels(self, target: Values) -> NDArray[np.float32]:
        return target.astype(np.float32)

    def values(self, predicted: Values) -> Values:
        return predicted

    def base(self, base_score: NDArray[np.float32]) -> NDArray[np.float32]:
        return base_score

    def nodes(self) -> tuple[list[NodeProto], list[TensorProto]]:
        nodes = [
            helper.make_node("Cast", [MARGIN], ["double"], to=TensorProto.DOUBLE),
            helper.make_node("Softmax", ["double"], [PREDICTED], axis=1),
        ]
        return nodes, []


def choose_objective(problem: Problem, target: Values) -> Objective:
    """Return the objective for the task."""
    if problem.classes is None:
        learnt = problem.scale.transform(target)
        return Numbers(problem.scale, float(learnt.mean()), float(learnt.std()))
    return TwoClasses() if problem.class_count == 2 else Classes(problem.class_count)
