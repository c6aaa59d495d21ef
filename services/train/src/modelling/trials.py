"""Trials: the hyperparameters to try, and how an estimator with them did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sklearn.model_selection import ParameterGrid, ParameterSampler

from modelling.metrics import Metric

type Hyperparameters = dict[str, float]
type Space = Mapping[str, Sequence[float]]
"""Values to try; the first of each are the defaults, which are always tried first."""

DUMMY = "dummy"


@dataclass(frozen=True)
class Trial:
    """One estimator and how it did on rows that it was not fitted on."""

    name: str
    hyperparameters: Hyperparameters
    score: float
    deviation: float
    """Standard deviation of the score."""


def rank(trials: Sequence[Trial], metric: Metric) -> list[Trial]:
    """Return trials best first."""
    sign = -1 if metric.higher_is_better else 1
    return sorted(trials, key=lambda trial: sign * trial.score)


def settings_to_try(space: Space, *, count: int, seed: int) -> list[Hyperparameters]:
    """Return `count` different settings, the defaults first; fewer if the space is smaller."""
    defaults = {name: values[0] for name, values in space.items()}
    size = min(count + 1, len(ParameterGrid(space)))
    sampled = ParameterSampler(space, size, random_state=seed)
    others = [{name: found[name] for name in space} for found in sampled if found != defaults]
    return [settings | {"random_state": seed} for settings in [defaults, *others][:count]]


def show_varied(best: Trial, trials: Sequence[Trial]) -> str:
    """Return the hyperparameters in which trials differ, with the values of the best one."""
    varied = [
        f"{name} {value:g}"
        for name, value in best.hyperparameters.items()
        if any(trial.hyperparameters[name] != value for trial in trials)
    ]
    return f" ({', '.join(varied)})" if varied else ""
