"""Infer whether a missing token, such as NA, is a value of a text column."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from type_inference.missing_tokens import MISSING_MARKS, SIMILAR_VALUES, MissingTokens

from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, settings_table

_MAX_EXAMPLES = 3


@dataclass
class MissingTokenInference(MissingTokens):
    """Infers whether a missing token is a value of a text column."""

    _: KW_ONLY
    rules: Field
    are_tokens_declared: bool = False
    """Whether the settings declare the missing tokens of the column; if so, nothing is inferred."""

    @property
    def can_change(self) -> bool:
        """Whether further values can change the result."""
        return not self.are_tokens_declared and bool(self.similar)

    def add(self, values: pa.Array, trimmed: pa.Array, rows: npt.NDArray[np.intp]) -> None:
        """Add distinct texts; `values` has null for missing texts, `rows` counts each text."""
        if self.are_tokens_declared:
            return
        is_token = pc.is_in(trimmed, value_set=pa.array([*SIMILAR_VALUES])).to_numpy(
            zero_copy_only=False
        )
        is_token &= rows > 0
        for text, count in zip(
            trimmed.filter(pa.array(is_token)).to_pylist(), rows[is_token], strict=True
        ):
            if text in self.rules.missing:
                self.rows[text] += int(count)
        if self.similar:
            others = values.drop_null()
            is_mark = pc.is_in(others, value_set=pa.array(MISSING_MARKS))
            self.add_others(others.filter(pc.invert(is_mark)))

    def value_tokens(self) -> list[str]:
        """Return the tokens that are values of this column."""
        return [] if self.are_tokens_declared else super().value_tokens()

    def keys(self) -> Mapping[str, Any]:
        """Return the missing tokens without those that are values; empty if none is."""
        kept = self.value_tokens()
        remaining = [text for text in self.rules.missing if text not in kept]
        return {"missingValues": remaining} if kept else {}

    def warnings(self) -> list[str]:
        """Return a warning for each token that stays a value, although it may mean missing."""
        kept = self.value_tokens()
        remaining = [text for text in self.rules.missing if text not in kept]
        return [
            f"column {self.rules.name}: '{token}' in {self.rows[token]:,} rows may be a value like"
            f" {self._examples()}, or mean missing; it stays a value;"
            f" {settings_table(self.rules.name)} missing = {as_toml(self.rules.missing)} makes it"
            f" missing, missing = {as_toml(remaining)} confirms it"
            for token in kept
        ]

    def _examples(self) -> str:
        if self.rules.is_private:
            return "the others"
        return ", ".join(f"'{text}'" for text in [*self.others][:_MAX_EXAMPLES])
