"""Texts that differ only in case, white space or normal form, and the settings that merge them."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

from clean.parsing.normalization import Case, NormalForm, Spelling

_UNICODE: tuple[NormalForm | None, ...] = (None, "NFC")
_CASES: tuple[Case | None, ...] = (None, "lower")
_EVERYTHING = Spelling(unicode="NFC", case="lower", is_collapsed=True)


class Alike(NamedTuple):
    """The groups of alike texts of a column."""

    groups: list[list[str]]
    """The group with the most rows first, and in each the most frequent text."""
    settings: Mapping[str, str]
    """The fewest that merge all of them."""


def find_alike(counts: Mapping[str, int]) -> Alike | None:
    """Return the texts that may mean the same; `counts` are the rows by text."""
    groups = [group for group in _grouped(counts, _EVERYTHING) if len(group) > 1]
    if not groups:
        return None
    texts = [text for group in groups for text in group]
    ways = [
        Spelling(unicode=unicode, case=case, is_collapsed=is_collapsed)
        for unicode, case, is_collapsed in product(_UNICODE, _CASES, (False, True))
    ]
    sufficient = (way for way in ways if len(_grouped(texts, way)) == len(groups))
    fewest = min(sufficient, key=lambda way: len(way.keys))
    ranked = [sorted(group, key=lambda text: (-counts[text], text)) for group in groups]
    ranked.sort(key=lambda group: (-sum(counts[text] for text in group), group))
    return Alike(ranked, _settings(fewest))


def _grouped(texts: Mapping[str, int] | list[str], spelling: Spelling) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[spelling.spell(text)].append(text)
    return [*groups.values()]


def _settings(spelling: Spelling) -> dict[str, str]:
    stated = {
        "unicode": spelling.unicode,
        "case": spelling.case,
        "whitespace": "collapse" if spelling.is_collapsed else None,
    }
    return {name: value for name, value in stated.items() if value}
