"""The linear candidate: ridge, or logistic regression, on standardised features."""

from modelling.estimators import Estimator
from modelling.problem import Problem
from modelling.trials import Hyperparameters
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from train.spaces import Space, magnitude


def build(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return the estimator, unfitted."""
    family = LogisticRegression if problem.classes else Ridge
    # The code of a category is no quantity: a line through it means nothing.
    columns = [i for i, feature in enumerate(problem.features) if feature.role != "ordinal"]
    everything = [*range(len(problem.features))]
    scale = ColumnTransformer([("scale", StandardScaler(), columns or everything)])
    estimator: Estimator = make_pipeline(scale, family(**hyperparameters))
    return estimator


def space(problem: Problem, _rows: int) -> Space:
    """Return how strongly it is held back."""
    if problem.classes is None:
        return Space({"alpha": magnitude(1e-3, 1e4)}, {"alpha": 1.0})
    return Space({"C": magnitude(1e-4, 1e3)}, {"C": 1.0}, {"max_iter": 300})
