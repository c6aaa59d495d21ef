"""Texts that look like numbers, but that clean reads only with a setting, or not at all."""

import re
from collections.abc import Iterable, Iterator

from type_inference.number_format_candidates import CURRENCIES, UNITS

from ingest.profiling.ambiguous_values import AlternativeReading
from ingest.profiling.toml_text import toml_list

_MIN_SHARE = 0.95
"""Minimum share of texts that look like numbers; with fewer, the column holds something else."""


def _any_of(affixes: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(affixes, key=len, reverse=True)))


_NUMBER = r"[0-9]+(?:[.,' ][0-9]{3})*(?:[.,][0-9]+)?"
_PATTERN = re.compile(
    rf"(?P<open>\()?[+-]?(?P<before>{_any_of(CURRENCIES)})? ?[+-]?{_NUMBER}"
    rf" ?(?P<behind>{_any_of({*CURRENCIES, *UNITS})})?(?P<minus>-)?(?(open)\))"
)


def near_numbers(texts: Iterable[str]) -> AlternativeReading | None:
    """Return why clean does not read texts that look like numbers, and the setting that does."""
    text_matches = [(text, _PATTERN.fullmatch(text)) for text in texts]
    matches = [match for _, match in text_matches if match]
    if not matches or len(matches) < _MIN_SHARE * len(text_matches):
        return None
    affixes = {match["before"] or match["behind"] or "" for match in matches}
    reasons = list(_reasons(matches, affixes))
    if not reasons:
        return None
    message = f"looks like numbers with {' and '.join(reasons)}; clean keeps texts"
    if any(match["open"] or match["minus"] for match in matches):
        return AlternativeReading(
            f"{message}, as no setting reads them; write negative numbers as -66.59 in the source"
        )
    known = toml_list(sorted(affixes - {""}))
    return AlternativeReading(
        message, (f"affixes = {known}  # reads them as numbers; amounts are not converted",)
    )


def _reasons(matches: Iterable[re.Match[str]], affixes: set[str]) -> Iterator[str]:
    if any(match["open"] for match in matches):
        yield "parentheses around negative ones"
    if any(match["minus"] for match in matches):
        yield "a minus behind them"
    if len(affixes) > 1:
        mixed = ", ".join(sorted(affixes - {""}))
        yield f"a currency or unit ({mixed}) that not all have in common"
