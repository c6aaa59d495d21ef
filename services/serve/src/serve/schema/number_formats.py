"""Numbers as people write them: with units, digit groups or percent signs."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from serve.schema.signature import Column
from serve.schema.text_normalization import WHITE_SPACE

_SIGNS: Final = {"+": "", "-": "-", "\N{MINUS SIGN}": "-"}
_MARKS: Final = {"'": "'\N{RIGHT SINGLE QUOTATION MARK}", " ": " \xa0\u2009\u202f"}
"""Characters that a group character matches, if they are several."""
_AFFIX: Final = re.compile(r"[^0-9+\-−]*[^0-9+\-−\s.,'’_][^0-9+\-−]*")


def has_number_keys(column: Column) -> bool:
    """Whether the column has a number format."""
    keys = (column.affixes, column.group_char, column.decimal_char, column.percent)
    return any(key is not None for key in keys)


def written_number(column: Column) -> str:
    """Return a number in the column's format."""
    whole = "12" if column.percent else f"1{column.group_char or ''}234"
    fraction = "" if column.type == "integer" else f"{column.decimal_char or '.'}5"
    number = f"{whole}{fraction}{' %' if column.percent else ''}"
    affix = column.affixes[0] if column.affixes else ""
    is_currency = any(unicodedata.category(character) == "Sc" for character in affix)
    return (f"{affix} {number}" if is_currency else f"{number} {affix}").strip()


def compile_plain_number(column: Column) -> Callable[[str], str]:
    """Return the function that converts a trimmed text to a plain number.

    It raises ValueError for a text in another format; its result may still not be a number.

    Raises:
        ValueError: A key is invalid, or two contradict each other.
    """
    _check_keys(column)
    point, marks = column.decimal_char or ".", _marks(column)
    affixes = sorted(column.affixes or (), key=len, reverse=True)
    is_digits = re.compile(_pattern(point, marks)).fullmatch
    plain = str.maketrans(point, ".", marks)

    def plain_number(text: str) -> str:
        sign, rest = _take_sign(text)
        if affix := next(filter(rest.startswith, affixes), ""):
            rest = rest[len(affix) :].lstrip(WHITE_SPACE)
            if not sign:
                sign, rest = _take_sign(rest)
        if affix := next(filter(rest.endswith, affixes), ""):
            rest = rest[: -len(affix)].rstrip(WHITE_SPACE)
        exponent = ""
        if column.percent:
            rest, exponent = _without_percent(rest), "e-2"
        if not is_digits(rest):
            raise ValueError(text)
        return _SIGNS.get(sign, "") + rest.translate(plain) + exponent

    return plain_number


def _marks(column: Column) -> str:
    return _MARKS.get(column.group_char, column.group_char) if column.group_char else ""


def _pattern(point: str, marks: str) -> str:
    """Return a pattern of unsigned numbers, which also matches some texts that are not numbers."""
    grouped = f"[1-9][0-9]{{0,2}}(?:[{marks}][0-9]{{3}})+|" if marks else ""
    return rf"(?:{grouped}[0-9]*+)(?:\{point}[0-9]*+)?+(?:[eE][+-]?[0-9]++)?+"


def _take_sign(text: str) -> tuple[str, str]:
    return (text[0], text[1:]) if text[:1] in _SIGNS else ("", text)


def _without_percent(text: str) -> str:
    if not text.endswith("%"):
        raise ValueError(text)
    return text[:-1].rstrip(WHITE_SPACE)


def _check_keys(column: Column) -> None:
    if (column.decimal_char or ".") == column.group_char:
        raise ValueError(f"groupChar and decimalChar are both {column.group_char!r}")
    if column.percent and "%" in (column.affixes or ()):
        raise ValueError("affixes: a percentage has its % already")
    for affix in column.affixes or ():
        if affix != affix.strip(WHITE_SPACE) or not _AFFIX.fullmatch(affix):
            raise ValueError(f"affixes: {affix!r} is not a text beside a number")
