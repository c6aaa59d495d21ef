"""Settings of the train stage: the table [train] of the pipeline."""

import re
from typing import Annotated, Literal, Self, cast

from modelling.metric_names import MetricName
from modelling.settings import JudgedSettings
from pydantic import AfterValidator, Field, model_validator

from train.hyperparameter_settings import HeldHyperparameters
from train.threshold_settings import WishedThreshold

ALLOWED = ("gradient-boosting", "linear", "random-forest", "extra-trees")
"""The names of train.candidates, which takes heavy libraries to import."""

type ClassWeight = Literal["balanced"]
type CalibrationMethod = Literal["auto", "temperature", "sigmoid", "none"]

_DURATION = re.compile(r"(\d+)(s|m|h)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _on_the_list(names: list[str]) -> list[str]:
    for name in names:
        if name not in ALLOWED:
            raise ValueError(
                f"'{name}' is none of {', '.join(ALLOWED)}; these are the estimators whose ONNX"
                " graph was found to answer exactly as they do"
            )
    if len(set(names)) < len(names):
        raise ValueError("expected each candidate once")
    return names


def _duration(text: str) -> str:
    if _seconds(text) < 1:
        raise ValueError('expected a time, such as "90s", "2m" or "1h"')
    return text


def _seconds(text: str) -> int:
    """Return 0 for what is no time."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNIT_SECONDS[found[2]] if found else 0


class Settings(JudgedSettings, frozen=True, extra="forbid"):
    """What is tried, how it is compared, and what decides; more is in JudgedSettings."""

    candidates: Annotated[list[str], AfterValidator(_on_the_list)] = Field([*ALLOWED], min_length=1)
    """Compared with each other and with a dummy that ignores its input."""

    class_weight: ClassWeight | None = None
    """Balanced, rare classes count as much in fits as frequent ones; metrics stay as they are."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Hyperparameter settings tried in all; a number, not a time, so that a rerun is the same."""

    hyperparameters: HeldHyperparameters | None = None
    """By candidate: values that stand in every trial and in the model; the others are searched."""

    budget: Annotated[str, AfterValidator(_duration)] | None = None
    """An upper bound of the time for trials and the last fit; how many it let pass is recorded."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Three are enough to rank candidates; more cost time in proportion."""

    cv_rows: Annotated[int, Field(ge=100)] = 100_000
    """Cross-validation works on a sample of so many training rows, the final fit on all."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides folds, samples, trials and the estimators' own randomness."""

    interval: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of numbers: the share of true values that intervals hold; by default there are none."""

    calibration: CalibrationMethod = "auto"
    """Of probabilities; by default the method that lowers the log loss in cross-validation, if one
    does so by more than noise."""

    threshold: WishedThreshold | None = None
    """Of classes: what the label goes by; by default it is the likeliest class."""

    @property
    def tried(self) -> list[str]:
        """The candidates that are compared: of the default list the first ones with few trials."""
        return self.candidates[: self.trials]

    def held(self, candidate: str) -> dict[str, float]:
        """Return the hyperparameters that a candidate has in every trial."""
        # A TypedDict answers to literal names only.
        held = cast("dict[str, dict[str, float]]", self.hyperparameters or {})
        return held.get(candidate, {})

    @property
    def budget_seconds(self) -> float | None:
        """The budget in seconds."""
        return None if self.budget is None else float(_seconds(self.budget))

    def needs_predictions(self, *, of_classes: bool) -> bool:
        """Return whether something is made of predictions in cross-validation."""
        if not of_classes:
            return self.interval is not None
        by_threshold = self.threshold is not None and self.threshold.needs_predictions
        is_plain = self.calibration == "none" or (
            self.calibration == "auto" and self.class_weight is not None
        )
        return by_threshold or not is_plain

    @property
    def further_metrics(self) -> tuple[MetricName, ...]:
        if self.interval is not None:
            return ("coverage",)
        return ("cost",) if self.threshold and self.threshold.cost else ()

    @model_validator(mode="after")
    def _a_trial_each(self) -> Self:
        # Of the default list the first ones do where there are fewer trials.
        if "candidates" in self.model_fields_set and self.trials < len(self.candidates):
            raise ValueError(
                f"trials = {self.trials}: expected one for each of"
                f" {len(self.candidates)} candidates at least"
            )
        return self

    @model_validator(mode="after")
    def _held_of_what_is_tried(self) -> Self:
        for name in self.hyperparameters or {}:
            if name not in self.candidates:
                raise ValueError(
                    f"hyperparameters.{name}: candidates leaves '{name}' out; add it there, or"
                    " remove this table"
                )
            if name not in self.tried:
                raise ValueError(
                    f"hyperparameters.{name}: trials = {self.trials} don't reach '{name}'; expected"
                    f" {self.candidates.index(name) + 1} at least, or name it in candidates"
                )
        return self
