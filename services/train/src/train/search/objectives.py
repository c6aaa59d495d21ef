"""Checks of the setting `objective`: whether the task and the values of the target fit it."""

from typing import Any

import numpy as np
from modelling.data.problem import Problem
from numpy.typing import NDArray
from stage_contract import ContractError, SettingsError

from train.candidates.gradient_boosting import LOG_LINKS
from train.settings import Objective


def check_objective(objective: Objective | None, problem: Problem) -> None:
    """Check that the target is a number, and that its scale fits.

    Raises:
        SettingsError: It has classes, or is transformed although the objective has a log link.
    """
    if objective is None:
        return
    name = problem.target.name
    if problem.classes is not None:
        raise SettingsError(
            f"[train] objective: '{name}' has classes; expected a number, leave objective out"
        )
    if objective in LOG_LINKS and problem.target.transform is not None:
        raise SettingsError(
            f"[train] objective = '{objective}' predicts the exponential of a sum, and"
            f" target.transform = '{problem.target.transform}' takes the logarithm of '{name}' as"
            " well; expected one of them, remove transform from target in [features]"
        )


def check_target_values(objective: Objective | None, target: NDArray[Any], *, name: str) -> None:
    """Check that an objective with a log link can learn all training values, of shape [N].

    Raises:
        ContractError: A value is negative, or zero for gamma, or all are zero.
    """
    if objective not in LOG_LINKS:
        return
    wrong = target < 0 if objective == "poisson" else target <= 0
    wanted = "no negative values" if objective == "poisson" else "positive values"
    if wrong.any():
        raise ContractError(
            f"train/: {np.count_nonzero(wrong):,} rows have a '{name}' such as"
            f" {target[wrong][0]:g}, and objective = '{objective}' expects {wanted}; choose another"
            f" objective in [train], or set minimum for '{name}' in [clean]"
        )
    if not target.any():
        raise ContractError(f"train/: every '{name}' is 0; expected some positive values")
