"""A trained model of any library, ready to be evaluated and written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from modelling.model_selection.decision_rules import Decision
from modelling.model_selection.prediction_intervals import PredictionInterval
from modelling.model_selection.quantiles import TrainedQuantiles
from modelling.model_selection.trials import Search, Trial, best_of


@dataclass(frozen=True)
class TrainedInterval:
    """A prediction interval twice: its parameters, for the graph, and a function in numpy."""

    bounds: PredictionInterval
    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    """Takes features; returns [N,3]: prediction, low and high."""


@dataclass(frozen=True)
class TrainedModel:
    """The chosen estimator, in its own library and as a graph, and the search behind it."""

    library: str
    """The name of the estimator's library, with its version."""
    trials: Sequence[Trial]
    """Best first, including the baseline."""
    predict: Callable[[NDArray[np.float32]], NDArray[Any]]
    """Takes features; returns the library's numbers, or probabilities in class order."""
    graph: ModelProto
    """The graph from `features` to the outputs of the contract."""
    target: NDArray[Any]
    """Target of the training rows."""
    weights: NDArray[np.float64] | None = None
    """Weights of the training rows; None if all rows count the same."""
    search: Search | None = None
    """Extent of the search, if known."""
    interval: TrainedInterval | None = None
    """Prediction interval, for regression."""
    quantiles: TrainedQuantiles | None = None
    """Quantiles, for regression; `predict` then returns the median."""
    calibration: Mapping[str, Any] | None = None
    """Entry of model.json about the calibration, for classification."""
    decision: Decision | None = None
    """Decision rule, if the label is not the most likely class."""

    @property
    def best(self) -> Trial:
        return best_of(self.trials)
