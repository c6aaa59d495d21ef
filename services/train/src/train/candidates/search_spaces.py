"""Search spaces: ranges of hyperparameters, and the first values to try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from modelling.model_selection.trials import Hyperparameters
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution


@dataclass(frozen=True)
class Space:
    """Varied hyperparameters with their ranges, and fixed ones."""

    varied: Mapping[str, BaseDistribution]
    firsts: Sequence[Hyperparameters]
    """First values to try: the defaults, then others that do well on many tables."""
    fixed: Hyperparameters = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All hyperparameters of the space."""
        return [*self.varied, *self.fixed]

    def hold(self, given: Hyperparameters) -> "Space":
        """Return the space with these values fixed; a range of one value is not varied.

        First values that become equal are kept once.
        """
        if not given:
            return self
        single = {name: self.firsts[0][name] for name, of in self.varied.items() if of.single()}
        fixed = self.fixed | single | given
        varied = {name: of for name, of in self.varied.items() if name not in fixed}
        firsts = [{name: first[name] for name in varied} for first in self.firsts]
        distinct = [first for place, first in enumerate(firsts) if first not in firsts[:place]]
        return replace(self, varied=varied, firsts=distinct, fixed=fixed)


def share(low: float, high: float = 1.0) -> BaseDistribution:
    """Return a range with a uniform distribution."""
    return FloatDistribution(low, high)


def magnitude(low: float, high: float) -> BaseDistribution:
    """Return a range with a log-uniform distribution."""
    return FloatDistribution(low, high, log=True)


def count(low: int, high: int) -> BaseDistribution:
    """Return a range of integers with a log-uniform distribution."""
    return IntDistribution(low, max(low, high), log=True)
