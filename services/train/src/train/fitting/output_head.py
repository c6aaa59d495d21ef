"""The output head of the best estimator: calibration, decision rule, interval, quantiles."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from modelling.data.problem import Problem
from modelling.graphs.output_heads import QUANTILES, OutputHead, add_output_head
from modelling.model_selection.decision_rules import Decision
from modelling.model_selection.estimators import predict, predict_on_target_scale
from modelling.model_selection.quantiles import TrainedQuantiles, median_index
from modelling.model_selection.trained_model import TrainedInterval
from numpy.typing import NDArray
from onnx import ModelProto
from stage_contract import SettingsError

from train.fitting.best_estimator import Fitted
from train.fitting.calibration import (
    Calibration,
    CalibrationChoice,
    check_calibration,
    choose_calibration,
)
from train.fitting.conformal_intervals import check_interval, fit_interval
from train.fitting.thresholds import check_threshold, choose_decision
from train.settings import Settings
from train.threads import one_thread

_DEFAULT_HEAD = OutputHead()


@dataclass(frozen=True)
class EstimatorWithHead:
    """The best estimator with its output head."""

    fitted: Fitted
    problem: Problem
    calibration_choice: CalibrationChoice | None = None
    """Calibration of the probabilities."""
    decision: Decision | None = None
    interval: TrainedInterval | None = None
    levels: tuple[float, ...] = ()
    """Levels of the quantiles, if the estimator predicts quantiles."""

    @property
    def head(self) -> OutputHead:
        """The output head for the graph."""
        return OutputHead(
            interval=None if self.interval is None else self.interval.bounds,
            levels=self.levels,
            calibrator=None if self._calibration is None else self._calibration.calibrator,
            rule=None if self.decision is None else self.decision.rule,
        )

    @property
    def calibration(self) -> dict[str, Any] | None:
        """The entry of model.json."""
        return None if self.calibration_choice is None else self.calibration_choice.describe()

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return numbers, of quantiles the median, or calibrated probabilities in class order."""
        predicted = predict(self.fitted.estimator, features, problem=self.problem)
        if self.levels:
            return np.asarray(predicted[:, median_index(self.levels)])
        return predicted if self._calibration is None else self._calibration.apply(predicted)

    @property
    def quantiles(self) -> TrainedQuantiles | None:
        """The quantiles, if the estimator predicts quantiles."""
        if not self.levels:
            return None
        return TrainedQuantiles(
            self.levels, partial(predict, self.fitted.estimator, problem=self.problem)
        )

    @property
    def _calibration(self) -> Calibration | None:
        return None if self.calibration_choice is None else self.calibration_choice.calibration


def check_output_head(settings: Settings, problem: Problem) -> None:
    """Check that the settings of the output head fit the task.

    Raises:
        SettingsError: A setting does not fit the task.
    """
    check_interval(settings.interval, problem)
    if settings.quantiles and problem.target.name == QUANTILES:
        raise SettingsError(
            f"[train] quantiles: responses have '{QUANTILES}' for the quantiles; give the target"
            f' another name, target = {{column = "{QUANTILES}", name = "…"}}'
        )
    check_threshold(settings.threshold, problem)
    check_calibration(settings.calibration, problem)


def fit_output_head(fitted: Fitted, problem: Problem, settings: Settings) -> EstimatorWithHead:
    """Return the estimator with its output head.

    The threshold is chosen on calibrated probabilities, because it is applied to them.
    """
    out_of_fold = fitted.out_of_fold
    if problem.classes is None:
        interval = _fit_interval(fitted, problem, settings)
        return EstimatorWithHead(
            fitted, problem, interval=interval, levels=settings.quantile_levels
        )
    with one_thread():
        chosen = None if out_of_fold is None else choose_calibration(settings, problem, out_of_fold)
    if out_of_fold is not None and chosen is not None and chosen.calibration is not None:
        out_of_fold = replace(
            out_of_fold, predictions=chosen.calibration.apply(out_of_fold.predictions)
        )
    decision = None
    if settings.threshold is not None:
        decision = choose_decision(settings.threshold, problem, out_of_fold)
    return EstimatorWithHead(fitted, problem, chosen, decision)


def _fit_interval(fitted: Fitted, problem: Problem, settings: Settings) -> TrainedInterval | None:
    if settings.interval is None or fitted.out_of_fold is None:
        return None
    bounds = fit_interval(fitted.out_of_fold, problem, coverage=settings.interval)

    def predict_interval(features: NDArray[np.float32]) -> NDArray[np.float64]:
        transformed = predict_on_target_scale(fitted.estimator, features)
        return problem.scale.inverse_transform(bounds.apply(transformed))

    return TrainedInterval(bounds, predict_interval)


def export(
    fitted: Fitted, problem: Problem, *, opset: int, head: OutputHead = _DEFAULT_HEAD
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    core = fitted.candidate.to_graph(fitted.estimator, problem)
    return add_output_head(core, problem, opset=opset, head=head)
