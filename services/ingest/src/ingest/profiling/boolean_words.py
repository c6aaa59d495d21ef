"""Booleans written as two words, such as yes and no, with the same rules as clean."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ingest.profiling.cell_types import CellType

_WORDS = (
    *(("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off")),
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)

COUNTRY_CODES = {"SI", "NO"}
"""The only pair whose words in upper case are both country codes."""


@dataclass(frozen=True)
class BooleanWords:
    """The words of a boolean column."""

    kind: ClassVar[CellType] = "boolean"

    yes: str
    no: str

    @property
    def keys(self) -> Mapping[str, object]:
        """The equivalent settings of clean."""
        return {"true_values": _cases(self.yes), "false_values": _cases(self.no)}


def find_boolean_words(texts: Collection[str]) -> BooleanWords | None:
    """Return the first pair of words that both occur, if there is no other text."""
    if {*texts} == COUNTRY_CODES:
        return None
    for yes, no in _WORDS:
        both = [{*texts} & {*_cases(word)} for word in (yes, no)]
        if all(both) and {*texts} == set.union(*both):
            return BooleanWords(yes, no)
    return None


def _cases(word: str) -> list[str]:
    return list(dict.fromkeys([word, word.capitalize(), word.upper()]))
