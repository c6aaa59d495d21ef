"""Sizes of tree ensembles: numbers of trees and leaves, given the fixed hyperparameters."""

from dataclasses import dataclass

from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError

_LEAVES = "max_leaf_nodes"
_MIN_LEAVES = 8


@dataclass(frozen=True)
class Sizes:
    """Default sizes of a tree ensemble, and the limits of a server."""

    candidate: str
    count: str
    """Hyperparameter with the number of iterations or trees."""
    default: int
    """Default of that hyperparameter."""
    values_per_leaf: int
    """Values of a leaf, or trees per iteration: one for each class."""
    max_leaves: int
    """Default maximum number of leaves of a tree."""
    max_total: int
    """Maximum number of leaves of all trees together, times `values_per_leaf`."""

    def choose(self, given: Hyperparameters) -> tuple[int, int]:
        """Return the count and the maximum leaves of a tree; values that are not fixed adapt.

        Raises:
            SettingsError: The fixed values are too large for a server.
        """
        # With very many classes, the smallest useful size exceeds the limit.
        limit = max(
            self.max_total, self.default * self.values_per_leaf * self._leaves(self.default)
        )
        if _LEAVES in given:
            leaves = int(given[_LEAVES])
            fitting = max(1, limit // (leaves * self.values_per_leaf))
            count = int(given.get(self.count, min(self.default, fitting)))
        else:
            count = int(given.get(self.count, self.default))
            leaves = self._leaves(count)
        total = count * self.values_per_leaf * leaves
        if total > limit:
            per_class = (
                f" for each of {self.values_per_leaf} classes" if self.values_per_leaf > 1 else ""
            )
            raise SettingsError(
                f"[train] hyperparameters.{self.candidate}: {self.count} = {count} and"
                f" {_LEAVES} = {leaves}{per_class} are {total:,} leaves in all;"
                f" expected {limit:,} at most, as a server holds; lower the fixed values"
            )
        return count, leaves

    def _leaves(self, count: int) -> int:
        return max(
            _MIN_LEAVES, min(self.max_leaves, self.max_total // (count * self.values_per_leaf))
        )
