"""Sample weights of a fit: the weight of a row, times the weight of its class."""

from dataclasses import replace

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from sklearn.utils.class_weight import compute_class_weight
from stage_contract import SettingsError

from train.settings import ClassWeight


def check_class_weight(class_weight: ClassWeight | None, problem: Problem) -> None:
    """Check that class weights fit the task.

    Raises:
        SettingsError: The target has no classes.
    """
    if class_weight is not None and problem.classes is None:
        raise SettingsError(
            f"[train] class_weight = '{class_weight}': '{problem.target.name}' is a number;"
            " expected classes, leave class_weight out or set weight_column in [features]"
        )


def weigh(rows: Matrix, class_weight: ClassWeight | None) -> Matrix:
    """Return the rows with weights; balanced: all classes have the same total weight."""
    if class_weight is None:
        return rows
    classes, class_indexes = np.unique(rows.target, return_inverse=True)
    factors = compute_class_weight(
        class_weight, classes=classes, y=rows.target, sample_weight=rows.weights
    )[class_indexes]
    return replace(rows, weights=factors if rows.weights is None else rows.weights * factors)
