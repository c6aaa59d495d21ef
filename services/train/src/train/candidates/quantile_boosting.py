"""Quantile regression by gradient boosting: one ensemble for each level, with sorted predictions.

Ensembles that are fitted apart may cross: predict a lower value for a higher level. Sorting the
predictions of each row (Chernozhukov, Fernández-Val and Galichon 2010) removes the crossings and
never increases the mean pinball loss.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from modelling.model_selection.trials import Hyperparameters
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor


class QuantileBoosting:
    """An ensemble of trees for each level, all with the same hyperparameters."""

    def __init__(self, levels: Sequence[float], hyperparameters: Hyperparameters) -> None:
        """Build one unfitted ensemble for each level, without early stopping."""
        self.levels = list(levels)
        self.estimators = [
            HistGradientBoostingRegressor(
                **hyperparameters, loss="quantile", quantile=level, early_stopping=False
            )
            for level in levels
        ]

    def set_params(self, **params: Any) -> "QuantileBoosting":
        """Set parameters of every ensemble."""
        for estimator in self.estimators:
            estimator.set_params(**params)
        return self

    def fit(
        self,
        features: NDArray[Any],
        target: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        **validation: Any,
    ) -> "QuantileBoosting":
        """Fit every ensemble; after early stopping, all grow on to the size of the largest."""
        for estimator in self.estimators:
            estimator.fit(features, target, sample_weight=sample_weight, **validation)
        iterations = max(estimator.n_iter_ for estimator in self.estimators)
        for estimator in self.estimators:
            if estimator.n_iter_ < iterations:
                estimator.set_params(warm_start=True, early_stopping=False, max_iter=iterations)
                estimator.fit(features, target, sample_weight=sample_weight)
        return self

    def predict(self, features: Any) -> NDArray[np.float64]:
        """Return the quantiles [N,Q] of each row, which never decrease."""
        columns = [estimator.predict(features) for estimator in self.estimators]
        return np.sort(np.column_stack(columns), axis=1)

    def staged_predict(self, features: Any) -> Iterator[NDArray[np.float64]]:
        """Yield the quantiles [N,Q] after each iteration."""
        stages = (estimator.staged_predict(features) for estimator in self.estimators)
        for columns in zip(*stages, strict=True):
            yield np.sort(np.column_stack(columns), axis=1)
