"""The decimal separator of a table, from the columns that are not ambiguous."""

from dataclasses import dataclass, field
from typing import NamedTuple

SEPARATOR_NAMES = {".": "point", ",": "comma"}
"""Name of each decimal separator, for messages."""


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

        `is_bare` is true if the ambiguous numbers have no currency, unit or percent sign. If they
        have one (`1.234 €`), columns of plain numbers (0.5) do not count: programs write plain
        numbers, and people write units.
        """
        points = [*self.points, *self.plain_points] if is_bare else self.points
        return [SeparatorEvidence(",", column) for column in self.commas[:1]] + [
            SeparatorEvidence(".", column) for column in points[:1]
        ]
