"""One spelling for the texts of a column: normal form, case, white space, synonyms."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import pyarrow as pa

from clean.parsing.text_cells import WHITE_SPACE

type NormalForm = Literal["NFC", "NFKC"]
type Case = Literal["lower", "upper"]

_RUN = re.compile(f"[{WHITE_SPACE}]+")


@dataclass(frozen=True)
class Spelling:
    """What makes one text of those that mean the same; see the contract's step 3."""

    unicode: NormalForm | None = None
    case: Case | None = None
    is_collapsed: bool = False
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def apply(self, trimmed: pa.Array) -> pa.Array:
        """Return trimmed texts in this spelling; null stays null."""
        # Python rather than Arrow: serve has the same tables, and a spelled column repeats itself.
        spelled = [None if text is None else self.spell(text) for text in trimmed.to_pylist()]
        return pa.array(spelled, pa.string())

    @property
    def keys(self) -> list[str]:
        """The keys of schema.json that are set."""
        is_set = {
            "unicode": self.unicode,
            "case": self.case,
            "whitespace": self.is_collapsed,
            "synonyms": self.synonyms,
        }
        return [key for key, value in is_set.items() if value]

    def changes(self, trimmed: str) -> list[str]:
        """Return the keys that a trimmed text is not right by."""
        alone = {
            "unicode": Spelling(unicode=self.unicode),
            "case": Spelling(case=self.case),
            "whitespace": Spelling(is_collapsed=self.is_collapsed),
        }
        made = [key for key, spelling in alone.items() if spelling.spell(trimmed) != trimmed]
        return [*made, "synonyms"] if self.without_synonyms(trimmed) in self.synonyms else made

    def spell(self, trimmed: str) -> str:
        """Return a trimmed text in this spelling."""
        text = self.without_synonyms(trimmed)
        return self.synonyms.get(text, text)

    def without_synonyms(self, trimmed: str) -> str:
        """Return a trimmed text as synonyms are looked up."""
        text = self._normal(trimmed)
        if self.case:
            text = self._normal(_cased(text, self.case))
        if self.is_collapsed:
            text = _RUN.sub(" ", text)
        return text.strip(WHITE_SPACE) if self.is_collapsed or self.unicode else text

    def check_words(self, words: Iterable[str]) -> None:
        """Check that words of the settings are met as they are written.

        Raises:
            ValueError: one never is, so that nothing would come of it, or another text.
        """
        for word in (*words, *self.synonyms, *self.synonyms.values()):
            seen = self.without_synonyms(word.strip(WHITE_SPACE))
            if seen != word or not word:
                raise ValueError(f"no text is {word!r} by then; write {seen!r}")
        for text, replacement in self.synonyms.items():
            if replacement != text and replacement in self.synonyms:
                raise ValueError(f"{text!r} becomes {replacement!r}, which is replaced itself")

    def _normal(self, text: str) -> str:
        return unicodedata.normalize(self.unicode, text) if self.unicode else text


def _cased(text: str, case: Case) -> str:
    if text.isascii():
        return text.lower() if case == "lower" else text.upper()
    return "".join(_simple_mapping(character, case) for character in text)


@lru_cache(maxsize=4096)
def _simple_mapping(character: str, case: Case) -> str:
    """Return Unicode's simple mapping of a character; Python knows the full one.

    Where that has several characters, the simple one is i for İ, else that of titles, if it is one
    character, else there is none.
    """
    if case == "lower":
        return "i" if character == "\u0130" else character.lower()
    forms = (character.upper(), character.title(), character)
    return next(form for form in forms if len(form) == 1)
