"""Settings of the train stage: the table [train] of the pipeline."""

from typing import Annotated, Literal, Self

from modelling.judged_settings import JudgedSettings
from modelling.metric_names import MetricName
from pydantic import AfterValidator, Field, model_validator

from train.threshold_settings import WishedThreshold

type CandidateName = Literal["gradient-boosting", "linear"]
type ClassWeight = Literal["balanced"]


def _distinct(names: list[CandidateName]) -> list[CandidateName]:
    if len(set(names)) < len(names):
        raise ValueError("expected each candidate once")
    return names


class Settings(JudgedSettings, frozen=True, extra="forbid"):
    """What is tried, how it is compared, and what decides; more is in JudgedSettings."""

    candidates: Annotated[list[CandidateName], AfterValidator(_distinct)] = Field(
        ["gradient-boosting", "linear"], min_length=1
    )
    """Compared with each other and with a dummy that ignores its input."""

    class_weight: ClassWeight | None = None
    """Balanced, rare classes count as much in fits as frequent ones; metrics stay as they are."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Hyperparameter settings tried in all; a number, not a time, so that a rerun is the same."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Three are enough to rank candidates; more cost time in proportion."""

    cv_rows: Annotated[int, Field(ge=100)] = 50_000
    """Cross-validation works on a sample of so many training rows, the final fit on all."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides folds, samples, trials and the estimators' own randomness."""

    interval: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of numbers: the share of true values that intervals hold; by default there are none."""

    threshold: WishedThreshold | None = None
    """Of classes: what the label goes by; by default it is the likeliest class."""

    @property
    def needs_predictions(self) -> bool:
        """Whether something is made of predictions in cross-validation."""
        by_threshold = self.threshold is not None and self.threshold.needs_predictions
        return self.interval is not None or by_threshold

    @property
    def further_metrics(self) -> tuple[MetricName, ...]:
        if self.interval is not None:
            return ("coverage",)
        return ("cost",) if self.threshold and self.threshold.cost else ()

    @model_validator(mode="after")
    def _a_trial_each(self) -> Self:
        if self.trials < len(self.candidates):
            raise ValueError(
                f"trials = {self.trials}: expected one for each of"
                f" {len(self.candidates)} candidates at least"
            )
        return self
