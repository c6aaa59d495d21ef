"""The scale of the target during training: the value itself, or its logarithm.

The inverse is implemented twice, with numpy and as ONNX nodes; the parity gate compares them. True
values, predictions and metrics are always on the original scale.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

type Transform = Literal["log", "log1p"]

MAX_LOGARITHM = 88.0
"""Maximum logarithm: the exponential of a larger number overflows a float32."""


@dataclass(frozen=True)
class TargetScale:
    """The transform of a target."""

    kind: Transform | None

    def transform(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the transformed values: numbers, or class indexes."""
        match self.kind:
            case "log":
                return np.asarray(np.log(values))
            case "log1p":
                return np.asarray(np.log1p(values))
            case None:
                return values

    def inverse_transform(self, transformed: NDArray[Any]) -> NDArray[Any]:
        """Return the values of predictions on this scale."""
        if self.kind is None:
            return transformed
        bounded = np.minimum(transformed, MAX_LOGARITHM, dtype=np.float64)
        return np.asarray(np.exp(bounded) if self.kind == "log" else np.expm1(bounded))

    def nodes(self, transformed: str) -> tuple[list[NodeProto], str]:
        """Return nodes for the inverse transform, and the name of their output."""
        if self.kind is None:
            return [], transformed
        nodes = [
            helper.make_node("Cast", [transformed], ["learnt"], to=TensorProto.DOUBLE),
            _double("highest", MAX_LOGARITHM),
            helper.make_node("Min", ["learnt", "highest"], ["bounded"]),
            helper.make_node("Exp", ["bounded"], ["power"]),
        ]
        if self.kind == "log":
            return nodes, "power"
        less_one = [_double("one", 1.0), helper.make_node("Sub", ["power", "one"], ["less_one"])]
        return [*nodes, *less_one], "less_one"


def _double(name: str, value: float) -> NodeProto:
    tensor = helper.make_tensor(name, TensorProto.DOUBLE, [], [value])
    return helper.make_node("Constant", [], [name], value=tensor)
