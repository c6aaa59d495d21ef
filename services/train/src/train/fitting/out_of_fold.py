"""Out-of-fold predictions: what the chosen estimator says of rows that it was not fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import Estimator, fit, predict, predict_learnt
from modelling.model_selection.folds import Fold
from numpy.typing import NDArray

from train.search.sample_weights import weigh
from train.settings import ClassWeight
from train.threads import fits_side_by_side

_CLASS_ROWS_KEPT = 50


@dataclass(frozen=True)
class OutOfFold:
    """What was said of the scored rows of each fold, fold after fold."""

    said: NDArray[np.float64]
    """Numbers [N] as they were learnt, or probabilities [N,C]."""
    target: NDArray[Any]
    """The true values [N], or class indexes."""
    weights: NDArray[np.float64]
    """How much each row counts."""
    fold: NDArray[np.int64]
    """The number of each row's fold."""
    group: NDArray[np.int64] | None = None
    """Which rows belong together, in a split by group."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.bool_]) -> "OutOfFold":
        """Return some of the rows."""
        group = None if self.group is None else self.group[rows]
        return OutOfFold(
            self.said[rows], self.target[rows], self.weights[rows], self.fold[rows], group
        )

    def thin(self, at_most: int) -> "OutOfFold":
        """Return about so many rows, those of each class with the weight of all of its rows.

        Of a rare class `_CLASS_ROWS_KEPT` stay. The draw is the same at every call.
        """
        if len(self) <= at_most:
            return self
        random = np.random.default_rng(0)
        kept, weights = np.zeros(len(self), dtype=np.bool_), self.weights.copy()
        for which in np.unique(self.target):
            rows = np.flatnonzero(self.target == which)
            wanted = max(round(len(rows) * at_most / len(self)), min(len(rows), _CLASS_ROWS_KEPT))
            drawn = random.choice(rows, wanted, replace=False)
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
    """Fit an estimator for each fold of cross-validation, and ask it about the rows held out there.

    So the order of time and the borders of groups are kept as the folds keep them. In a split by
    time the first rows, which nothing came before, are not among them.
    """

    def say(fold: Fold) -> NDArray[np.float64]:
        seen, held_out = (rows.take(part) for part in fold)
        estimator = build()
        fit(estimator, weigh(seen, class_weight), problem=problem)
        if problem.classes is None:
            return predict_learnt(estimator, held_out.features)
        return predict(estimator, held_out.features, problem=problem)

    with fits_side_by_side() as pool:
        said = list(pool.map(say, folds))
    scored = rows.take(np.concatenate([held_out for _, held_out in folds]))
    return OutOfFold(
        np.concatenate(said),
        scored.target,
        np.ones(len(scored.target)) if scored.weights is None else scored.weights,
        np.repeat(np.arange(len(folds)), list(map(len, said))),
        scored.group,
    )
