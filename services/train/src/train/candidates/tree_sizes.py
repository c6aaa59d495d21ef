"""Sizes: how many trees and leaves there may be, beside those that a user holds."""

from dataclasses import dataclass

from modelling.model_selection.trials import Hyperparameters
from stage_contract import SettingsError

_LEAVES = "max_leaf_nodes"
_LEAVES_MIN = 8


@dataclass(frozen=True)
class Sizes:
    """What a candidate of trees has where nothing is held, and what a server holds of it."""

    candidate: str
    count: str
    """The hyperparameter that says how many iterations or trees there are."""
    usual: int
    """Its value."""
    each: int
    """How many trees, or values of a leaf, one of them has: one for each class."""
    leaves_max: int
    """Of a tree."""
    bound: int
    """Of all leaves together, that many times."""

    def beside(self, held: Hyperparameters) -> tuple[int, int]:
        """Return the count, and the most leaves of a tree: what is not held makes room.

        Raises:
            SettingsError: what is held is too much for a server.
        """
        # Of very many classes the least that is worth it is more.
        most = max(self.bound, self.usual * self.each * self._leaves(self.usual))
        if _LEAVES in held:
            leaves = int(held[_LEAVES])
            room = max(1, most // (leaves * self.each))
            count = int(held.get(self.count, min(self.usual, room)))
        else:
            count = int(held.get(self.count, self.usual))
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
