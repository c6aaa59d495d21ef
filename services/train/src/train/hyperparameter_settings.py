"""The setting `hyperparameters`: what a user holds of each candidate, where the rest is searched.

Ranges are those of scikit-learn, as far as a server can hold what comes of them.
"""

from typing import Annotated, TypedDict

from pydantic import AfterValidator, BeforeValidator, Field

_COUNT_MAX = 2**31 - 1
_STRENGTH_MAX = 1e12
"""Beyond it nothing is held back any more, or all is; near the last double Ridge overflows."""


def _share(value: object) -> object:
    # scikit-learn takes 1 for a single one and 1.0 for all: who means which is not to be guessed.
    if not isinstance(value, float) or not 0 < value <= 1:
        raise ValueError("expected a share such as 0.5, above 0 and up to 1.0 (with its point)")
    return value


type Count = Annotated[int, Field(strict=True, ge=1, le=_COUNT_MAX)]
type Leaves = Annotated[int, Field(strict=True, ge=2, le=_COUNT_MAX)]
type Share = Annotated[float, BeforeValidator(_share)]
type Strength = Annotated[float, Field(strict=True, ge=0, le=_STRENGTH_MAX)]


class Boosting(TypedDict, total=False):
    """Of HistGradientBoostingRegressor and HistGradientBoostingClassifier."""

    max_iter: Count
    """The most iterations; the folds choose how many of them are made."""
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)]
    """A larger one steps over the target and away from it."""
    max_leaf_nodes: Leaves
    min_samples_leaf: Count
    l2_regularization: Strength
    max_features: Share


class Linear(TypedDict, total=False):
    """Of Ridge, which has `alpha`, and of LogisticRegression, which has the others."""

    alpha: Strength
    C: Annotated[float, Field(strict=True, gt=0, le=_STRENGTH_MAX)]
    max_iter: Count


class RandomForest(TypedDict, total=False):
    """Of RandomForestRegressor and RandomForestClassifier."""

    n_estimators: Count
    max_leaf_nodes: Leaves
    min_samples_leaf: Count
    max_features: Share
    max_samples: Share


class ExtraTrees(RandomForest, total=False):
    """Of ExtraTreesRegressor and ExtraTreesClassifier."""

    bootstrap: Annotated[bool, Field(strict=True)]
    """Whether each tree sees rows drawn for it, `max_samples` of them; else it sees all."""


def _drawn(held: ExtraTrees) -> ExtraTrees:
    if "max_samples" in held and not held.get("bootstrap", True):
        raise ValueError("without bootstrap a tree sees all rows; leave max_samples out")
    return held


HeldHyperparameters = TypedDict(
    "HeldHyperparameters",
    {
        "gradient-boosting": Boosting,
        "linear": Linear,
        "random-forest": RandomForest,
        "extra-trees": Annotated[ExtraTrees, AfterValidator(_drawn)],
    },
    total=False,
)
"""By the candidate's name, which is no name of Python. Others are refused, as in the settings that
hold it: pydantic hands a model's `extra` down to these."""
