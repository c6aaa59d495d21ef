"""The decimal separator of a table, from the columns that are not ambiguous."""

from dataclasses import dataclass, field
from typing import NamedTuple

NAMES = {".": "point", ",": "comma"}


class SeparatorEvidence(NamedTuple):
    """A column that shows a decimal separator."""

    decimal: str
    column: str


@dataclass(frozen=True)
class DecimalSeparators:
    """The columns of a table by decimal separator."""

    commas: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    """Columns with digit groups, a unit, a percent sign, or declared formats."""
    plain_points: list[str] = field(default_factory=list)
    """Columns of plain numbers, as programs write them."""

    def add(self, column: str, decimal: str, *, is_plain: bool) -> None:
        """Add a column whose numbers all have this decimal separator."""
        if decimal == ",":
            self.commas.append(column)
        else:
            (self.plain_points if is_plain else self.points).append(column)

    def evidence(self, *, is_bare: bool) -> list[SeparatorEvidence]:
        """Return one column for each decimal separator that the table shows.

        `is_bare` is true if the ambiguous numbers have no currency, unit or percent sign. A plain
        0.5 beside `1.234 €` is no evidence: a program wrote one, and a person the other.
        """
        points = [*self.points, *self.plain_points] if is_bare else self.points
        return [SeparatorEvidence(",", it) for it in self.commas[:1]] + [
            SeparatorEvidence(".", it) for it in points[:1]
        ]
