"""Settings of this stage: the table [train] of the pipeline."""

from typing import Annotated

from modelling.settings import EvaluationSettings
from pydantic import Field


class Settings(EvaluationSettings, frozen=True, extra="forbid"):
    """How the forest grows; metric, slices, examples, seed and gate are in EvaluationSettings."""

    trees: Annotated[int, Field(ge=1, le=1000)] = 100
    """Number of trees."""

    max_leaf_nodes: Annotated[int, Field(ge=2, le=10_000)] = 500
    """Maximum number of leaves of a tree; bounds the size of the model."""

    trials: Annotated[int, Field(ge=1, le=9)] = 3
    """Number of hyperparameter settings to compare."""

    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Number of folds of the cross-validation."""
