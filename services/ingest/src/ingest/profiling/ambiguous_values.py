"""Values that may mean something else than clean infers, and the settings that decide."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.boolean_words import COUNTRY_CODES
from type_inference.field_types import MISSING
from type_inference.missing_tokens import WORDS, MissingTokens
from type_inference.sentinels import MIN_ROWS, SENTINEL_DATES, SENTINEL_NUMBERS, is_far
from type_inference.similar_texts import find_similar_texts

from ingest.toml_text import quote, quote_short, toml_list

_NUMBERS, _DAYS = frozenset(SENTINEL_NUMBERS), frozenset(SENTINEL_DATES)
_DIGITS = "|".join(sorted({str(abs(number)) for number in _NUMBERS}))
_YEARS = "|".join(sorted({f"{day.year:04}" for day in _DAYS}))
_CANDIDATE = rf"^[^0-9]*({_DIGITS})([.,]0+)?[^0-9]*$|(^|[^0-9])({_YEARS})([^0-9]|$)"
_MAX_CANDIDATES = 100
MIN_DATES = 10
"""Minimum number of different integers that are all dates."""
_COMPACT_DATE = re.compile(r"(17|18|19|20|21)\d{6}")
_MAX_EXAMPLES = 3


class AlternativeReading(NamedTuple):
    """Another possible reading of some values."""

    message: str
    proposals: Sequence[str] = ()
    """Column settings that decide, each with its effect."""


@dataclass
class SentinelCandidates:
    """Rows by text that may be a sentinel."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, values: pa.Array, rows: pa.Array) -> None:
        """Add distinct trimmed texts and the rows of each."""
        is_candidate = pc.match_substring_regex(values, _CANDIDATE)
        texts, counts = (
            values.filter(is_candidate).to_pylist(),
            rows.filter(is_candidate).to_pylist(),
        )
        for text, count in zip(texts, counts, strict=True):
            if text in self.rows or len(self.rows) < _MAX_CANDIDATES:
                self.rows[text] = self.rows.get(text, 0) + count


def value_tokens(tokens: MissingTokens, *, is_private: bool) -> Iterator[AlternativeReading]:
    """Yield each token that stays a value but may mean missing."""
    kept = tokens.value_tokens()
    others = (
        "others" if is_private else ", ".join(map(quote_short, [*tokens.others][:_MAX_EXAMPLES]))
    )
    remaining = [text for text in MISSING if text not in kept]
    for token in kept:
        yield AlternativeReading(
            f"{quote(token)} in {tokens.rows[token]:,} rows may be a value like {others},"
            " or mean missing; clean keeps it as a value",
            (
                f"missing = {toml_list(MISSING)}  # it means missing",
                f"missing = {toml_list(remaining)}  # it is a value",
            ),
        )


def missing_words(tokens: MissingTokens) -> Iterator[AlternativeReading]:
    """Yield each word that clean makes missing among texts."""
    kept = tokens.value_tokens()
    for token in (word for word in WORDS if word in tokens.rows and word not in kept):
        remaining = [text for text in MISSING if text != token and text not in kept]
        yield AlternativeReading(
            f"{quote(token)} in {tokens.rows[token]:,} rows means missing for clean",
            (f"missing = {toml_list(remaining)}  # instead: it is a value",),
        )


def boolean_codes(rows: Mapping[str, int]) -> Iterator[AlternativeReading]:
    """Yield the only pair of words that are both country codes."""
    if {*rows} == COUNTRY_CODES:
        yield AlternativeReading(
            '"NO" and "SI" are no and yes, or country codes (Norway, Slovenia); clean keeps texts',
            (
                'type = "boolean"  # they are no and yes, with the next two lines',
                'true_values = ["SI"]',
                'false_values = ["NO"]',
                'type = "string"  # they are codes',
            ),
        )


def compact_dates(rows: Mapping[str, int]) -> AlternativeReading | None:
    """Return the other reading of integers that are all dates, such as 19750103."""
    if len(rows) < MIN_DATES or not all(map(_is_compact_date, rows)):
        return None
    return AlternativeReading(
        f"its integers may be dates, such as {max(rows)}; clean keeps them as numbers, in which a"
        " month has 100 days",
        ('type = "date"  # they are dates, with the next line', 'format = "%Y%m%d"'),
    )


def _is_compact_date(text: str) -> bool:
    if not _COMPACT_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def missing_marks(
    rows: Mapping[str, int], *, kept: Collection[str] = ()
) -> Iterator[AlternativeReading]:
    """Yield the texts such as ? that stay values among texts, as one list to paste."""
    if not rows:
        return
    counted = " and ".join(f"{quote(mark)} in {rows[mark]:,} rows" for mark in sorted(rows))
    them, mean = ("them as values", "they mean") if len(rows) > 1 else ("it as a value", "it means")
    missing = toml_list([*(text for text in MISSING if text not in kept), *sorted(rows)])
    yield AlternativeReading(
        f"{counted}: missing? clean keeps {them}", (f"missing = {missing}  # {mean} missing",)
    )


def number_sentinels(values: Mapping[str, float], *, others: Iterable[float]) -> list[str]:
    """Return the texts whose numbers are far from all others; `values` is numbers by text."""
    return _far_values(values, [value for value in others if value not in _NUMBERS], _NUMBERS)


def day_sentinels(days: Mapping[str, date], *, others: Iterable[date]) -> list[str]:
    """Return the texts whose dates are far from all others; `days` is dates by text."""
    return _far_values(days, [day for day in others if day not in _DAYS], _DAYS)


def sentinel(
    texts: Sequence[str], rows: Mapping[str, int], others: str
) -> AlternativeReading | None:
    """Return the other reading of the sentinels of a column."""
    frequent = [text for text in texts if rows[text] >= MIN_ROWS]
    if not frequent:
        return None
    message = " and ".join(f"{quote_short(text)} in {rows[text]:,} rows" for text in frequent)
    return AlternativeReading(
        f"{message}, far from the other values ({others}): missing? clean keeps it as a value",
        (f"missing = {toml_list([*MISSING, *frequent])}  # it means missing",),
    )


def similar_texts(rows: Mapping[str, int], *, is_private: bool) -> AlternativeReading | None:
    """Return the texts that differ only in case, white space or normal form."""
    similar = find_similar_texts(rows)
    if not similar:
        return None
    first = max(similar.groups, key=lambda group: (sum(rows[text] for text in group), group))
    count = sum(map(len, similar.groups))
    such = (
        "" if is_private else f", such as {' and '.join(map(quote_short, first[:_MAX_EXAMPLES]))}"
    )
    return AlternativeReading(
        f"{count:,} texts may mean only {len(similar.groups):,}{such}; clean keeps them different",
        [f'{name} = "{value}"  # merges them' for name, value in similar.settings.items()],
    )


def _far_values(
    values: Mapping[str, Any], others: Sequence[Any], known: Collection[Any]
) -> list[str]:
    if not others or min(others) == max(others):
        return []
    low, high = min(others), max(others)
    return [text for text, value in values.items() if value in known and is_far(value, low, high)]
