"""Roles: whether a column is an input, and how it is encoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from stage_contract import ContractError, SettingsError

from features.column_settings import ColumnSetting
from features.data.columns import Column
from features.data.tensors import as_texts
from features.preprocessing.tokenizer import frequent_words
from features.settings import Settings

RoleName = Literal["input", "target", "weight", "group", "excluded", "constant", "identifier"]
Encoding = Literal[
    "number", "boolean", "one-hot", "ordered", "frequency-and-ordinal", "date-parts", "text"
]


@dataclass(frozen=True)
class Role:
    """The role of one column."""

    column: Column
    name: RoleName
    encoding: Encoding | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    """For a categorical input: fitted rows by category, most frequent first, ties by text.

    For an ordered input, categories have the order of the settings; 0 without a fitted row.
    """
    words: tuple[str, ...] = ()
    """For a text: words that become features, in alphabetical order; a pair has a space."""


@dataclass(frozen=True)
class RoleRules:
    """The rules that decide the role of a column."""

    target: str
    excluded: frozenset[str]
    forced: frozenset[str]
    """Columns that the settings declare as categories."""
    rare_below: int
    """A category with fewer fitted rows is rare."""
    one_hot_up_to: int
    weight: str | None = None
    group: str | None = None
    columns: Mapping[str, ColumnSetting] = field(default_factory=dict)
    """Settings of single columns."""

    @classmethod
    def from_settings(cls, settings: Settings, *, fit_rows: int) -> "RoleRules":
        """Return the rules; by default the threshold of rare categories depends on fitted rows."""
        return cls(
            target=settings.target.column,
            excluded=frozenset(settings.exclude),
            forced=frozenset(settings.categories),
            rare_below=settings.min_category_rows or min(5, max(2, fit_rows // 100)),
            one_hot_up_to=settings.one_hot_up_to,
            weight=settings.weight_column,
            group=settings.group_column,
            columns=settings.columns,
        )

    def choose_role(self, column: Column, *, is_constant: bool, values: pa.ChunkedArray) -> Role:
        """Return the role of an input column, given its values in the fit sample.

        Raises:
            SettingsError: The order contains no value of the column.
            ContractError: A text column has no frequent word.
        """
        if is_constant:
            return Role(column, "constant")
        setting = self.columns.get(column.name, ColumnSetting())
        if setting.encoding == "text":
            return self._text_role(column, values, setting=setting)
        if setting.order is not None:
            return _ordered_role(column, count_texts(values), order=setting.order)
        if column.type == "string" or column.name in self.forced:
            return self._category_role(column, count_texts(values))
        if column.is_temporal:
            return Role(column, "input", "date-parts")
        return Role(column, "input", "boolean" if column.type == "boolean" else "number")

    def _text_role(
        self, column: Column, values: pa.ChunkedArray, *, setting: ColumnSetting
    ) -> Role:
        words = frequent_words(
            as_texts(values),
            min_texts=self.rare_below,
            max_words=setting.max_words,
            with_pairs=setting.ngram_range == (1, 2),
        )
        if not words:
            raise ContractError(
                f"text column '{column.name}': no word stands in {self.rare_below} of"
                f" {len(values):,} fitted rows; leave encoding out, or lower min_category_rows in"
                " [features]"
            )
        return Role(column, "input", "text", words=words)

    def _category_role(self, column: Column, rows: Mapping[str, int]) -> Role:
        frequent = {text: count for text, count in rows.items() if count >= self.rare_below}
        # Values that do not repeat teach nothing: names, keys, free text.
        if column.name not in self.forced and not frequent.keys() - {""}:
            return Role(column, "identifier")
        if frequent and len(frequent) <= self.one_hot_up_to:
            return Role(column, "input", "one-hot", rows)
        return Role(column, "input", "frequency-and-ordinal", frequent or rows)


def _ordered_role(column: Column, rows: Mapping[str, int], *, order: Sequence[str | int]) -> Role:
    categories = {text: rows.get(text, 0) for text in map(str, order)}
    if not any(categories.values()):
        raise SettingsError(
            f"[features.columns] {column.name}.order: none of its values is in the column; expected"
            " the values as clean writes them, from the lowest to the highest"
        )
    return Role(column, "input", "ordered", categories)


def count_texts(values: pa.ChunkedArray) -> dict[str, int]:
    """Return rows by text, most frequent first, ties by text; missing is the empty text."""
    texts, rows = pc.value_counts(pa.array(as_texts(values), pa.string())).flatten()
    counts = zip(texts.to_pylist(), rows.to_pylist(), strict=True)
    return dict(sorted(counts, key=lambda item: (-item[1], item[0])))
