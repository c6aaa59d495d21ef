"""A hint for text columns of a typed source whose values all look like another type."""

from dataclasses import dataclass

import pyarrow as pa
from type_inference.field_types import EXPECTED

from clean.inference.text_columns import TextInference


@dataclass
class TypeHint:
    """Suggests a type for a text column of a typed source, which stays a string.

    The type of the source wins, so no second pass over the rows is needed.
    """

    inference: TextInference

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Add the next cells of the column, while all values may be of another type."""
        if not all(mismatches.rows for mismatches in self.inference.mismatches.values()):
            self.inference.add(cells, first_row=first_row)

    def hint(self) -> str | None:
        """Return, after the last cells, the setting that converts the column."""
        kind, name = self.inference.infer().kind, self.inference.rules.name
        if kind == "string":
            return None
        return (
            f"column {name} stays a string, as in the source, though each value is"
            f' {EXPECTED[kind]}; [clean.columns.{name}] type = "{kind}" makes it one'
        )
