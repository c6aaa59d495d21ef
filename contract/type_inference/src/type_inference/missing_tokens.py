"""Missing tokens that may be values: NA is missing among numbers, but not beside EU and AS."""

import re
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

MISSING_MARKS = ("?", "-", "--", "–", "—")
"""Texts that mean missing if all other texts are of one type."""

WORDS = ("NA", "NaN", "nan", "NULL", "null", "None")
"""Default tokens that are also words or codes."""

SIMILAR_VALUES = {
    "NA": r"^[A-Z]{2}$",
    "nan": r"^[a-z]{3}$",
    "None": r"^[A-Z][a-z][A-Za-z]*([ -][A-Za-z]+)*$",
}
"""Default tokens that may be values, with a pattern of similar values."""

_MAX_CATEGORIES = {"None": 20}
"""Maximum number of distinct values beside a token; more are names or sentences, not categories."""


@dataclass
class MissingTokens:
    """The missing tokens of a text column, and whether one of them looks like all other values."""

    rows: Counter[str] = field(default_factory=Counter)
    """Number of rows by token."""
    similar: set[str] = field(default_factory=lambda: set(SIMILAR_VALUES))
    """Tokens that look like every other value so far."""
    others: dict[str, None] = field(default_factory=dict)
    """First other values, in order."""

    def add_others(self, others: pa.Array) -> None:
        """Add distinct trimmed texts that are neither tokens nor missing marks."""
        limit = max(_MAX_CATEGORIES.values())
        for text in others[: limit + 1].to_pylist():
            if len(self.others) <= limit:
                self.others.setdefault(text)
        self.similar = {token for token in self.similar if self._is_similar(token, others)}

    def value_tokens(self) -> list[str]:
        """Return the tokens that are values of this column."""
        return sorted(self.similar & self.rows.keys()) if self.others else []

    def _is_similar(self, token: str, others: pa.Array) -> bool:
        if len(self.others) > _MAX_CATEGORIES.get(token, len(self.others)):
            return False
        return all_match(others, SIMILAR_VALUES[token])


def all_match(texts: pa.Array, pattern: str) -> bool:
    """Return whether all texts match; the first text decides for most columns."""
    if not len(texts):
        return True
    if not re.fullmatch(pattern, texts[0].as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(texts, pattern=pattern)).as_py())
