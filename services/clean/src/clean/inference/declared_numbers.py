"""Columns declared as numbers: whether their values show a decimal point."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells
from type_inference.decimal_separators import DecimalSeparators

from clean.parsing.arrays import count_occurrences, distinct_texts
from clean.schema.field_descriptions import ColumnType
from clean.schema.fields import Field
from clean.schema.toml_text import settings_table

_DECIMAL = r"^[+-]?[0-9]*\.[0-9]*([eE][+-]?[0-9]+)?$"
_GROUPED = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""Numbers whose point may also separate digit groups."""


@dataclass
class DeclaredNumbers:
    """A column of texts that the settings declare as numbers, with a decimal point."""

    rules: Field
    table: DecimalSeparators = field(default_factory=DecimalSeparators)
    """Decimal separators of the table, known after its last row."""
    shows_point: bool = False
    """Whether a value has a point that can only be a decimal point."""
    has_groups: bool = False
    """Whether a value has a point that may separate digit groups."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:  # noqa: ARG002  # protocol
        """Add the next cells of the column; each distinct text is parsed once."""
        distinct, indices = distinct_texts(cells)
        has_point = pc.and_(
            pc.match_substring(distinct, pattern="."),
            pa.array(count_occurrences(indices, len(distinct)) > 0),
        )
        values = text_cells.trim(distinct.filter(has_point))
        decimals = values.filter(pc.match_substring_regex(values, pattern=_DECIMAL))
        are_groups = pc.match_substring_regex(decimals, pattern=_GROUPED)
        self.has_groups |= pc.any(are_groups).as_py() is True
        self.shows_point |= pc.all(are_groups).as_py() is False

    def infer(self) -> ColumnType:
        """Return a number, and why 1.234 is not 1234 if the values allow both."""
        if not self._is_ambiguous or self.table.commas:
            return ColumnType("number")
        evidence = self.table.evidence(is_bare=True)
        points = [column for column in evidence if column.decimal == "."]
        why = f"column {points[0].column} has a decimal point" if points else _NO_COMMA
        return ColumnType(
            "number", why=f"{_AS_DECIMAL}, as {why}; {_REMEDY}", is_default=not points
        )

    def ambiguity(self) -> str | None:
        return None

    def warning(self) -> str | None:
        """Return that another column contradicts the declared type."""
        if not self._is_ambiguous or not self.table.commas:
            return None
        remedy = _REMEDY.replace("{where}", settings_table(self.rules.name))
        return (
            f'column {self.rules.name}: {_AS_DECIMAL}, as type = "number" has a decimal point,'
            f" though column {self.table.commas[0]} has a decimal comma; {remedy}"
        )

    def hints(self) -> list[str]:
        return []

    @property
    def can_change(self) -> bool:
        return not self.shows_point

    @property
    def _is_ambiguous(self) -> bool:
        return self.has_groups and not self.shows_point


_AS_DECIMAL = "1.234 is 1.234 and not 1234"
_NO_COMMA = "no column has a decimal comma"
_REMEDY = 'if not, set {where} group_char = ".", decimal_char = ","'
