"""Sizes of tree ensembles: numbers of trees and leaves, given the fixed hyperparameters."""

from dataclasses import dataclass

from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError

_LEAVES = "max_leaf_nodes"
_LEAVES_MIN = 8


@dataclass(frozen=True)
class Sizes:
    """Default sizes of a tree ensemble, and the limits of a server."""

    candidate: str
    count: str
    """Hyperparameter with the number of iterations or trees."""
    usual: int
    """Default of that hyperparameter."""
    each: int
    """Trees, or values of a leaf, per iteration or tree: one for each class."""
    leaves_max: int
    """Default maximum number of leaves of a tree."""
    bound: int
    """Maximum number of leaves of all trees together, times `each`."""

    def beside(self, given: Hyperparameters) -> tuple[int, int]:
        """Return the count and the maximum leaves of a tree; values that are not fixed adapt.

        Raises:
            SettingsError: The fixed values are too large for a server.
        """
        # With very many classes, the smallest useful size exceeds the limit.
        most = max(self.bound, self.usual * self.each * self._leaves(self.usual))
        if _LEAVES in given:
            leaves = int(given[_LEAVES])
            room = max(1, most // (leaves * self.each))
            count = int(given.get(self.count, min(self.usual, room)))
        else:
            count = int(given.get(self.count, self.usual))
            leaves = self._leaves(count)
        if count * self.each * leaves > most:
            each = f" for each of {self.each} classes" if self.each > 1 else ""
            raise SettingsError(
                f"[train] hyperparameters.{self.candidate}: {self.count} = {count} and"
                f" {_LEAVES} = {leaves}{each} are {count * self.each * leaves:,} leaves in all;"
                f" expected {most:,} at most, as a server holds; lower what is held of them"
            )
        return count, leaves

    def _leaves(self, count: int) -> int:
        return max(_LEAVES_MIN, min(self.leaves_max, self.bound // (count * self.each)))
