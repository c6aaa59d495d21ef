"""Holding: the space that is left of a candidate where a user holds some hyperparameters."""

from modelling.data.problem import Problem
from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError, did_you_mean

from train.candidates.allow_list import CANDIDATES
from train.candidates.search_spaces import Space
from train.settings import Settings


def check_held(settings: Settings, problem: Problem, *, rows: int) -> None:
    """Check that what is held fits the task and a server; `rows` are those of cross-validation.

    Raises:
        SettingsError: it does not.
    """
    for name in settings.hyperparameters or {}:
        space_of(name, problem, rows=rows, held=settings.held(name))


def space_of(name: str, problem: Problem, *, rows: int, held: Hyperparameters) -> Space:
    """Return what is varied of a candidate beside what is held.

    Raises:
        SettingsError: the task has no such hyperparameter, or it is too much for a server.
    """
    space = CANDIDATES[name].space(problem, rows, held)
    known = space.names
    for hyperparameter in held:
        if hyperparameter not in known:
            raise SettingsError(
                f"[train] hyperparameters.{name}.{hyperparameter} is none of {problem.task}"
                f"{did_you_mean(hyperparameter, known)}"
            )
    return space.hold(held)
