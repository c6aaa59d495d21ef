"""Number formats: texts with affixes, digit groups or a percent sign become plain numbers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from conformance.rules.values import WHITE_SPACE

_KEYS = frozenset({"affixes", "decimalChar", "groupChar", "percent"})
_SIGNS = ("+", "-", "\u2212")
_EQUIVALENT_CHARS = {" ": " \u00a0\u2009\u202f", "'": "'\u2019"}
"""All characters that a group character matches, if it matches others than itself."""

_DIGITS = re.compile(r"(?P<whole>[^eE]*?)(?P<exponent>[eE][+-]?[0-9]+)?")


def plain_number(text: str, field: Mapping[str, Any]) -> str:
    """Return a trimmed text as a plain number: without affixes, groups or percent sign.

    Raises:
        ValueError: The text is not a number. A returned text may still be invalid.
    """
    if not _KEYS & field.keys():
        return text
    first, rest = _sign(text)
    if affix := _longest_affix(field, rest.startswith):
        rest = rest.removeprefix(affix).lstrip(WHITE_SPACE)
    second, rest = _sign(rest)
    if affix := _longest_affix(field, rest.endswith):
        rest = rest.removesuffix(affix).rstrip(WHITE_SPACE)
    if (first and second) or rest != rest.strip(WHITE_SPACE) or rest[:1] in _SIGNS:
        raise ValueError(text)
    if "percent" in field:
        rest = _hundredths(rest)
    return ("-" if first + second in ("-", "\u2212") else "") + _without_groups(rest, field)


def _sign(text: str) -> tuple[str, str]:
    return (text[0], text[1:]) if text.startswith(_SIGNS) else ("", text)


def _longest_affix(field: Mapping[str, Any], matches: Callable[[str], bool]) -> str:
    """Return the longest affix that matches; empty if there is none."""
    return max(filter(matches, field.get("affixes", ())), key=len, default="")


def _hundredths(text: str) -> str:
    digits = text.removesuffix("%")
    if digits == text or re.search("[eE]", digits):
        raise ValueError(text)
    return digits.rstrip(WHITE_SPACE) + "e-2"


def _without_groups(text: str, field: Mapping[str, Any]) -> str:
    found = _DIGITS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    point, group = field.get("decimalChar", "."), field.get("groupChar")
    before, decimal, after = found["whole"].partition(point)
    if group and not before.isdigit() and before:
        first, *groups = re.split(f"[{_EQUIVALENT_CHARS.get(group, group)}]", before)
        if not 1 <= len(first) <= 3 or first[0] == "0" or any(len(item) != 3 for item in groups):
            raise ValueError(text)
        before = first + "".join(groups)
    if re.search("[^0-9]", before + after):
        raise ValueError(text)
    return before + ("." if decimal else "") + after + (found["exponent"] or "")
