"""Normalization of texts: Unicode normal form, case, white space and synonyms."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import pyarrow as pa

from type_inference.text_cells import WHITE_SPACE

type NormalForm = Literal["NFC", "NFKC"]
type Case = Literal["lower", "upper"]

_WHITE_SPACE_RUN = re.compile(f"[{WHITE_SPACE}]+")


@dataclass(frozen=True)
class Normalization:
    """How texts with the same meaning become one text; see step 3 of the contract."""

    unicode: NormalForm | None = None
    case: Case | None = None
    collapses_whitespace: bool = False
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def apply(self, trimmed: pa.Array) -> pa.Array:
        """Return the normalized texts; null stays null."""
        # With Python's Unicode tables, not Arrow's, because serve uses them, too.
        normalized = [
            None if text is None else self.normalize(text) for text in trimmed.to_pylist()
        ]
        return pa.array(normalized, pa.string())

    @property
    def keys(self) -> list[str]:
        """The keys of schema.json that are set."""
        is_set = {
            "unicode": self.unicode,
            "case": self.case,
            "whitespace": self.collapses_whitespace,
            "synonyms": self.synonyms,
        }
        return [key for key, value in is_set.items() if value]

    def changes(self, trimmed: str) -> list[str]:
        """Return the keys that change a trimmed text."""
        single_steps = {
            "unicode": Normalization(unicode=self.unicode),
            "case": Normalization(case=self.case),
            "whitespace": Normalization(collapses_whitespace=self.collapses_whitespace),
        }
        changed = [
            key
            for key, normalization in single_steps.items()
            if normalization.normalize(trimmed) != trimmed
        ]
        return (
            [*changed, "synonyms"]
            if self.normalize_except_synonyms(trimmed) in self.synonyms
            else changed
        )

    def normalize(self, trimmed: str) -> str:
        """Return the normalized text."""
        text = self.normalize_except_synonyms(trimmed)
        return self.synonyms.get(text, text)

    def normalize_except_synonyms(self, trimmed: str) -> str:
        """Return the normalized text, without replacing synonyms."""
        text = self._to_normal_form(trimmed)
        if self.case:
            text = self._to_normal_form(_change_case(text, self.case))
        if self.collapses_whitespace:
            text = _WHITE_SPACE_RUN.sub(" ", text)
        return text.strip(WHITE_SPACE) if self.collapses_whitespace or self.unicode else text

    def check_words(self, words: Iterable[str]) -> None:
        """Check that words of the settings can match a normalized text.

        Raises:
            ValueError: A word can never match, or its replacement is replaced again.
        """
        for word in (*words, *self.synonyms, *self.synonyms.values()):
            text = self.normalize_except_synonyms(word.strip(WHITE_SPACE))
            if text != word or not word:
                raise ValueError(f"{word!r} can never match after normalization; use {text!r}")
        for text, replacement in self.synonyms.items():
            if replacement != text and replacement in self.synonyms:
                raise ValueError(
                    f"{text!r} becomes {replacement!r}, which has a synonym itself; use the final"
                    " text"
                )

    def _to_normal_form(self, text: str) -> str:
        return unicodedata.normalize(self.unicode, text) if self.unicode else text


def _change_case(text: str, case: Case) -> str:
    if text.isascii():
        return text.lower() if case == "lower" else text.upper()
    return "".join(_simple_mapping(character, case) for character in text)


@lru_cache(maxsize=4096)
def _simple_mapping(character: str, case: Case) -> str:
    """Return Unicode's simple case mapping of a character; Python has only the full mapping.

    If the full mapping has several characters, the simple mapping is i for İ, else the title case
    mapping if that is one character, else the character itself.
    """
    if case == "lower":
        return "i" if character == "\u0130" else character.lower()
    mappings = (character.upper(), character.title(), character)
    return next(mapping for mapping in mappings if len(mapping) == 1)
