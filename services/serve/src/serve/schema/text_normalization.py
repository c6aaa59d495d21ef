"""Text normalization: spellings of the same value become one text, by a column's rules."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from serve.schema.signature import Column

WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The Unicode property White_Space; str.strip() also removes U+001C to U+001F."""


type NormalizeText = Callable[[str], str]
"""Takes a trimmed text; the result may be missing."""

_RUNS = re.compile(f"[{WHITE_SPACE}]+")


def compile_normalization(column: Column) -> NormalizeText | None:
    """Return the function that normalizes a text; None if texts stay unchanged."""
    steps = [*_steps(column)]
    if not steps:
        return None

    def normalize_text(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return normalize_text


def _steps(column: Column) -> Iterator[NormalizeText]:
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
        yield lambda text: text.strip(WHITE_SPACE)
    if synonyms := column.synonyms:
        yield lambda text: synonyms.get(text, text)


def _lower(text: str) -> str:
    """Map each character separately, so that the length stays the same."""
    if text.isascii():
        return text.lower()
    # The only characters that Python maps by context, or to two characters.
    return text.replace("Σ", "σ").replace("İ", "i").lower()


def _upper(text: str) -> str:
    """Map each character separately, so that the length stays the same."""
    return text.upper() if text.isascii() else "".join(map(_upper_of, text))


def _upper_of(character: str) -> str:
    for mapped in (character.upper(), character.title()):
        if len(mapped) == 1:
            return mapped
    return character
