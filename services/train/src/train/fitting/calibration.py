"""Calibration: probabilities that say how often they are right, where that can be told to help.

scikit-learn's own calibration is fitted on out-of-fold predictions of the chosen settings; what it
fitted is written into the graph. Isotonic regression is none of the methods: its steps make of the
last bit of a float32 another probability, which no graph could hold to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from modelling.data.problem import BINARY, Problem
from modelling.graphs.calibrators import Calibrator, Logistic, Temperature, held_inside
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
"""The first has one parameter, so little can go wrong; the second mends a wrong base rate, too."""

_ROWS_MIN = 500
"""Unasked: whether fewer help is chance, and the next table would be answered otherwise."""

_SIGMOID_CLASSES_MAX = 10
"""Unasked: it is a fit for each class, and fifty took minutes."""

_SIGMOID_ROWS_MIN = 10_000
_SIGMOID_VALUES_MAX = 100_000
"""It learns two numbers a class of so many rows, or of all together. Ten seconds a fit of fifty."""

_NOISE = 2.0
"""Standard errors by which the log loss must fall."""

_WORTH = 0.005
"""Of the log loss; of less nobody would notice anything."""


class _Said(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator that has spoken: its features are what it said, on the scale of a decision."""

    def fit(self, _said: Values, target: NDArray[Any], sample_weight: object = None) -> "_Said":
        del sample_weight
        self.classes_ = np.unique(target)
        return self

    def predict(self, said: Values) -> NDArray[Any]:
        """Say which class it is: scikit-learn takes none for a classifier that can't."""
        decision = self.decision_function(said)
        places = decision > 0 if decision.ndim == 1 else decision.argmax(axis=1)
        classes: NDArray[Any] = self.classes_
        return classes[places.astype(np.int64)]

    def decision_function(self, said: Values) -> Values:
        return said[:, 0] if said.shape[1] == 1 else said


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration, in its own library and as what the graph needs of it."""

    method: Method
    fitted: CalibratedClassifierCV

    def apply(self, probabilities: Values) -> Values:
        """Return calibrated probabilities [N,C]."""
        calibrated: Values = self.fitted.predict_proba(_decisions(probabilities, self.method))
        return calibrated

    @property
    def calibrator(self) -> Calibrator:
        """What is written into the graph."""
        parts = self.fitted.calibrated_classifiers_[0].calibrators
        if self.method == "temperature":
            # Two classes are (-x, x) of one log-odds to scikit-learn, which is twice as far apart.
            sides = 2 if len(self.fitted.classes_) == BINARY else 1
            return Temperature(sides * float(parts[0].beta_))
        return Logistic(
            slopes=np.array([-float(part.a_) for part in parts]),
            intercepts=np.array([-float(part.b_) for part in parts]),
        )

    @property
    def keeps_order(self) -> bool:
        """Whether a higher probability stays a higher one."""
        calibrator = self.calibrator
        return not isinstance(calibrator, Logistic) or bool((calibrator.slopes > 0).all())


@dataclass(frozen=True)
class Chosen:
    """What was chosen, and what it was chosen by."""

    calibration: Calibration | None
    log_loss: dict[str, float]
    """By method, `none` among them: of rows that it was not fitted on."""
    rows: int

    def describe(self) -> dict[str, Any]:
        """Return what model.json says."""
        method = "none" if self.calibration is None else self.calibration.method
        return {"method": method, "log_loss": self.log_loss, "rows": self.rows}


def check_calibration(wish: CalibrationMethod, problem: Problem) -> None:
    """Check that there are probabilities to calibrate.

    Raises:
        SettingsError: there are none.
    """
    if problem.classes is None and wish not in {"auto", "none"}:
        raise SettingsError(
            f"[train] calibration = '{wish}': '{problem.target.name}' is a number; expected"
            " classes, leave calibration out"
        )


def choose_calibration(settings: Settings, problem: Problem, said: OutOfFold) -> Chosen | None:
    """Return what is asked for, or what helps; None if nothing is to be tried.

    Automatically it is the method with the least log loss of rows of other folds (in time, of
    later ones), if that is less than without by more than noise; of few rows it is none. Weights
    of classes are left to do what they were set for: any calibration would undo them.
    """
    wish = settings.calibration
    is_in_vain = settings.class_weight is not None or len(said.target) < _ROWS_MIN
    if wish == "none" or (wish == "auto" and is_in_vain):
        return None
    if len(np.unique(said.target)) < problem.class_count:
        LOGGER.warning("not calibrated: a class has no row in the scored folds")
        return None
    unasked = METHODS if problem.class_count <= _SIGMOID_CLASSES_MAX else METHODS[:1]
    methods: Sequence[Method] = unasked if wish == "auto" else (wish,)
    compared = dict(_compare(methods, said, in_time=problem.split.kind == "time"))
    helpful = [method for method, change in compared.items() if change.helps]
    best = min(helpful, key=lambda method: compared[method].after, default=None)
    chosen = best if wish == "auto" else wish
    calibration = None if chosen is None else _fit(said, chosen)
    if calibration is not None and not calibration.keeps_order:
        LOGGER.warning("not calibrated by %s: it would turn probabilities round", chosen)
        calibration = None
    log_loss: dict[str, float] = {}
    for method, change in compared.items():
        log_loss |= {"none": change.before, method: change.after}
    found = Chosen(calibration, log_loss, rows=len(said))
    _report(found)
    return found


@dataclass(frozen=True)
class _Change:
    """What a method does to the log loss."""

    before: float
    after: float
    error: float
    """The standard error of the difference."""

    @property
    def helps(self) -> bool:
        gain = self.before - self.after
        return gain > _NOISE * self.error and gain > _WORTH * self.before


def _compare(
    methods: Sequence[Method], said: OutOfFold, *, in_time: bool
) -> Iterator[tuple[Method, _Change]]:
    parts = [*_parts(said, in_time=in_time)]
    if not parts:
        return
    scored = [here for _, here in parts]
    rows = np.concatenate([np.flatnonzero(here) for here in scored])
    before = _losses(said.said, said.target)[rows]
    progress = Progress("calibrations compared", total=len(methods) * len(parts))
    for method in methods:
        losses = []
        for others, here in parts:
            calibrated = _fit(said.take(others), method).apply(said.said[here])
            losses.append(_losses(calibrated, said.target[here]))
            progress.add(1)
        after = np.concatenate(losses)
        group = None if said.group is None else said.group[rows]
        yield method, _change(before, after, said.weights[rows], group)


def _parts(
    said: OutOfFold, *, in_time: bool
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield the rows to fit on and to score, fold by fold, where the first hold every class."""
    for fold in np.unique(said.fold):
        here = said.fold == fold
        others = said.fold < fold if in_time else ~here
        if len(np.unique(said.target[others])) == said.said.shape[1]:
            yield others, here


def _change(
    before: Values, after: Values, weights: Values, group: NDArray[np.int64] | None
) -> _Change:
    total = weights.sum()
    off = weights * (after - before - np.average(after - before, weights=weights))
    if group is not None:
        # Rows of one group tell no more than one.
        off = np.bincount(np.unique(group, return_inverse=True)[1], off)
    return _Change(
        float(np.average(before, weights=weights)),
        float(np.average(after, weights=weights)),
        float(np.sqrt(np.square(off).sum()) / total),
    )


def _losses(probabilities: Values, target: NDArray[Any]) -> Values:
    return np.asarray(-np.log(held_inside(probabilities)[np.arange(len(target)), target]))


def _fit(said: OutOfFold, method: Method) -> Calibration:
    if method == "sigmoid":
        said = said.thin(_sigmoid_rows(said.said.shape[1]))
    everything = np.arange(len(said))
    calibrated = CalibratedClassifierCV(
        _Said(), method=method, ensemble=False, cv=[(everything, everything)]
    )
    scores = _decisions(said.said, method)
    return Calibration(method, calibrated.fit(scores, said.target, sample_weight=said.weights))


def _sigmoid_rows(classes: int) -> int:
    fits = 1 if classes == BINARY else classes
    return max(_SIGMOID_ROWS_MIN, _SIGMOID_VALUES_MAX // fits)


def _decisions(probabilities: Values, method: Method) -> Values:
    """Return the log-odds of the second of two classes [N,1], else of each class [N,C].

    Temperature takes logarithms of probabilities in their place.
    """
    inside = held_inside(probabilities)
    logarithms = np.log(inside)
    if inside.shape[1] == BINARY:
        return logarithms[:, 1:] - logarithms[:, :1]
    return logarithms if method == "temperature" else logarithms - np.log(1 - inside)


def _report(chosen: Chosen) -> None:
    losses = chosen.log_loss
    if chosen.calibration is None or not losses:
        return
    method = chosen.calibration.method
    LOGGER.info(
        "calibrated by %s: log loss %.4g instead of %.4g in cross-validation",
        method,
        losses[method],
        losses["none"],
        extra={"calibration": chosen.describe()},
    )
