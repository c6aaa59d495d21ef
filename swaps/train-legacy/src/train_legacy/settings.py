"""Settings of this train stage: the table [train] of the pipeline."""

from typing import Annotated, Any

from modelling.settings import EvaluationSettings
from pydantic import Field


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """Size of the forest and extent of the search; shared settings are in EvaluationSettings."""

    trees: Annotated[int, Field(ge=1, le=2000)] = 100
    """Number of trees: more are more stable and slower, and do not overfit."""

    max_leaf_nodes: Annotated[int, Field(ge=2, le=100_000)] = 1000
    """Maximum leaves per tree, which bounds the model's size."""

    rows_per_tree: Annotated[int, Field(ge=100)] = 50_000
    """Maximum number of rows sampled for each tree, which is enough for its leaves."""

    trials: Annotated[int, Field(ge=1, le=9)] = 3
    """Number of trials; a number, not a time, so that a rerun is reproducible."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Number of folds: three are enough to rank trials."""

    cv_rows: Annotated[int, Field(ge=100)] = 50_000
    """Maximum number of training rows in cross-validation; the final fit uses all rows."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of folds, sample, trials and trees."""

    @property
    def space(self) -> dict[str, list[Any]]:
        """The search space."""
        return {
            "min_samples_leaf": [5, 1, 20],
            "max_features": [0.5, 1.0, 0.2],
            "n_estimators": [self.trees],
            "max_leaf_nodes": [self.max_leaf_nodes],
            "max_samples": [self.rows_per_tree],
        }
