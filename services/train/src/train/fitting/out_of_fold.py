"""Out-of-fold predictions: predictions for rows outside the fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import Estimator, fit, predict, predict_on_target_scale
from modelling.model_selection.folds import Fold
from numpy.typing import NDArray

from train.search.sample_weights import weigh
from train.settings import ClassWeight
from train.threads import parallel_fits

_MIN_CLASS_ROWS = 50


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of the scored rows of each fold, fold after fold."""

    predictions: NDArray[np.float64]
    """Numbers [N] on the target scale, or probabilities [N,C]."""
    target: NDArray[Any]
    """The true values [N], or class indexes."""
    weights: NDArray[np.float64]
    """Sample weights."""
    fold: NDArray[np.int64]
    """Fold of each row."""
    group: NDArray[np.int64] | None = None
    """Group codes, in a split by group."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.bool_]) -> "OutOfFold":
        """Return some of the rows."""
        group = None if self.group is None else self.group[rows]
        return OutOfFold(
            self.predictions[rows], self.target[rows], self.weights[rows], self.fold[rows], group
        )

    def thin(self, max_rows: int) -> "OutOfFold":
        """Return about `max_rows` rows; each class keeps its total weight.

        Of a rare class, `_MIN_CLASS_ROWS` rows remain. The draw is the same at every call.
        """
        if len(self) <= max_rows:
            return self
        random = np.random.default_rng(0)
        kept, weights = np.zeros(len(self), dtype=np.bool_), self.weights.copy()
        for label in np.unique(self.target):
            rows = np.flatnonzero(self.target == label)
            count = max(round(len(rows) * max_rows / len(self)), min(len(rows), _MIN_CLASS_ROWS))
            drawn = random.choice(rows, count, replace=False)
            kept[drawn] = True
            weights[drawn] *= self.weights[rows].sum() / self.weights[drawn].sum()
        return replace(self, weights=weights).take(kept)


def predict_out_of_fold(
    build: Callable[[], Estimator],
    rows: Matrix,
    folds: Sequence[Fold],
    problem: Problem,
    class_weight: ClassWeight | None,
) -> OutOfFold:
    """Fit an estimator for each fold, and predict the held-out rows of the fold.

    The predictions respect time and groups as the folds do. In a split by time, the first rows
    have no prediction.
    """

    def predict_fold(fold: Fold) -> NDArray[np.float64]:
        train_rows, held_out = (rows.take(part) for part in fold)
        estimator = build()
        fit(estimator, weigh(train_rows, class_weight), problem=problem)
        if problem.classes is None:
            return predict_on_target_scale(estimator, held_out.features)
        return predict(estimator, held_out.features, problem=problem)

    with parallel_fits() as pool:
        predictions = list(pool.map(predict_fold, folds))
    scored = rows.take(np.concatenate([held_out for _, held_out in folds]))
    return OutOfFold(
        np.concatenate(predictions),
        scored.target,
        np.ones(len(scored.target)) if scored.weights is None else scored.weights,
        np.repeat(np.arange(len(folds)), list(map(len, predictions))),
        scored.group,
    )
