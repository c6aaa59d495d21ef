"""Fixed hyperparameters: the remaining search space of a candidate."""

from modelling.data.problem import Problem
from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError, did_you_mean

from train.candidates.allow_list import CANDIDATES
from train.candidates.search_spaces import Space
from train.settings import Settings


def check_fixed_hyperparameters(settings: Settings, problem: Problem, *, rows: int) -> None:
    """Check that fixed values fit the task and a server; `rows` are those of cross-validation.

    Raises:
        SettingsError: they do not.
    """
    for name in settings.hyperparameters or {}:
        space_of(name, problem, rows=rows, given=settings.held(name))


def space_of(name: str, problem: Problem, *, rows: int, given: Hyperparameters) -> Space:
    """Return the search space of a candidate with these values fixed.

    Raises:
        SettingsError: the task has no such hyperparameter, or it is too much for a server.
    """
    space = CANDIDATES[name].space(problem, rows, given)
    known = space.names
    for hyperparameter in given:
        if hyperparameter not in known:
            raise SettingsError(
                f"[train] hyperparameters.{name}.{hyperparameter} is none of {problem.task}"
                f"{did_you_mean(hyperparameter, known)}"
            )
    return space.hold(given)
