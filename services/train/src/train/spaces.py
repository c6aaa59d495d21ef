"""Search spaces: which hyperparameters of a candidate may be tried, and from where to start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelling.trials import Hyperparameters
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution


@dataclass(frozen=True)
class Space:
    """What is varied, each within its range, and what is the same in all trials."""

    varied: Mapping[str, BaseDistribution]
    firsts: Sequence[Hyperparameters]
    """What is tried first: values that do well on many tables, the defaults before others."""
    fixed: Hyperparameters = field(default_factory=dict)


def share(low: float, high: float = 1.0) -> BaseDistribution:
    """Return a range in which equal differences matter equally."""
    return FloatDistribution(low, high)


def magnitude(low: float, high: float) -> BaseDistribution:
    """Return a range in which equal factors matter equally."""
    return FloatDistribution(low, high, log=True)


def count(low: int, high: int) -> BaseDistribution:
    """Return whole numbers, of which equal factors matter equally."""
    return IntDistribution(low, max(low, high), log=True)
