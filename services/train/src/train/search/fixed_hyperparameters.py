"""Fixed hyperparameters, and the remaining search space of a candidate."""

from modelling.data.problem import Problem
from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError, did_you_mean

from train.candidates.allow_list import CANDIDATES
from train.candidates.search_spaces import Space
from train.settings import Settings


def check_fixed_hyperparameters(settings: Settings, problem: Problem, *, rows: int) -> None:
    """Check that fixed values fit the task and a server; `rows` is the number in cross-validation.

    Raises:
        SettingsError: A value does not fit.
    """
    for name in settings.hyperparameters or {}:
        remaining_space(name, problem, rows=rows, given=settings.fixed_hyperparameters(name))


def remaining_space(name: str, problem: Problem, *, rows: int, given: Hyperparameters) -> Space:
    """Return the search space of a candidate with these values fixed.

    Raises:
        SettingsError: The task has no such hyperparameter, or a server could not hold the model.
    """
    space = CANDIDATES[name].space(problem, rows, given)
    known = space.names
    for hyperparameter in given:
        if hyperparameter not in known:
            raise SettingsError(
                f"[train] hyperparameters.{name}.{hyperparameter} is none of {problem.task}"
                f"{did_you_mean(hyperparameter, known)}"
            )
    return space.fix(given)
