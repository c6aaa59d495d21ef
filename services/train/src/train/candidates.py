"""The allow-list: estimators whose graph was found exact, with their search spaces.

Whatever joins must pass tests/test_parity.py; many estimators convert to ONNX without error and
answer wrongly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from modelling.estimators import Estimator
from modelling.problem import Problem
from modelling.trials import Hyperparameters

from train import boosting, forests, linear
from train.spaces import Space


@dataclass(frozen=True)
class Candidate:
    """A family of estimators."""

    build: Callable[[Problem, Hyperparameters], Estimator]
    space: Callable[[Problem, int], Space]
    """Takes the number of rows in cross-validation, too: a leaf of 20 is small among many only."""
    conversion: Literal["boosting", "forest", "double"]
    """How it becomes exact: doubles written into the trees, or a graph of doubles."""
    grows: bool = False
    """Whether the folds tell how many iterations it takes."""


CANDIDATES: Mapping[str, Candidate] = {
    "gradient-boosting": Candidate(boosting.build, boosting.space, "boosting", grows=True),
    "linear": Candidate(linear.build, linear.space, "double"),
    "random-forest": Candidate(forests.build_random, forests.space, "forest"),
    "extra-trees": Candidate(forests.build_extra, forests.space, "forest"),
}
