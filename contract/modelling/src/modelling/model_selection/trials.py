"""Trials: hyperparameters and their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sklearn.model_selection import ParameterGrid, ParameterSampler
from stage_contract import LOGGER

from modelling.model_selection.metrics import Metric

type Hyperparameters = dict[str, float]
type Space = Mapping[str, Sequence[float]]
"""Values by hyperparameter; the first are the defaults, which are tried first."""

BASELINE = "dummy"
"""Name of the baseline among the trials, as scikit-learn calls it."""


@dataclass(frozen=True)
class Trial:
    """Hyperparameters of one estimator, and its score on rows outside its fit."""

    name: str
    hyperparameters: Hyperparameters
    score: float
    deviation: float
    """Standard deviation of the score."""
    pruned: bool = False
    """Whether the trial was pruned after the first fold; `score` is then that of the first fold."""


@dataclass(frozen=True)
class Search:
    """Extent of a search for hyperparameters."""

    trials: int
    """Number of trials; the baseline is not counted."""
    cut: bool
    """Whether the time budget ended the search; then another machine may find another result."""


def rank(trials: Sequence[Trial], metric: Metric) -> list[Trial]:
    """Return trials best first, pruned trials last."""
    sign = -1 if metric.higher_is_better else 1
    return sorted(trials, key=lambda trial: (trial.pruned, sign * trial.score))


def sample_hyperparameters(space: Space, *, count: int, seed: int) -> list[Hyperparameters]:
    """Return `count` different settings, the defaults first; fewer if the space is smaller."""
    defaults = {name: values[0] for name, values in space.items()}
    size = min(count + 1, len(ParameterGrid(space)))
    sampled = ParameterSampler(space, size, random_state=seed)
    others = [{name: drawn[name] for name in space} for drawn in sampled if drawn != defaults]
    return [settings | {"random_state": seed} for settings in [defaults, *others][:count]]


def best_of(trials: Sequence[Trial]) -> Trial:
    """Return the first ranked trial that is not the baseline."""
    return next(trial for trial in trials if trial.name != BASELINE)


def log_best(trials: Sequence[Trial], metric: Metric, *, where: str) -> None:
    """Log the best of ranked trials of one kind, with the hyperparameters that were varied."""
    best = trials[0]
    varied = [
        f"{name} {value:g}"
        for name, value in best.hyperparameters.items()
        if any(trial.hyperparameters[name] != value for trial in trials)
    ]
    LOGGER.info(
        "%s: %s %s ± %s %s, best of %d%s",
        best.name,
        metric.name,
        metric.show(best.score),
        metric.show(best.deviation),
        where,
        len(trials),
        f" ({', '.join(varied)})" if varied else "",
        extra={"candidate": best.name, "score": best.score, "deviation": best.deviation},
    )
