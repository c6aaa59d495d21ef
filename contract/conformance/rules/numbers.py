"""Numbers as people write them, made into the plain texts that a number is without such keys."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from conformance.rules.values import WHITE_SPACE

_KEYS = frozenset({"affixes", "decimalChar", "groupChar", "percent"})
_SIGNS = ("+", "-", "\u2212")
_ALIKE = {" ": " \u00a0\u2009\u202f", "'": "'\u2019"}
"""The characters that a group character stands for, where it is not only itself."""

_DIGITS = re.compile(r"(?P<whole>[^eE]*?)(?P<exponent>[eE][+-]?[0-9]+)?")


def plain_number(text: str, field: Mapping[str, Any]) -> str:
    """Return a trimmed text without affixes, groups and percent sign, with a point.

    Raises:
        ValueError: it is not a number; what is returned may still be none.
    """
    if not _KEYS & field.keys():
        return text
    first, rest = _sign(text)
    if affix := _longest(field, rest.startswith):
        rest = rest.removeprefix(affix).lstrip(WHITE_SPACE)
    second, rest = _sign(rest)
    if affix := _longest(field, rest.endswith):
        rest = rest.removesuffix(affix).rstrip(WHITE_SPACE)
    if (first and second) or rest != rest.strip(WHITE_SPACE) or rest[:1] in _SIGNS:
        raise ValueError(text)
    if "percent" in field:
        rest = _hundredths(rest)
    return ("-" if first + second in ("-", "\u2212") else "") + _ungrouped(rest, field)


def _sign(text: str) -> tuple[str, str]:
    return (text[0], text[1:]) if text.startswith(_SIGNS) else ("", text)


def _longest(field: Mapping[str, Any], is_there: Callable[[str], bool]) -> str:
    """Return the longest affix that is there, else nothing."""
    return max(filter(is_there, field.get("affixes", ())), key=len, default="")


def _hundredths(text: str) -> str:
    digits = text.removesuffix("%")
    if digits == text or re.search("[eE]", digits):
        raise ValueError(text)
    return digits.rstrip(WHITE_SPACE) + "e-2"


def _ungrouped(text: str, field: Mapping[str, Any]) -> str:
    found = _DIGITS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    point, group = field.get("decimalChar", "."), field.get("groupChar")
    before, decimal, after = found["whole"].partition(point)
    if group and not before.isdigit() and before:
        first, *groups = re.split(f"[{_ALIKE.get(group, group)}]", before)
        if not 1 <= len(first) <= 3 or first[0] == "0" or any(len(item) != 3 for item in groups):
            raise ValueError(text)
        before = first + "".join(groups)
    if re.search("[^0-9]", before + after):
        raise ValueError(text)
    return before + ("." if decimal else "") + after + (found["exponent"] or "")
