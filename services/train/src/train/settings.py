"""Settings of the train stage: the table [train] of the pipeline."""

from typing import Annotated, Literal, Self

from modelling.metric_names import MetricName
from pydantic import AfterValidator, BaseModel, Field, model_validator

type CandidateName = Literal["gradient-boosting", "linear"]
type ClassWeight = Literal["balanced"]


def _distinct(names: list[CandidateName]) -> list[CandidateName]:
    if len(set(names)) < len(names):
        raise ValueError("expected each candidate once")
    return names


class Settings(BaseModel, frozen=True, extra="forbid"):
    """What is tried, how it is compared, and what decides."""

    candidates: Annotated[list[CandidateName], Field(min_length=1), AfterValidator(_distinct)] = [
        "gradient-boosting",
        "linear",
    ]
    """Compared with each other and with a dummy that ignores its input."""

    metric: MetricName | None = None
    """What the best candidate is best at. Default: r2, or log_loss, which judges probabilities."""

    class_weight: ClassWeight | None = None
    """Balanced, rare classes count as much in fits as frequent ones; metrics stay as they are."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Hyperparameter settings tried in all; a number, not a time, so that a rerun is the same."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Three are enough to rank candidates; more cost time in proportion."""

    cv_rows: Annotated[int, Field(ge=100)] = 50_000
    """Cross-validation works on a sample of so many training rows, the final fit on all."""

    examples: Annotated[int, Field(ge=1, le=1000)] = 20
    """Rows with expected outputs that a server can replay before it takes the model live."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides folds, samples, trials and the estimators' own randomness."""

    @model_validator(mode="after")
    def _a_trial_each(self) -> Self:
        if self.trials < len(self.candidates):
            raise ValueError(
                f"trials = {self.trials}: expected one for each of"
                f" {len(self.candidates)} candidates at least"
            )
        return self
