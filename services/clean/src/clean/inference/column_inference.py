"""Protocol of type inference, and type inference for string and integer columns."""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells

from clean.inference.messages import beyond_limit
from clean.inference.mismatches import Position
from clean.inference.missing_tokens import MissingTokenInference
from clean.parsing.arrays import count_occurrences, distinct_texts
from clean.parsing.typed_cells import read_native
from clean.schema.field_descriptions import ColumnType
from clean.schema.fields import Field


class TypeInference(Protocol):
    """Reads a column batch by batch, then infers its type."""

    def add(self, cells: pa.Array, *, first_row: int) -> None: ...

    def infer(self) -> ColumnType: ...

    def ambiguity(self) -> str | None:
        """Return the two possible formats of an ambiguous column, and the settings to choose."""

    def warning(self) -> str | None: ...

    def hints(self) -> list[str]:
        """Return other possible interpretations of the values."""

    @property
    def can_change(self) -> bool:
        """Whether more cells can change the result."""


@dataclass
class StringInference:
    """A column that stays a string; only its missing tokens are inferred."""

    token_inference: MissingTokenInference

    def add(self, cells: pa.Array, *, first_row: int) -> None:  # noqa: ARG002  # protocol
        """Add the next cells of the column; each distinct text is parsed once."""
        distinct, indices = distinct_texts(cells)
        trimmed = text_cells.trim(distinct)
        rows = count_occurrences(indices, len(distinct))
        missing = pc.or_(
            text_cells.is_missing(trimmed, self.token_inference.rules.missing), pa.array(rows == 0)
        )
        self.token_inference.add(text_cells.mask_missing(trimmed, missing), trimmed, rows)

    def infer(self) -> ColumnType:
        """Return string, without the missing tokens that are values of this column."""
        return ColumnType("string", self.token_inference.keys())

    def ambiguity(self) -> str | None:
        return None

    def warning(self) -> str | None:
        return None

    def hints(self) -> list[str]:
        """Return the missing tokens that stay values."""
        return self.token_inference.warnings()

    @property
    def can_change(self) -> bool:
        return self.token_inference.can_change


@dataclass
class IntegerInference:
    """A typed integer column; it becomes a string if a value is beyond ±2⁵³."""

    rules: Field
    first_beyond: Position | None = None
    """First value beyond ±2⁵³."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Add the next cells of the column."""
        integers = read_native(cells, "integer", timezone=self.rules.timezone)
        is_beyond = pc.and_(pc.is_null(integers), pc.is_valid(cells))
        if self.first_beyond is None and pc.any(is_beyond).as_py():
            position = pc.index(is_beyond, True).as_py()
            self.first_beyond = first_row + position, str(cells[position].as_py())

    def infer(self) -> ColumnType:
        """Return integer, or string if a double cannot hold every value."""
        return ColumnType("string" if self.first_beyond else "integer")

    def ambiguity(self) -> str | None:
        return None

    def warning(self) -> str | None:
        """Return a warning if the column becomes a string."""
        return beyond_limit(self.rules, self.first_beyond) if self.first_beyond else None

    def hints(self) -> list[str]:
        return []

    @property
    def can_change(self) -> bool:
        return self.first_beyond is None
