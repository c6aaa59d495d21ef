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
    list[Number],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=float | list[float]),
    AfterValidator(_distinct),
]
"""Values to try; the first trial uses the first one. A single number is fixed."""


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """The search, and early stopping by `metric`; shared settings are in EvaluationSettings."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Number of trials; a number, not a time, so that a rerun is reproducible."""

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Maximum number of boosting rounds; each is a tree, or one per class."""

    early_stopping_rounds: Annotated[int, Field(ge=1)] = 30
    """Rounds without improvement on the validation part before early stopping."""

    validation_share: Annotated[float, Field(ge=0.01, le=0.5)] = 0.1
    """Share of validation rows: the last ones in a split by time, else drawn by class."""

    learning_rate: Values[Share] = Field([0.05, 0.1])
    """Learning rate: a smaller one takes more rounds."""

    max_depth: Values[Depth] = Field([6, 8, 4])
    """Maximum depth: each level doubles the model's size."""

    min_child_weight: Values[Weight] = Field([1.0, 10.0])
    """Minimum sum of second derivatives in a leaf: rows, for regression."""

    subsample: Values[Share] = Field([1.0, 0.7])
    """Share of rows that a tree sees."""

    colsample_bytree: Values[Share] = Field([0.5, 1.0])
    """Share of features that a tree sees."""

    reg_lambda: Values[Weight] = Field([1.0, 10.0])
    """L2 regularisation of the leaves."""

    external_memory_rows: Annotated[int, Field(ge=0)] | None = None
    """Number of training rows above which they stay on disk. Default: 500 million cells."""

    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """Number of threads, which affects the order of sums. Default: by the cells, independent of the
    host."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of the validation part, the trials and the sampling of trees."""

    @property
    def space(self) -> dict[str, list[Any]]:
        """The search space."""
        names = (
            "learning_rate",
            "max_depth",
            "min_child_weight",
            "subsample",
            "colsample_bytree",
            "reg_lambda",
        )
        return {name: getattr(self, name) for name in names}
