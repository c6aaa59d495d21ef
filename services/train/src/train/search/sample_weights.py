"""How much a row counts in a fit: what it weighs, and what balances its class."""

from dataclasses import replace

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from sklearn.utils.class_weight import compute_class_weight
from stage_contract import SettingsError

from train.settings import ClassWeight


def check_class_weight(class_weight: ClassWeight | None, problem: Problem) -> None:
    """Check that there are classes to weigh.

    Raises:
        SettingsError: there are none.
    """
    if class_weight is not None and problem.classes is None:
        raise SettingsError(
            f"[train] class_weight = '{class_weight}': '{problem.target.name}' is a number;"
            " expected classes, leave class_weight out or set weight_column in [features]"
        )


def weigh(rows: Matrix, class_weight: ClassWeight | None) -> Matrix:
    """Return the rows as a fit is to see them: balanced, all classes weigh the same together."""
    if class_weight is None:
        return rows
    classes, places = np.unique(rows.target, return_inverse=True)
    factors = compute_class_weight(
        class_weight, classes=classes, y=rows.target, sample_weight=rows.weights
    )[places]
    return replace(rows, weights=factors if rows.weights is None else rows.weights * factors)
