"""Which decimal character a table has, told by the columns whose own values leave no choice."""

from dataclasses import dataclass, field
from typing import NamedTuple

NAMES = {".": "point", ",": "comma"}


class Witness(NamedTuple):
    """A column that shows the decimal character of its table."""

    decimal: str
    column: str


@dataclass(frozen=True)
class Separators:
    """The columns of a table by their decimal character."""

    commas: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    """Only with groups, a currency or unit, or a percent sign, or by the settings."""
    plain_points: list[str] = field(default_factory=list)
    """As programs write numbers, whatever people write in other columns."""

    def add(self, column: str, decimal: str, *, is_plain: bool) -> None:
        """Note a column of which every number has this decimal character, if it has one."""
        if decimal == ",":
            self.commas.append(column)
        else:
            (self.plain_points if is_plain else self.points).append(column)

    def witnesses(self, *, is_bare: bool) -> list[Witness]:
        """Return a column for each decimal character of the table that says something.

        `is_bare` says whether the doubtful numbers are without currency, unit and percent sign.
        Plain 0.5 beside `1.234 €` says nothing: a program wrote the one, and a person the other.
        """
        points = [*self.points, *self.plain_points] if is_bare else self.points
        return [Witness(",", it) for it in self.commas[:1]] + [
            Witness(".", it) for it in points[:1]
        ]
