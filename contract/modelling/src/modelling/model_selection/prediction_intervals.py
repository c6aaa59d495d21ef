"""Prediction intervals around a prediction, on the scale of the target.

The bounds are computed twice, with numpy and as ONNX nodes; the parity gate compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class PredictionInterval:
    """Intervals whose width depends on the prediction: narrow where errors are small."""

    coverage: float
    """Nominal share of true values inside the interval."""
    rows: int
    """Number of rows whose errors determine the interval."""
    below: float
    above: float
    """Distance of the bounds in widths; never negative."""
    knots: NDArray[np.float64]
    """Predictions [k] on the target scale, ascending."""
    widths: NDArray[np.float64]
    """Typical error at each knot: linear between knots, constant outside."""

    def apply(self, transformed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return [N,3] for predictions [N] on the target scale: prediction, low and high."""
        width = np.interp(transformed, self.knots, self.widths)
        return np.asarray(transformed[:, np.newaxis] + width[:, np.newaxis] * self._factors)

    def nodes(self, transformed: str) -> tuple[list[NodeProto], str]:
        """Return nodes from numbers [N,1] to the [N,3] doubles of `apply`, and their output."""
        start = helper.make_node("Cast", [transformed], ["band_middle"], to=TensorProto.DOUBLE)
        shift = [
            _constant("band_factors", self._factors),
            helper.make_node("Mul", ["band_width", "band_factors"], ["band_distance"]),
            helper.make_node("Add", ["band_middle", "band_distance"], ["band"]),
        ]
        return [start, *self._width_nodes(), *shift], "band"

    @property
    def _factors(self) -> NDArray[np.float64]:
        return np.array([[0.0, -self.below, self.above]])

    def _width_nodes(self) -> Sequence[NodeProto]:
        """Interpolate: add the contribution of each segment between two knots."""
        if len(self.knots) == 1:
            return [_constant("band_width", self.widths[np.newaxis])]
        slopes = np.diff(self.widths) / np.diff(self.knots)
        return [
            _constant("band_starts", self.knots[np.newaxis, :-1]),
            _constant("band_ends", self.knots[np.newaxis, 1:]),
            _constant("band_slopes", slopes[:, np.newaxis]),
            _constant("band_first_width", self.widths[np.newaxis, :1]),
            helper.make_node("Max", ["band_middle", "band_starts"], ["band_from_start"]),
            helper.make_node("Min", ["band_from_start", "band_ends"], ["band_to_end"]),
            helper.make_node("Sub", ["band_to_end", "band_starts"], ["band_run"]),
            helper.make_node("MatMul", ["band_run", "band_slopes"], ["band_risen"]),
            helper.make_node("Add", ["band_risen", "band_first_width"], ["band_width"]),
        ]


def _constant(name: str, values: NDArray[np.float64]) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values, name))
