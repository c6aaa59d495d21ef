"""A trained model of any library, ready to be evaluated and written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from modelling.model_selection.decision_rules import Decision
from modelling.model_selection.prediction_intervals import PredictionInterval
from modelling.model_selection.trials import Search, Trial, best_of


@dataclass(frozen=True)
class TrainedInterval:
    """A band twice as well: what it is made of is in the graph."""

    band: PredictionInterval
    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    """Takes features; returns values [N,3]: the prediction, low and high."""


@dataclass(frozen=True)
class TrainedModel:
    """The chosen estimator twice, in its own library and as a graph, and how it was chosen."""

    library: str
    """The estimator's own, with its version."""
    trials: Sequence[Trial]
    """Best first, including the baseline."""
    predict: Callable[[NDArray[np.float32]], NDArray[Any]]
    """Takes features; returns numbers, or probabilities in class order, of that library."""
    graph: ModelProto
    """From `features` to the outputs that the contract names."""
    target: NDArray[Any]
    """Of the training rows."""
    weights: NDArray[np.float64] | None = None
    """Of the training rows, where they differ."""
    search: Search | None = None
    """How far the search came, where that is worth telling."""
    band: TrainedInterval | None = None
    """Of numbers that are answered with an interval."""
    calibration: Mapping[str, Any] | None = None
    """Of classes, what model.json says about their calibration."""
    decision: Decision | None = None
    """Of classes, what the label goes by if not by the likeliest."""

    @property
    def best(self) -> Trial:
        return best_of(self.trials)
