"""The allow-list: estimators whose ONNX graph was verified to be exact, with their search spaces.

A new estimator must pass tests/test_parity.py and tests/test_raw_parity.py: many estimators convert
to ONNX without an error but predict wrong values. Therefore, each estimator here has its own
function that writes its graph.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelling.data.problem import Problem
from modelling.graphs.output_heads import EstimatorGraph
from modelling.model_selection.estimators import Estimator
from modelling.model_selection.trials import Hyperparameters

from train.candidates import forests, gradient_boosting, linear_models
from train.candidates.search_spaces import Space


@dataclass(frozen=True)
class Candidate:
    """A family of estimators."""

    build: Callable[[Problem, Hyperparameters], Estimator]
    space: Callable[[Problem, int, Hyperparameters], Space]
    """Takes the problem, the number of rows in cross-validation, because a leaf of 20 rows is small
    only in a large table, and the fixed values, which limit the other hyperparameters."""
    to_graph: Callable[[Any, Problem], EstimatorGraph]
    """Returns the graph of a fitted estimator, which computes in double like scikit-learn."""
    is_iterative: bool = False
    """Whether cross-validation chooses the number of iterations."""


CANDIDATES: Mapping[str, Candidate] = {
    "gradient-boosting": Candidate(
        gradient_boosting.build,
        gradient_boosting.space,
        gradient_boosting.to_graph,
        is_iterative=True,
    ),
    "linear": Candidate(linear_models.build, linear_models.space, linear_models.to_graph),
    "random-forest": Candidate(forests.build_random, forests.random_forest_space, forests.to_graph),
    "extra-trees": Candidate(forests.build_extra, forests.extra_trees_space, forests.to_graph),
}
