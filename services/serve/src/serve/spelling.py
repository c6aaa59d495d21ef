"""The rules of a column of texts: one spelling for what means the same."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from functools import partial
from operator import methodcaller

from serve.signature import Column
from serve.white_space import WHITE_SPACE

type Spell = Callable[[str], str]

_RUNS = re.compile(f"[{WHITE_SPACE}]+")


def compile_spelling(column: Column, missing: Collection[str]) -> Spell:
    """Return what trims a text, and makes one spelling of it unless it is one of `missing`."""
    trim: Spell = methodcaller("strip", WHITE_SPACE)
    steps = [*_steps(column, trim)]
    if not steps:
        return trim

    def respell(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    def spell(text: str) -> str:
        trimmed = trim(text)
        return trimmed if trimmed in missing else respell(trimmed)

    return spell


def _steps(column: Column, trim: Spell) -> Iterator[Spell]:
    normalize = partial(unicodedata.normalize, column.unicode) if column.unicode else None
    if normalize:
        yield normalize
    if column.case:
        yield {"lower": _lower, "upper": _upper}[column.case]
        if normalize:
            yield normalize
    if column.whitespace:
        yield partial(_RUNS.sub, " ")
    if column.unicode or column.whitespace:
        yield trim
    if synonyms := column.synonyms:
        yield lambda text: synonyms.get(text, text)


def _lower(text: str) -> str:
    """Map each character by itself, as many characters as before."""
    if text.isascii():
        return text.lower()
    # The only ones for which Python looks at the neighbours, or makes two of one.
    return text.replace("Σ", "σ").replace("İ", "i").lower()


def _upper(text: str) -> str:
    """Map each character by itself, as many characters as before."""
    return text.upper() if text.isascii() else "".join(map(_upper_of, text))


def _upper_of(character: str) -> str:
    for mapped in (character.upper(), character.title()):
        if len(mapped) == 1:
            return mapped
    return character
