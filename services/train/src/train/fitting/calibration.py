"""Calibration of probabilities, where cross-validation shows that it helps.

scikit-learn's calibration is fitted on out-of-fold predictions of the chosen settings, and then
written into the graph. Isotonic regression is not offered: its steps turn the last bit of a float32
into another probability, which no graph could reproduce.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from modelling.data.problem import BINARY, Problem
from modelling.graphs.calibrators import Calibrator, Logistic, Temperature, clip_probabilities
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from stage_contract import LOGGER, SettingsError
from stage_contract.log import Progress

from train.fitting.out_of_fold import OutOfFold
from train.settings import CalibrationMethod, Settings

type Method = Literal["temperature", "sigmoid"]
type Values = NDArray[np.float64]

METHODS: tuple[Method, ...] = ("temperature", "sigmoid")
"""Automatic choice: temperature has one parameter, so it is robust; sigmoid also corrects a wrong
base rate."""

_MIN_ROWS = 500
"""Automatic choice: minimum number of rows, because with fewer an improvement may be noise."""

_MAX_SIGMOID_CLASSES = 10
"""Automatic choice: maximum number of classes, because sigmoid is a fit for each class; 50 classes
took minutes."""

_MIN_SIGMOID_ROWS = 10_000
_MAX_SIGMOID_VALUES = 100_000
"""Maximum number of rows: 100,000 divided by the number of fits, but at least 10,000 for each fit
of two parameters. With 50 classes, all fits take ten seconds."""

_MIN_STANDARD_ERRORS = 2.0
"""Minimum decrease of the log loss, in standard errors."""

_MIN_RELATIVE_GAIN = 0.005
"""Minimum relative decrease of the log loss; a smaller one is irrelevant."""


class _DecisionScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted estimator for scikit-learn's calibration: its features are decision values."""

    def fit(
        self, _scores: Values, target: NDArray[Any], sample_weight: object = None
    ) -> "_DecisionScores":
        del sample_weight
        self.classes_ = np.unique(target)
        return self

    def predict(self, scores: Values) -> NDArray[Any]:
        """Return the most likely class, which scikit-learn requires of a classifier."""
        decision = self.decision_function(scores)
        indexes = decision > 0 if decision.ndim == 1 else decision.argmax(axis=1)
        classes: NDArray[Any] = self.classes_
        return classes[indexes.astype(np.int64)]

    def decision_function(self, scores: Values) -> Values:
        return scores[:, 0] if scores.shape[1] == 1 else scores


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration: scikit-learn's object, and its parameters for the graph."""

    method: Method
    fitted: CalibratedClassifierCV

    def apply(self, probabilities: Values) -> Values:
        """Return calibrated probabilities [N,C]."""
        calibrated: Values = self.fitted.predict_proba(_decision_values(probabilities, self.method))
        return calibrated

    @property
    def calibrator(self) -> Calibrator:
        """The parameters for the graph."""
        parts = self.fitted.calibrated_classifiers_[0].calibrators
        if self.method == "temperature":
            # For two classes, scikit-learn uses (-x, x) of one log-odds, which doubles the
            # distance.
            sides = 2 if len(self.fitted.classes_) == BINARY else 1
            return Temperature(sides * float(parts[0].beta_))
        return Logistic(
            slopes=np.array([-float(part.a_) for part in parts]),
            intercepts=np.array([-float(part.b_) for part in parts]),
        )

    @property
    def keeps_order(self) -> bool:
        """Whether a higher probability always stays higher."""
        calibrator = self.calibrator
        return not isinstance(calibrator, Logistic) or bool((calibrator.slopes > 0).all())


@dataclass(frozen=True)
class CalibrationChoice:
    """The chosen calibration, and the scores behind the choice."""

    calibration: Calibration | None
    log_loss: dict[str, float]
    """Log loss of each method, including `none`, on rows outside the fit."""
    rows: int

    def describe(self) -> dict[str, Any]:
        """Return the entry of model.json."""
        method = "none" if self.calibration is None else self.calibration.method
        return {"method": method, "log_loss": self.log_loss, "rows": self.rows}


def check_calibration(setting: CalibrationMethod, problem: Problem) -> None:
    """Check that there are probabilities to calibrate.

    Raises:
        SettingsError: The target is a number.
    """
    if problem.classes is None and setting not in {"auto", "none"}:
        raise SettingsError(
            f"[train] calibration = '{setting}': '{problem.target.name}' is a number; expected"
            " classes, leave calibration out"
        )


def choose_calibration(
    settings: Settings, problem: Problem, out_of_fold: OutOfFold
) -> CalibrationChoice | None:
    """Return the requested calibration, or the best one; None if there is nothing to choose.

    The automatic choice is the method with the lowest log loss on rows of other folds (in a split
    by time: later rows), if it improves on no calibration by more than noise. With few rows there
    is no calibration. With class weights there is none either, because calibration would undo them.
    """
    setting = settings.calibration
    is_skipped = settings.class_weight is not None or len(out_of_fold.target) < _MIN_ROWS
    if setting == "none" or (setting == "auto" and is_skipped):
        return None
    if len(np.unique(out_of_fold.target)) < problem.class_count:
        LOGGER.warning("not calibrated: a class has no row in the scored folds")
        return None
    automatic_methods = METHODS if problem.class_count <= _MAX_SIGMOID_CLASSES else METHODS[:1]
    methods: Sequence[Method] = automatic_methods if setting == "auto" else (setting,)
    compared = dict(_compare(methods, out_of_fold, in_time=problem.split.kind == "time"))
    helpful = [method for method, change in compared.items() if change.helps]
    best = min(helpful, key=lambda method: compared[method].after, default=None)
    chosen = best if setting == "auto" else setting
    calibration = None if chosen is None else _fit(out_of_fold, chosen)
    if calibration is not None and not calibration.keeps_order:
        LOGGER.warning("not calibrated by %s: it would turn probabilities round", chosen)
        calibration = None
    log_loss: dict[str, float] = {}
    for method, change in compared.items():
        log_loss |= {"none": change.before, method: change.after}
    choice = CalibrationChoice(calibration, log_loss, rows=len(out_of_fold))
    _log_choice(choice)
    return choice


@dataclass(frozen=True)
class _Change:
    """The change of the log loss by a method."""

    before: float
    after: float
    error: float
    """Standard error of the difference."""

    @property
    def helps(self) -> bool:
        gain = self.before - self.after
        return gain > _MIN_STANDARD_ERRORS * self.error and gain > _MIN_RELATIVE_GAIN * self.before


def _compare(
    methods: Sequence[Method], out_of_fold: OutOfFold, *, in_time: bool
) -> Iterator[tuple[Method, _Change]]:
    parts = [*_fit_and_score_rows(out_of_fold, in_time=in_time)]
    if not parts:
        return
    rows = np.concatenate([np.flatnonzero(is_scored) for _, is_scored in parts])
    before = _losses(out_of_fold.predictions, out_of_fold.target)[rows]
    progress = Progress("calibrations compared", total=len(methods) * len(parts))
    for method in methods:
        losses = []
        for is_fitted, is_scored in parts:
            calibration = _fit(out_of_fold.take(is_fitted), method)
            calibrated = calibration.apply(out_of_fold.predictions[is_scored])
            losses.append(_losses(calibrated, out_of_fold.target[is_scored]))
            progress.add(1)
        after = np.concatenate(losses)
        group = None if out_of_fold.group is None else out_of_fold.group[rows]
        yield method, _change(before, after, out_of_fold.weights[rows], group)


def _fit_and_score_rows(
    out_of_fold: OutOfFold, *, in_time: bool
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield masks of the rows to fit on and to score, for each fold with every class to fit on."""
    for fold in np.unique(out_of_fold.fold):
        is_scored = out_of_fold.fold == fold
        is_fitted = out_of_fold.fold < fold if in_time else ~is_scored
        if len(np.unique(out_of_fold.target[is_fitted])) == out_of_fold.predictions.shape[1]:
            yield is_fitted, is_scored


def _change(
    before: Values, after: Values, weights: Values, group: NDArray[np.int64] | None
) -> _Change:
    total = weights.sum()
    deviations = weights * (after - before - np.average(after - before, weights=weights))
    if group is not None:
        # Rows of one group are not independent, so a group counts once.
        deviations = np.bincount(np.unique(group, return_inverse=True)[1], deviations)
    return _Change(
        float(np.average(before, weights=weights)),
        float(np.average(after, weights=weights)),
        float(np.sqrt(np.square(deviations).sum()) / total),
    )


def _losses(probabilities: Values, target: NDArray[Any]) -> Values:
    return np.asarray(-np.log(clip_probabilities(probabilities)[np.arange(len(target)), target]))


def _fit(out_of_fold: OutOfFold, method: Method) -> Calibration:
    if method == "sigmoid":
        out_of_fold = out_of_fold.thin(_sigmoid_rows(out_of_fold.predictions.shape[1]))
    all_rows = np.arange(len(out_of_fold))
    calibrated = CalibratedClassifierCV(
        _DecisionScores(), method=method, ensemble=False, cv=[(all_rows, all_rows)]
    )
    scores = _decision_values(out_of_fold.predictions, method)
    return Calibration(
        method, calibrated.fit(scores, out_of_fold.target, sample_weight=out_of_fold.weights)
    )


def _sigmoid_rows(classes: int) -> int:
    fits = 1 if classes == BINARY else classes
    return max(_MIN_SIGMOID_ROWS, _MAX_SIGMOID_VALUES // fits)


def _decision_values(probabilities: Values, method: Method) -> Values:
    """Return the log-odds of the second of two classes [N,1], or of each class [N,C].

    Temperature uses logarithms of probabilities instead.
    """
    inside = clip_probabilities(probabilities)
    logarithms = np.log(inside)
    if inside.shape[1] == BINARY:
        return logarithms[:, 1:] - logarithms[:, :1]
    return logarithms if method == "temperature" else logarithms - np.log(1 - inside)


def _log_choice(choice: CalibrationChoice) -> None:
    losses = choice.log_loss
    if choice.calibration is None or not losses:
        return
    method = choice.calibration.method
    LOGGER.info(
        "calibrated by %s: log loss %.4g instead of %.4g in cross-validation",
        method,
        losses[method],
        losses["none"],
        extra={"calibration": choice.describe()},
    )
