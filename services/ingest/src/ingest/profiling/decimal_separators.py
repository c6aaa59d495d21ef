"""Which decimal character a table has, by the rules by which clean will tell it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NAMES = {".": "point", ",": "comma"}


@dataclass(frozen=True)
class Separators:
    """The columns of a table by their decimal character, where their own values leave no choice."""

    commas: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    """Only with groups, a currency or unit, or a percent sign."""
    plain_points: list[str] = field(default_factory=list)
    """As programs write numbers, whatever people write in other columns."""

    def add(self, column: str, decimal: str, *, is_plain: bool) -> None:
        """Note a column of which every number has this decimal character."""
        if decimal == ",":
            self.commas.append(column)
        else:
            (self.plain_points if is_plain else self.points).append(column)

    def witnesses(self, *, is_bare: bool) -> Sequence[tuple[str, str]]:
        """Return a column for each decimal character of the table that says something.

        Plain numbers say nothing of others with a currency, unit or percent sign.
        """
        points = [*self.points, *self.plain_points] if is_bare else self.points
        return [(",", it) for it in self.commas[:1]] + [(".", it) for it in points[:1]]
