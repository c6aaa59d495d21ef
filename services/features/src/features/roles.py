"""Roles: what becomes of each column, and how the inputs are encoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from stage_contract import SettingsError

from features.columns import Column, require_known
from features.settings import Settings
from features.tensors import as_texts

RoleName = Literal["input", "target", "weight", "group", "excluded", "constant", "identifier"]
Encoding = Literal["number", "boolean", "one-hot", "frequency-and-ordinal", "date-parts"]


@dataclass(frozen=True)
class Role:
    """What becomes of one column."""

    column: Column
    name: RoleName
    encoding: Encoding | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    """Of an input of categories: fitted rows by category, most frequent first, ties by text."""


@dataclass(frozen=True)
class RoleRules:
    """What decides about a column."""

    target: str
    excluded: frozenset[str]
    forced: frozenset[str]
    """Columns that are categories because the settings say so."""
    rare_below: int
    """A category with fewer fitted rows is rare."""
    one_hot_up_to: int
    weight: str | None = None
    group: str | None = None

    @classmethod
    def of(cls, settings: Settings, *, fit_rows: int) -> "RoleRules":
        """Return the rules; what is rare depends on the fitted rows unless it is set."""
        return cls(
            target=settings.target.column,
            excluded=frozenset(settings.exclude),
            forced=frozenset(settings.categories),
            rare_below=settings.min_category_rows or min(5, max(2, fit_rows // 100)),
            one_hot_up_to=settings.one_hot_up_to,
            weight=settings.weight_column,
            group=settings.group_column,
        )

    def of_column(self, column: Column, *, is_constant: bool, values: pa.ChunkedArray) -> Role:
        """Return the role of an input column, given its values in the fit sample."""
        if is_constant:
            return Role(column, "constant")
        if column.type == "string" or column.name in self.forced:
            return self._of_categories(column, count_texts(values))
        if column.is_time:
            return Role(column, "input", "date-parts")
        return Role(column, "input", "boolean" if column.type == "boolean" else "number")

    def _of_categories(self, column: Column, rows: Mapping[str, int]) -> Role:
        frequent = {text: count for text, count in rows.items() if count >= self.rare_below}
        # Where no text repeats there is nothing to learn: a name, a key, free text.
        if column.name not in self.forced and not frequent.keys() - {""}:
            return Role(column, "identifier")
        if frequent and len(frequent) <= self.one_hot_up_to:
            return Role(column, "input", "one-hot", rows)
        return Role(column, "input", "frequency-and-ordinal", frequent or rows)


def check_columns(columns: Sequence[Column], settings: Settings) -> None:
    """Check that `exclude` and `categories` name fitting columns.

    Raises:
        SettingsError: one is unknown or has a type that is no category.
    """
    require_known(settings.exclude, columns, setting="exclude")
    require_known(settings.categories, columns, setting="categories")
    for column in columns:
        if column.name in settings.categories and column.type not in {"string", "integer"}:
            raise SettingsError(
                f"[features] categories = '{column.name}': is a {column.type};"
                " expected columns of texts or integers"
            )


def check_companions(columns: Sequence[Column], settings: Settings) -> None:
    """Check that `weight_column` and `group_column` name fitting columns.

    Raises:
        SettingsError: one is unknown, the target, or no number where there has to be one.
    """
    known = {column.name: column for column in columns}
    for setting in ("weight_column", "group_column"):
        name = getattr(settings, setting)
        if name is None:
            continue
        require_known([name], columns, setting=setting)
        where = f"[features] {setting} = '{name}'"
        if name == settings.target.column:
            raise SettingsError(f"{where}: is the target; expected another column")
        if setting == "weight_column" and known[name].type not in {"number", "integer"}:
            raise SettingsError(f"{where}: is a {known[name].type}; expected a column of numbers")
    if settings.weight_column is not None and settings.weight_column == settings.group_column:
        raise SettingsError(
            f"[features] weight_column = '{settings.weight_column}': is the group_column, too;"
            " expected two columns"
        )


def count_texts(values: pa.ChunkedArray) -> dict[str, int]:
    """Return rows by text, most frequent first, ties by text; missing is the empty text."""
    texts, rows = pc.value_counts(pa.array(as_texts(values), pa.string())).flatten()
    counts = zip(texts.to_pylist(), rows.to_pylist(), strict=True)
    return dict(sorted(counts, key=lambda item: (-item[1], item[0])))
