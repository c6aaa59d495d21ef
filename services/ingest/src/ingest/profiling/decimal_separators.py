"""The decimal separator of a table, with the same rules as clean."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NAMES = {".": "point", ",": "comma"}


@dataclass(frozen=True)
class DecimalSeparators:
    """The columns of a table by decimal separator, where it is unambiguous."""

    commas: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    """Columns with digit groups, a unit, or a percent sign."""
    plain_points: list[str] = field(default_factory=list)
    """Columns of plain numbers, as programs write them."""

    def add(self, column: str, decimal: str, *, is_plain: bool) -> None:
        """Add a column whose numbers all have this decimal separator."""
        if decimal == ",":
            self.commas.append(column)
        else:
            (self.plain_points if is_plain else self.points).append(column)

    def evidence(self, *, is_bare: bool) -> Sequence[tuple[str, str]]:
        """Return one column for each decimal separator that the table shows.

        Plain numbers are no evidence for numbers with a currency, unit or percent sign.
        """
        points = [*self.points, *self.plain_points] if is_bare else self.points
        return [(",", it) for it in self.commas[:1]] + [(".", it) for it in points[:1]]
