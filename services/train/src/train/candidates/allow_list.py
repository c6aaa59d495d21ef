"""The allow-list: estimators whose graph was found exact, with their search spaces.

Whatever joins must pass tests/test_parity.py and tests/test_raw_parity.py: many estimators convert
to ONNX without error and answer wrongly, which is why each has its few lines of graph here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelling.data.problem import Problem
from modelling.graphs.forests import forest_graph
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
    """Takes the number of rows in cross-validation, too: a leaf of 20 is small among many only; and
    what is held, which leaves less room for the rest."""
    core: Callable[[Any, Problem], EstimatorGraph]
    """Takes the fitted estimator, too; returns its graph, in double as scikit-learn computes."""
    grows: bool = False
    """Whether the folds tell how many iterations it takes."""


CANDIDATES: Mapping[str, Candidate] = {
    "gradient-boosting": Candidate(
        gradient_boosting.build, gradient_boosting.space, gradient_boosting.to_graph, grows=True
    ),
    "linear": Candidate(linear_models.build, linear_models.space, linear_models.to_graph),
    "random-forest": Candidate(forests.build_random, forests.space_of_random, forest_graph),
    "extra-trees": Candidate(forests.build_extra, forests.space_of_extra, forest_graph),
}
