"""The allow-list: estimators whose graph was found exact, with their search spaces.

Whatever joins must pass tests/test_parity.py and tests/test_raw_parity.py: many estimators convert
to ONNX without error and answer wrongly, which is why each has its few lines of graph here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelling.ends import Core
from modelling.estimators import Estimator
from modelling.forests import forest_core
from modelling.problem import Problem
from modelling.trials import Hyperparameters

from train import boosting, forests, linear
from train.spaces import Space


@dataclass(frozen=True)
class Candidate:
    """A family of estimators."""

    build: Callable[[Problem, Hyperparameters], Estimator]
    space: Callable[[Problem, int, Hyperparameters], Space]
    """Takes the number of rows in cross-validation, too: a leaf of 20 is small among many only; and
    what is held, which leaves less room for the rest."""
    core: Callable[[Any, Problem], Core]
    """Takes the fitted estimator, too; returns its graph, in double as scikit-learn computes."""
    grows: bool = False
    """Whether the folds tell how many iterations it takes."""


CANDIDATES: Mapping[str, Candidate] = {
    "gradient-boosting": Candidate(boosting.build, boosting.space, boosting.core, grows=True),
    "linear": Candidate(linear.build, linear.space, linear.core),
    "random-forest": Candidate(forests.build_random, forests.space_of_random, forest_core),
    "extra-trees": Candidate(forests.build_extra, forests.space_of_extra, forest_core),
}
