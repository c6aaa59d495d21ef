"""Missing tokens that may be values: NA is missing among numbers, but not beside EU and AS."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean.inference.detectors import MISSING_MARKS
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, settings_table

WORDS = ("NA", "NaN", "nan", "NULL", "null", "None")
"""Default tokens that are also words or codes."""

_SIMILAR = {
    "NA": r"^[A-Z]{2}$",
    "nan": r"^[a-z]{3}$",
    "None": r"^[A-Z][a-z][A-Za-z]*([ -][A-Za-z]+)*$",
}
"""Default tokens that may be values, with a pattern of similar values."""

_LEVELS = {"None": 20}
"""A column with more distinct values holds names or sentences, not levels."""

_SHOWN = 3


@dataclass
class MissingTokenInference:
    """Infers whether a missing token is a value of a text column."""

    rules: Field
    is_stated: bool = False
    """Whether the settings declare the missing tokens; then nothing is inferred."""
    rows: Counter[str] = field(default_factory=Counter)
    """Number of rows by token."""
    similar: set[str] = field(default_factory=lambda: set(_SIMILAR))
    """Tokens that look like every other value so far."""
    others: dict[str, None] = field(default_factory=dict)
    """First other values, in order."""

    @property
    def is_open(self) -> bool:
        """Whether further values can change the result."""
        return not self.is_stated and bool(self.similar)

    def add(self, values: pa.Array, trimmed: pa.Array, rows: npt.NDArray[np.intp]) -> None:
        """Add distinct texts: `values` has null for missing ones; `rows` counts each text."""
        if self.is_stated:
            return
        is_token = pc.is_in(trimmed, value_set=pa.array([*_SIMILAR])).to_numpy(zero_copy_only=False)
        is_token &= rows > 0
        for text, count in zip(
            trimmed.filter(pa.array(is_token)).to_pylist(), rows[is_token], strict=True
        ):
            if text in self.rules.missing:
                self.rows[text] += int(count)
        if self.similar:
            others = values.drop_null()
            is_mark = pc.is_in(others, value_set=pa.array(MISSING_MARKS))
            self._compare(others.filter(pc.invert(is_mark)))

    def kept(self) -> list[str]:
        """Return the tokens that stay values."""
        found = self.similar & self.rows.keys() if self.others else set()
        return [] if self.is_stated else sorted(found)

    def keys(self) -> Mapping[str, Any]:
        """Return the schema.json key that keeps these tokens, if there are any."""
        kept = self.kept()
        left = [text for text in self.rules.missing if text not in kept]
        return {"missingValues": left} if kept else {}

    def warnings(self) -> list[str]:
        """Return a warning for each token that stays a value but may mean missing."""
        kept = self.kept()
        left = [text for text in self.rules.missing if text not in kept]
        return [
            f"column {self.rules.name}: '{token}' in {self.rows[token]:,} rows may be a value like"
            f" {self._shown()}, or mean missing; it stays a value;"
            f" {settings_table(self.rules.name)} missing = {as_toml(self.rules.missing)} makes it"
            f" missing, missing = {as_toml(left)} confirms it"
            for token in kept
        ]

    def _compare(self, others: pa.Array) -> None:
        most = max(_LEVELS.values())
        for text in others[: most + 1].to_pylist():
            if len(self.others) <= most:
                self.others.setdefault(text)
        self.similar = {token for token in self.similar if self._is_similar(token, others)}

    def _is_similar(self, token: str, others: pa.Array) -> bool:
        if len(self.others) > _LEVELS.get(token, len(self.others)):
            return False
        return all_match(others, _SIMILAR[token])

    def _shown(self) -> str:
        if self.rules.is_private:
            return "the others"
        return ", ".join(f"'{text}'" for text in [*self.others][:_SHOWN])


def all_match(texts: pa.Array, pattern: str) -> bool:
    """Return whether all texts match; the first text decides for most columns."""
    if not len(texts):
        return True
    if not re.fullmatch(pattern, texts[0].as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(texts, pattern=pattern)).as_py())
