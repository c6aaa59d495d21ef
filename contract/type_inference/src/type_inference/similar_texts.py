"""Texts that differ only in case, white space or Unicode normal form."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

from type_inference.normalization import Case, NormalForm, Normalization

_UNICODE: tuple[NormalForm | None, ...] = (None, "NFC")
_CASES: tuple[Case | None, ...] = (None, "lower")
_ALL_SETTINGS = Normalization(unicode="NFC", case="lower", collapses_whitespace=True)


class SimilarTexts(NamedTuple):
    """The groups of similar texts of a column."""

    groups: list[list[str]]
    """Groups by descending number of rows, and texts by descending frequency."""
    settings: Mapping[str, str]
    """Fewest settings that merge all groups."""


def find_similar_texts(counts: Mapping[str, int]) -> SimilarTexts | None:
    """Return the texts that may mean the same; `counts` is the number of rows by text."""
    groups = [group for group in _group(counts, _ALL_SETTINGS) if len(group) > 1]
    if not groups:
        return None
    texts = [text for group in groups for text in group]
    candidates = [
        Normalization(unicode=unicode, case=case, collapses_whitespace=collapses_whitespace)
        for unicode, case, collapses_whitespace in product(_UNICODE, _CASES, (False, True))
    ]
    sufficient = (
        candidate for candidate in candidates if len(_group(texts, candidate)) == len(groups)
    )
    fewest = min(sufficient, key=lambda candidate: len(candidate.keys))
    ranked = [sorted(group, key=lambda text: (-counts[text], text)) for group in groups]
    ranked.sort(key=lambda group: (-sum(counts[text] for text in group), group))
    return SimilarTexts(ranked, _settings(fewest))


def _group(texts: Mapping[str, int] | list[str], normalization: Normalization) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[normalization.normalize(text)].append(text)
    return [*groups.values()]


def _settings(normalization: Normalization) -> dict[str, str]:
    settings = {
        "unicode": normalization.unicode,
        "case": normalization.case,
        "whitespace": "collapse" if normalization.collapses_whitespace else None,
    }
    return {name: value for name, value in settings.items() if value}
