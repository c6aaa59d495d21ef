"""What becomes of each column: input, category, or left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.guessing.columns import Column
from ingest.guessing.leaks import find_leak
from ingest.guessing.names import names_code, names_identifier
from ingest.guessing.targets import Target

CODES_MAX = 100
"""An integer called id or code with at most so many values is a category."""
CATEGORIES_MANY = 1000
MANY_SHARE = 0.2


@dataclass(frozen=True)
class Role:
    """What becomes of a column that is not the target."""

    column: Column
    excluded: str | None = None
    """Why it is left out; None for an input."""
    is_category: bool = False
    """Whether its integers are codes."""
    warning: str | None = None
    """What to look at, of an input."""

    @property
    def is_text(self) -> bool:
        return self.column.is_free_text and not self.column.is_constant and not self.column.private

    @property
    def is_group(self) -> bool:
        """Whether it names something that several rows belong to."""
        is_key = bool(self.excluded) and names_identifier(self.column.name)
        return is_key and not self.column.is_unique and not self.column.is_constant


def choose_roles(columns: Sequence[Column], target: Target, *, sample: pa.Table) -> list[Role]:
    """Return the role of each column but the target, which a sample of rows is compared with."""
    return [
        _role(column, target, sample=sample) for column in columns if column is not target.column
    ]


def _role(column: Column, target: Target, *, sample: pa.Table) -> Role:
    if why := _why_useless(column):
        return Role(column, excluded=why)
    leak = find_leak(column, target, sample=sample)
    if leak and leak.is_copy:
        return Role(column, excluded=f"a leak: {leak.reason}")
    is_category = column.kind == "integer" and _is_code(column)
    told = f"perhaps a leak: {leak.reason}; if it is known too late, exclude it" if leak else None
    return Role(column, is_category=is_category, warning=told or _warning(column))


def _why_useless(column: Column) -> str | None:
    if column.is_constant:
        return "no values" if not column.present else "one value in all rows"
    if column.private and not column.is_time:
        return f"{column.private}: a model would learn single people by heart"
    if column.is_consecutive:
        return "an identifier: it numbers the rows"
    if column.is_free_text:
        return "free text"
    if _is_identifier(column):
        return "an identifier: " + (
            "no value is there twice" if column.is_unique else "by its name"
        )
    return None


def _is_identifier(column: Column) -> bool:
    if names_identifier(column.name) and column.kind in {"integer", "string"}:
        return column.distinct.count > CODES_MAX or column.is_unique
    return column.kind == "string" and not column.doubt and column.is_nearly_unique


def _is_code(column: Column) -> bool:
    return names_code(column.name) and 2 < column.distinct.count <= CODES_MAX


def _warning(column: Column) -> str | None:
    if column.doubt:
        return column.doubt
    if column.kind == "integer" and column.is_unique:
        return "no value is there twice: an identifier? Then exclude it"
    many = column.distinct.count
    if column.kind == "string" and many > min(CATEGORIES_MANY, max(30, MANY_SHARE * column.rows)):
        return f"{many:,} different texts: more than a model can learn much of"
    return None
