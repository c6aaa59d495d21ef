"""Settings of this train stage: the table [train] of the pipeline."""

from typing import Annotated, Any

from modelling.settings import EvaluationSettings
from pydantic import AfterValidator, BeforeValidator, Field


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _distinct[Number: float](values: list[Number]) -> list[Number]:
    if len(set(values)) < len(values):
        raise ValueError("expected each value once")
    return values


type Share = Annotated[float, Field(gt=0, le=1)]
type Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
type Depth = Annotated[int, Field(ge=1, le=12)]
type Values[Number: float] = Annotated[
    list[Number], Field(min_length=1), BeforeValidator(_as_list), AfterValidator(_distinct)
]
"""Values to try, the first of them in the first trial. A number alone is the only one."""


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """What is tried, and when boosting stops, by `metric`; more is in EvaluationSettings."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Hyperparameter settings tried in all: a number, not a time, so that a rerun is the same."""

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Boosting rounds at most; each is a tree, or one for each of several classes."""

    early_stopping_rounds: Annotated[int, Field(ge=1)] = 30
    """Boosting stops when the validation part got no better for so many rounds."""

    validation_share: Annotated[float, Field(ge=0.01, le=0.5)] = 0.1
    """Of the training rows: the last ones where features split by time, else drawn by class."""

    learning_rate: Values[Share] = Field([0.05, 0.1])
    """Smaller ones take more rounds."""

    max_depth: Values[Depth] = Field([6, 8, 4])
    """The model's size doubles with each."""

    min_child_weight: Values[Weight] = Field([1.0, 10.0])
    """Least sum of second derivatives in a leaf: rows, for regression."""

    subsample: Values[Share] = Field([1.0, 0.7])
    """Share of rows that a tree sees."""

    colsample_bytree: Values[Share] = Field([0.5, 1.0])
    """Share of features that a tree sees."""

    reg_lambda: Values[Weight] = Field([1.0, 10.0])
    """L2 regularisation of the leaves."""

    external_memory_rows: Annotated[int, Field(ge=0)] | None = None
    """With more training rows they stay on disk. Default: as many as make 500 million cells."""

    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """What is summed up side by side depends on it. Default: by the cells, whatever the host."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Decides the validation part, the trials, and the rows and features that a tree sees."""

    @property
    def space(self) -> dict[str, list[Any]]:
        """The hyperparameters to choose from."""
        names = (
            "learning_rate",
            "max_depth",
            "min_child_weight",
            "subsample",
            "colsample_bytree",
            "reg_lambda",
        )
        return {name: getattr(self, name) for name in names}
