"""Texts that look like numbers, but that clean reads only with a setting, or not at all."""

import re
from collections.abc import Iterable, Iterator, Sequence

from type_inference.number_format_candidates import CURRENCIES, UNITS

from ingest.profiling.ambiguous_values import AlternativeReading
from ingest.toml_text import join_names, toml_list

_MIN_SHARE = 0.95
"""Minimum share of texts that look like numbers; with fewer, the column holds something else."""


def _any_of(affixes: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(affixes, key=len, reverse=True)))


_NUMBER = r"[0-9]+(?:[.,' ][0-9]{3})*(?:[.,][0-9]+)?"
_AFFIXES = _any_of({*CURRENCIES, *UNITS})
_PATTERN = re.compile(
    rf"(?P<dash>\u2013 ?|[-\u2212] )?[+\u2212-]?(?P<open>\()? ?[+\u2212-]?"
    rf"(?P<before>{_any_of(CURRENCIES)})? ?[+\u2212-]?{_NUMBER}"
    rf" ?(?P<behind>{_AFFIXES})?%? ?(?P<minus>[-\u2212\u2013])?"
    rf"(?(open) ?\) ?(?P<after>{_AFFIXES})?%?)"
)
_MAX_SHOWN = 3
_NO_SIGN = re.compile(r"[()+\u2212\u2013-]")


def near_numbers(texts: Iterable[str]) -> AlternativeReading | None:
    """Return why clean does not read texts that look like numbers, and the setting that does."""
    text_matches = [(text, _PATTERN.fullmatch(text)) for text in texts]
    matches = [match for _, match in text_matches if match]
    if not matches or len(matches) < _MIN_SHARE * len(text_matches):
        return None
    affixes = {match["before"] or match["behind"] or match["after"] or "" for match in matches}
    reasons = list(_reasons(matches, affixes))
    if not reasons:
        return None
    message = f"looks like numbers with {' and '.join(reasons)}; clean keeps texts"
    if negatives := [match.string for match in matches if _is_unread_negative(match)]:
        return AlternativeReading(f"{message}, as no setting reads them; {remedy(negatives)}")
    known = toml_list(sorted(affixes - {""}))
    return AlternativeReading(
        message, (f"affixes = {known}  # reads them as numbers; amounts are not converted",)
    )


def unread_negatives(texts: Iterable[str]) -> list[str]:
    """Return the negative numbers that clean reads with no setting, such as `(0.72)`."""
    matches = map(_PATTERN.fullmatch, texts)
    return [match.string for match in matches if match and _is_unread_negative(match)]


def remedy(negatives: Sequence[str]) -> str:
    """Return how the source should write these negative numbers."""
    return (
        f"in the source, write negative numbers such as {join_names(negatives[:_MAX_SHOWN])} with a"
        f" minus before the digits, as {_rewrite(negatives[0])}"
    )


def _is_unread_negative(match: re.Match[str]) -> bool:
    return any(match[name] for name in ("open", "minus", "dash"))


def _rewrite(negative: str) -> str:
    return f"-{_NO_SIGN.sub('', negative).strip()}"


def _reasons(matches: Iterable[re.Match[str]], affixes: set[str]) -> Iterator[str]:
    if any(match["open"] for match in matches):
        yield "parentheses around negative ones"
    if any(match["minus"] for match in matches):
        yield "a minus behind them"
    if any(match["dash"] for match in matches):
        yield "a dash, or a minus and a space, before them"
    if len(affixes) > 1:
        mixed = ", ".join(sorted(affixes - {""}))
        yield f"a currency or unit ({mixed}) that not all have in common"
