"""Linear candidate: ridge or logistic regression on standardised features."""

from typing import Any

import numpy as np
from modelling.data.problem import Problem
from modelling.graphs.link_functions import link
from modelling.graphs.merging import FEATURES
from modelling.graphs.output_heads import EstimatorGraph
from modelling.model_selection.estimators import Estimator
from modelling.model_selection.trials import Hyperparameters
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from train.candidates.search_spaces import Space, magnitude
from train.candidates.target_encoding import (
    target_encoded,
    target_encoding_graph,
    vary_target_encoding,
)

_BATCH_ROWS = 8_192


class StandardisedModel:
    """A linear model on selected features, which it standardises in double precision.

    A scikit-learn pipeline would hold three more copies of the matrix in memory.
    """

    def __init__(self, model: Any, columns: list[int]) -> None:
        self.model = model
        self.columns = columns
        self.scaler = StandardScaler(copy=False)

    def fit(
        self,
        features: NDArray[Any],
        target: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
    ) -> "StandardisedModel":
        """Fit the scaler, then the model; `features` is not changed."""
        selected = np.empty((len(features), len(self.columns)))
        batches = list(gen_batches(len(features), _BATCH_ROWS))
        for batch in batches:
            selected[batch] = features[batch][:, self.columns]
            self.scaler.partial_fit(selected[batch])
        for batch in batches:
            selected[batch] = self.scaler.transform(selected[batch])
        self.model.fit(selected, target, sample_weight=sample_weight)
        return self

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Classes in the training data."""
        return np.asarray(self.model.classes_)

    def predict(self, features: Any) -> NDArray[Any]:
        """Return predicted numbers, or the most likely classes."""
        return np.asarray(self.model.predict(self._standardise(features)))

    def predict_proba(self, features: Any) -> NDArray[np.float64]:
        """Return the probability of each class."""
        return np.asarray(self.model.predict_proba(self._standardise(features)))

    def _standardise(self, features: Any) -> NDArray[np.float64]:
        selected = np.asarray(features)[:, self.columns].astype(np.float64)
        return np.asarray(self.scaler.transform(selected))


def build(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return an unfitted estimator."""
    return target_encoded(_build, problem, hyperparameters)


def _build(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    # An ordinal code is not a quantity, so a linear term would be meaningless.
    columns = [i for i, feature in enumerate(problem.features) if feature.role != "ordinal"]
    columns = columns or [*range(len(problem.features))]
    if problem.classes:
        return StandardisedModel(LogisticRegression(**hyperparameters), columns)
    return StandardisedModel(Ridge(copy_X=False, **hyperparameters), columns)


def space(problem: Problem, _rows: int, given: Hyperparameters) -> Space:
    """Return the search space: the regularisation strength, and target encoding."""
    plain = Space({"alpha": magnitude(1e-3, 1e4)}, [{"alpha": 1.0}])
    if problem.classes is not None:
        plain = Space({"C": magnitude(1e-4, 1e3)}, [{"C": 1.0}], {"max_iter": 300})
    return vary_target_encoding(plain, problem, given)


def to_graph(estimator: Any, problem: Problem) -> EstimatorGraph:
    """Return the ONNX graph that computes a prediction."""
    return target_encoding_graph(estimator, problem, _to_graph)


def _to_graph(estimator: Any, problem: Problem) -> EstimatorGraph:
    model, scaler = estimator.model, estimator.scaler
    constants = {
        "columns": np.array(estimator.columns, dtype=np.int64),
        "means": scaler.mean_,
        "scales": scaler.scale_,
        "slopes": np.atleast_2d(model.coef_).T,
        "intercepts": np.atleast_1d(model.intercept_),
    }
    nodes = [
        helper.make_node("Cast", [FEATURES], ["features_double"], to=TensorProto.DOUBLE),
        helper.make_node("Gather", ["features_double", "columns"], ["chosen"], axis=1),
        helper.make_node("Sub", ["chosen", "means"], ["centred"]),
        helper.make_node("Div", ["centred", "scales"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "slopes"], ["sloped"]),
        helper.make_node("Add", ["sloped", "intercepts"], ["sums"]),
    ]
    return link(
        nodes,
        "sums",
        classes=problem.class_count,
        initializers=[numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
