"""Search spaces: ranges of hyperparameters, and the first values to try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from modelling.model_selection.trials import Hyperparameters
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution


@dataclass(frozen=True)
class Space:
    """Varied hyperparameters with their ranges, and fixed hyperparameters."""

    varied: Mapping[str, BaseDistribution]
    starting_points: Sequence[Hyperparameters]
    """First values to try: the defaults, then values that do well on many tables."""
    fixed: Hyperparameters = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All hyperparameters of the space."""
        return [*self.varied, *self.fixed]

    def fix(self, given: Hyperparameters) -> "Space":
        """Return the space with these values fixed; a range of one value is not varied.

        Starting points that become equal are kept once.
        """
        if not given:
            return self
        single = {
            name: self.starting_points[0][name]
            for name, values in self.varied.items()
            if values.single()
        }
        fixed = self.fixed | single | given
        varied = {name: values for name, values in self.varied.items() if name not in fixed}
        points = [{name: point[name] for name in varied} for point in self.starting_points]
        distinct = [point for index, point in enumerate(points) if point not in points[:index]]
        return replace(self, varied=varied, starting_points=distinct, fixed=fixed)


def share(low: float, high: float = 1.0) -> BaseDistribution:
    """Return a range with a uniform distribution."""
    return FloatDistribution(low, high)


def magnitude(low: float, high: float) -> BaseDistribution:
    """Return a range with a log-uniform distribution."""
    return FloatDistribution(low, high, log=True)


def count(low: int, high: int) -> BaseDistribution:
    """Return a range of integers with a log-uniform distribution."""
    return IntDistribution(low, max(low, high), log=True)
