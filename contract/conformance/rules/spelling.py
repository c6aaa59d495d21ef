"""Texts of a string field in one spelling: normal form, case, white space, synonyms."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from conformance.rules.values import WHITE_SPACE

_RUN = re.compile(f"[{WHITE_SPACE}]+")


def respell(text: str, field: Mapping[str, Any]) -> str:
    """Return a trimmed text as the field's keys want it."""
    text = _normal(text, field)
    match field.get("case"):
        case "lower":
            text = _normal("".join(map(_lower, text)), field)
        case "upper":
            text = _normal("".join(map(_upper, text)), field)
    if "whitespace" in field:
        text = _RUN.sub(" ", text)
    if "whitespace" in field or "unicode" in field:
        text = text.strip(WHITE_SPACE)
    synonyms: Mapping[str, str] = field.get("synonyms", {})
    return synonyms.get(text, text)


def _normal(text: str, field: Mapping[str, Any]) -> str:
    return unicodedata.normalize(field["unicode"], text) if "unicode" in field else text


def _lower(character: str) -> str:
    """Return the simple mapping; Python knows the full one, which differs for İ alone."""
    return "i" if character == "\u0130" else character.lower()


def _upper(character: str) -> str:
    """Return the simple mapping; where the full one has several characters, it is that of titles.

    If that has several, too, there is none.
    """
    alone = [form for form in (character.upper(), character.title()) if len(form) == 1]
    return alone[0] if alone else character
