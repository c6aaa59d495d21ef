"""Booleans written as two words, such as yes and no."""

from collections.abc import Collection
from typing import NamedTuple

_WORDS = (
    *(("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off")),
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)

COUNTRY_CODES = {"SI", "NO"}
"""The only pair whose words in upper case are both country codes."""

MAX_WORDS = 12
"""Maximum number of distinct texts for a pair of words."""


class BooleanWords(NamedTuple):
    """The two words of a boolean column, each in several cases."""

    true_values: list[str]
    false_values: list[str]


def find_boolean_words(texts: Collection[str]) -> BooleanWords | None:
    """Return the first pair of words that both occur, if there is no other text."""
    distinct_texts = {*texts}
    if distinct_texts == COUNTRY_CODES:
        return None
    for words in _PAIRS:
        if distinct_texts <= {*words.true_values, *words.false_values} and all(
            distinct_texts & {*cases} for cases in words
        ):
            return words
    return None


def may_be_boolean_words(texts: Collection[str]) -> bool:
    """Return whether all texts belong to one pair, whose other word may still follow."""
    return any({*texts} <= {*words.true_values, *words.false_values} for words in _PAIRS)


def _cases(word: str) -> list[str]:
    return list(dict.fromkeys([word, word.capitalize(), word.upper()]))


_PAIRS = [BooleanWords(_cases(yes), _cases(no)) for yes, no in _WORDS]
