"""Settings of this train stage: the table [train] of the pipeline."""

from typing import Annotated, Any

from modelling.settings import EvaluationSettings
from pydantic import Field


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """How large a forest is, and what is tried; more is in EvaluationSettings."""

    trees: Annotated[int, Field(ge=1, le=2000)] = 100
    """More are steadier and slower; they don't overfit."""

    max_leaf_nodes: Annotated[int, Field(ge=2, le=100_000)] = 1000
    """Bounds the model's size, whatever the number of rows."""

    rows_per_tree: Annotated[int, Field(ge=100)] = 50_000
    """Drawn for each tree, from all rows: so many are enough for its leaves."""

    trials: Annotated[int, Field(ge=1, le=9)] = 3
    """Hyperparameter settings tried in all: a number, not a time, so that a rerun is the same."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Three are enough to rank trials; more cost time in proportion."""

    cv_rows: Annotated[int, Field(ge=100)] = 50_000
    """Cross-validation works on a sample of so many training rows, the final fit on all."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides folds, sample, trials and what each tree sees."""

    @property
    def space(self) -> dict[str, list[Any]]:
        """The hyperparameters to choose from."""
        return {
            "min_samples_leaf": [5, 1, 20],
            "max_features": [0.5, 1.0, 0.2],
            "n_estimators": [self.trees],
            "max_leaf_nodes": [self.max_leaf_nodes],
            "max_samples": [self.rows_per_tree],
        }
