"""Settings of the train stage: the table [train] of the pipeline."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast

from modelling.settings import EvaluationSettings
from pydantic import AfterValidator, Field, model_validator
from stage_contract.metric_titles import split_metric_name

from train.hyperparameter_settings import FixedHyperparameters
from train.threshold_settings import ThresholdSetting

BOOSTING = "gradient-boosting"
CANDIDATE_NAMES = (BOOSTING, "linear", "random-forest", "extra-trees")
"""Names of the candidates; `train.candidates` is not imported, as it imports heavy libraries."""

type ClassWeight = Literal["balanced"]
type Objective = Literal["squared_error", "absolute_error", "poisson", "gamma", "quantile"]
type CalibrationMethod = Literal["auto", "temperature", "sigmoid", "none"]

_DEFAULT_METRICS: Mapping[Objective, str] = {"absolute_error": "mae", "quantile": "pinball"}
_MEDIAN = 0.5
_MAX_LEVELS = 20
"""More levels would leave too few trees for each within the size that a server can hold."""

_DURATION = re.compile(r"(\d+)(s|m|h)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _check_names(names: list[str]) -> list[str]:
    for name in names:
        if name not in CANDIDATE_NAMES:
            raise ValueError(
                f"'{name}' is not one of {', '.join(CANDIDATE_NAMES)}; only these estimators have"
                " an ONNX graph that is tested to predict exactly as scikit-learn does"
            )
    if len(set(names)) < len(names):
        raise ValueError("expected each candidate once")
    return names


def _check_duration(text: str) -> str:
    if _seconds(text) < 1:
        raise ValueError('expected a time, such as "90s", "2m" or "1h"')
    return text


def _check_levels(levels: list[float]) -> list[float]:
    if any(not 0 < level < 1 for level in levels):
        raise ValueError("expected levels between 0 and 1, such as [0.1, 0.5, 0.9]")
    if sorted(set(levels)) != levels:
        raise ValueError(f"expected ascending levels, each once: {sorted(set(levels))}")
    if _MEDIAN not in levels:
        raise ValueError(
            f"the prediction is the median; add {_MEDIAN}: {sorted([*levels, _MEDIAN])}"
        )
    if not 2 <= len(levels) <= _MAX_LEVELS:
        raise ValueError(
            f"expected 2 to {_MAX_LEVELS} levels, since each has its own trees; for the median"
            ' alone, objective = "absolute_error"'
        )
    return levels


def _seconds(text: str) -> int:
    """Return the seconds of a duration such as 90s; 0 if the text is not a duration."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """Candidates, search and output of train; shared settings are in EvaluationSettings."""

    candidates: Annotated[list[str], AfterValidator(_check_names)] = Field(
        [*CANDIDATE_NAMES], min_length=1
    )
    """Estimators to compare with each other and with a baseline that ignores its input."""

    objective: Objective | None = None
    """The loss that gradient boosting minimises, for numbers; then it is the only candidate."""

    quantiles: Annotated[list[float], AfterValidator(_check_levels)] | None = None
    """Levels of the quantiles that `objective = "quantile"` predicts; 0.5 is the prediction."""

    class_weight: ClassWeight | None = None
    """Balanced: all classes have the same total weight in fits; metrics are unchanged."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Total number of trials; it is not a duration, so that a rerun is reproducible."""

    hyperparameters: FixedHyperparameters | None = None
    """Fixed values by candidate, for every trial and the model; the others are searched."""

    budget: Annotated[str, AfterValidator(_check_duration)] | None = None
    """Maximum time for trials and the final fit; the number of trials is recorded."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Number of folds: three are enough to rank candidates."""

    cv_rows: Annotated[int, Field(ge=100)] = 100_000
    """Number of training rows in cross-validation; the final fit uses all rows."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of folds, samples, trials and estimators."""

    interval: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Nominal coverage of prediction intervals for numbers; default: no intervals."""

    calibration: CalibrationMethod = "auto"
    """Calibration of probabilities; default: the method that lowers the log loss in
    cross-validation, if the improvement exceeds noise."""

    threshold: ThresholdSetting | None = None
    """Threshold for predicting a class; default: the most likely class."""

    @property
    def compared(self) -> list[str]:
        """Candidates to compare; with fewer trials than candidates, the first ones."""
        return self.candidates[: self.trials] if self.objective is None else [BOOSTING]

    def fixed_hyperparameters(self, candidate: str) -> dict[str, Any]:
        """Return the fixed hyperparameters of a candidate."""
        # A TypedDict accepts literal names only.
        fixed = cast("dict[str, dict[str, Any]]", self.hyperparameters or {}).get(candidate, {})
        if self.objective is None:
            return fixed
        levels = {} if self.quantiles is None else {"quantiles": self.quantiles}
        return {**fixed, "loss": self.objective, **levels}

    @property
    def may_encode_targets(self) -> bool:
        """Whether target encoding is left to the search, or set, for any candidate."""
        fixed = [self.fixed_hyperparameters(name) for name in self.compared]
        return any(each.get("target_encoding", True) for each in fixed)

    @property
    def budget_seconds(self) -> float | None:
        """The budget in seconds."""
        return None if self.budget is None else float(_seconds(self.budget))

    def needs_predictions(self, *, is_classification: bool) -> bool:
        """Return whether the output head needs out-of-fold predictions."""
        if not is_classification:
            return self.interval is not None
        by_threshold = self.threshold is not None and self.threshold.needs_predictions
        is_uncalibrated = self.calibration == "none" or (
            self.calibration == "auto" and self.class_weight is not None
        )
        return by_threshold or not is_uncalibrated

    def has_best_threshold(self, metric: str) -> bool:
        """Return whether the threshold will be the best one by this metric of labels."""
        chosen = self.threshold.metric if self.threshold else None
        is_of_labels = split_metric_name(metric)[0] in {"fbeta", "matthews_corrcoef"}
        return chosen == metric and is_of_labels

    @property
    def further_metrics(self) -> tuple[str, ...]:
        if self.interval is not None:
            return ("coverage",)
        return ("cost",) if self.threshold and self.threshold.cost else ()

    @property
    def named_metrics(self) -> list[str]:
        by_threshold = self.threshold.metric if self.threshold else None
        return [*super().named_metrics, *([by_threshold] if by_threshold else [])]

    @property
    def default_metric(self) -> str | None:
        return _DEFAULT_METRICS.get(self.objective) if self.objective else None

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        return tuple(self.quantiles or ())

    @model_validator(mode="after")
    def _check_objective(self) -> Self:
        if self.objective is None:
            return self
        chosen = self.candidates if "candidates" in self.model_fields_set else []
        for key, names in (("candidates", chosen), ("hyperparameters", self.hyperparameters or {})):
            if others := [name for name in names if name != BOOSTING]:
                raise ValueError(
                    f"objective = '{self.objective}' is one of {BOOSTING} only; leave"
                    f" {', '.join(others)} out of {key}"
                )
        return self

    @model_validator(mode="after")
    def _check_quantiles(self) -> Self:
        if self.objective == "quantile" and self.quantiles is None:
            raise ValueError(
                'objective = "quantile" needs the levels to predict; add quantiles ='
                " [0.1, 0.5, 0.9]"
            )
        if self.objective != "quantile" and self.quantiles is not None:
            raise ValueError(
                'quantiles has no effect without objective = "quantile"; add that, or remove'
                " quantiles"
            )
        if self.quantiles is not None and self.interval is not None:
            raise ValueError(
                f"interval = {self.interval:g} and quantiles both say how far values are from the"
                f" prediction; remove interval, and add {(1 - self.interval) / 2:.4g} and"
                f" {(1 + self.interval) / 2:.4g} to quantiles if you need these bounds"
            )
        return self

    @model_validator(mode="after")
    def _check_trials(self) -> Self:
        # Only the default list may be longer than the number of trials.
        if "candidates" in self.model_fields_set and self.trials < len(self.candidates):
            raise ValueError(
                f"trials = {self.trials}: expected one for each of"
                f" {len(self.candidates)} candidates at least"
            )
        return self

    @model_validator(mode="after")
    def _check_hyperparameters(self) -> Self:
        for name in self.hyperparameters or {}:
            if name not in self.candidates:
                raise ValueError(
                    f"hyperparameters.{name}: candidates leaves '{name}' out; add it there, or"
                    " remove this table"
                )
            if name not in self.compared:
                raise ValueError(
                    f"hyperparameters.{name}: trials = {self.trials} don't reach '{name}'; expected"
                    f" {self.candidates.index(name) + 1} at least, or name it in candidates"
                )
        return self
