"""Missing tokens that may be values: NA is none among numbers, but one beside EU and AS."""

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
from clean.schema.toml_text import as_toml, where_of

WORDS = ("NA", "NaN", "nan", "NULL", "null", "None")
"""The default tokens that are words or codes, too."""

_ALIKE = {
    "NA": r"^[A-Z]{2}$",
    "nan": r"^[a-z]{3}$",
    "None": r"^[A-Z][a-z][A-Za-z]*([ -][A-Za-z]+)*$",
}
"""The default tokens that may be values, with a pattern for the values that are like them."""

_LEVELS = {"None": 20}
"""With more different values the column holds names or sentences, not levels."""

_SHOWN = 3


@dataclass
class TokenLook:
    """What was seen of a column of texts that tells whether a token is one of its values."""

    rules: Field
    is_stated: bool = False
    """Whether the settings say what is missing; then nothing is decided here."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows by token."""
    alike: set[str] = field(default_factory=lambda: set(_ALIKE))
    """Tokens that look like every other value so far."""
    others: dict[str, None] = field(default_factory=dict)
    """The first other values, in their order."""

    @property
    def is_open(self) -> bool:
        """Whether further values may change the decision."""
        return not self.is_stated and bool(self.alike)

    def add(self, values: pa.Array, trimmed: pa.Array, rows: npt.NDArray[np.intp]) -> None:
        """Look at distinct texts: `values` with null for missing ones, and the rows of each."""
        if self.is_stated:
            return
        is_token = pc.is_in(trimmed, value_set=pa.array([*_ALIKE])).to_numpy(zero_copy_only=False)
        is_token &= rows > 0
        for text, count in zip(
            trimmed.filter(pa.array(is_token)).to_pylist(), rows[is_token], strict=True
        ):
            if text in self.rules.missing:
                self.rows[text] += int(count)
        if self.alike:
            others = values.drop_null()
            is_mark = pc.is_in(others, value_set=pa.array(MISSING_MARKS))
            self._compare(others.filter(pc.invert(is_mark)))

    def kept(self) -> list[str]:
        """Return the tokens that stay values, as they may be such."""
        found = self.alike & self.rows.keys() if self.others else set()
        return [] if self.is_stated else sorted(found)

    def keys(self) -> Mapping[str, Any]:
        """Return the key of the field in schema.json that keeps them, if there are some."""
        kept = self.kept()
        left = [text for text in self.rules.missing if text not in kept]
        return {"missingValues": left} if kept else {}

    def warnings(self) -> list[str]:
        """Return a line for each token that stays a value and may mean missing."""
        kept = self.kept()
        left = [text for text in self.rules.missing if text not in kept]
        return [
            f"column {self.rules.name}: '{token}' in {self.rows[token]:,} rows may be a value like"
            f" {self._shown()}, or mean missing; it stays a value;"
            f" {where_of(self.rules.name)} missing = {as_toml(self.rules.missing)} makes it"
            f" missing, missing = {as_toml(left)} confirms it"
            for token in kept
        ]

    def _compare(self, others: pa.Array) -> None:
        most = max(_LEVELS.values())
        for text in others[: most + 1].to_pylist():
            if len(self.others) <= most:
                self.others.setdefault(text)
        self.alike = {token for token in self.alike if self._is_alike(token, others)}

    def _is_alike(self, token: str, others: pa.Array) -> bool:
        if len(self.others) > _LEVELS.get(token, len(self.others)):
            return False
        return all_match(others, _ALIKE[token])

    def _shown(self) -> str:
        if self.rules.is_private:
            return "the others"
        return ", ".join(f"'{text}'" for text in [*self.others][:_SHOWN])


def all_match(texts: pa.Array, pattern: str) -> bool:
    """Return whether all texts match; the first one alone tells of most columns."""
    if not len(texts):
        return True
    if not re.fullmatch(pattern, texts[0].as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(texts, pattern=pattern)).as_py())
