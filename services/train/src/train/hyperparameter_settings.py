"""The setting `hyperparameters`: values of a candidate that the user fixes; the rest is searched.

The ranges are those of scikit-learn, without values that have no effect or that fail. Whether a
server can hold the model is checked in `train.candidates`.
"""

from typing import Annotated, TypedDict

from pydantic import AfterValidator, BeforeValidator, Field

_MAX_COUNT = 2**31 - 1
_MAX_STRENGTH = 1e12
"""Maximum of `alpha`, `l2_regularization` and `C`: more has no effect, or overflows in Ridge."""


def _check_share(value: object) -> object:
    # scikit-learn reads 1 as one item and 1.0 as all of them, so an integer is ambiguous.
    if not isinstance(value, float) or not 0 < value <= 1:
        raise ValueError(
            "expected a share such as 0.5, above 0 and up to 1.0, written with a decimal point"
        )
    return value


type Count = Annotated[int, Field(strict=True, ge=1, le=_MAX_COUNT)]
type Leaves = Annotated[int, Field(strict=True, ge=2, le=_MAX_COUNT)]
type Share = Annotated[float, BeforeValidator(_check_share)]
type Strength = Annotated[float, Field(strict=True, ge=0, le=_MAX_STRENGTH)]


type TargetEncoding = Annotated[bool, Field(strict=True)]
"""Whether categories with a code are also encoded as the mean of their target."""


class Boosting(TypedDict, total=False):
    """Parameters of HistGradientBoostingRegressor and HistGradientBoostingClassifier."""

    max_iter: Count
    """Maximum number of iterations; cross-validation chooses a number up to it."""
    learning_rate: Annotated[float, Field(strict=True, gt=0, le=1)]
    """At most 1: a larger rate diverges."""
    max_leaf_nodes: Leaves
    min_samples_leaf: Count
    l2_regularization: Strength
    max_features: Share
    target_encoding: TargetEncoding


class Linear(TypedDict, total=False):
    """Parameters of Ridge (`alpha`) and LogisticRegression (the others)."""

    alpha: Strength
    C: Annotated[float, Field(strict=True, gt=0, le=_MAX_STRENGTH)]
    max_iter: Count
    target_encoding: TargetEncoding


class RandomForest(TypedDict, total=False):
    """Parameters of RandomForestRegressor and RandomForestClassifier."""

    n_estimators: Count
    max_leaf_nodes: Leaves
    min_samples_leaf: Count
    max_features: Share
    max_samples: Share
    target_encoding: TargetEncoding


class ExtraTrees(RandomForest, total=False):
    """Parameters of ExtraTreesRegressor and ExtraTreesClassifier."""

    bootstrap: Annotated[bool, Field(strict=True)]
    """Whether each tree is fitted on `max_samples` sampled rows instead of all rows."""


def _check_max_samples(given: ExtraTrees) -> ExtraTrees:
    # A forest with `max_samples` bootstraps unless the user says otherwise.
    if "max_samples" in given and not given.get("bootstrap", True):
        raise ValueError("without bootstrap a tree sees all rows; leave max_samples out")
    return given


FixedHyperparameters = TypedDict(
    "FixedHyperparameters",
    {
        "gradient-boosting": Boosting,
        "linear": Linear,
        "random-forest": RandomForest,
        "extra-trees": Annotated[ExtraTrees, AfterValidator(_check_max_samples)],
    },
    total=False,
)
"""Keyed by the candidate's name, which is not a Python identifier. Unknown names are rejected, as
in the settings that contain it: pydantic applies a model's `extra` to nested types."""
