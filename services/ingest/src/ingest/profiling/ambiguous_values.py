"""Values with another possible reading than clean's, and the settings that decide."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.boolean_words import COUNTRY_CODES
from ingest.profiling.cell_types import MISSING
from ingest.profiling.toml_text import quoted, shown, toml_list
from ingest.tables.column_names import WHITE_SPACE

_SIMILAR = {"NA": r"[A-Z]{2}", "nan": r"[a-z]{3}", "None": r"[A-Z][a-z][A-Za-z]*([ -][A-Za-z]+)*"}
"""Default tokens that may be values, with a pattern of similar values."""
_WORDS = ("NA", "NaN", "nan", "NULL", "null", "None")
"""Default tokens that are also words or codes."""
_LEVELS = {"None": 20}
"""A column with more distinct values holds names or sentences, not levels."""


_NINES = (9, *(int(f"{'9' * places}{last}") for places in range(1, 6) for last in (7, 8, 9)))
_LIMITS = (32_767, 65_535, 2_147_483_647, 4_294_967_295, -32_768, -2_147_483_648)
_NUMBERS = frozenset({*_NINES, *(-nines for nines in _NINES), *_LIMITS, -1})
_DAYS = frozenset(
    {
        *(date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31)),
        *(date(1900, 1, 1), date(1970, 1, 1), date(2099, 12, 31), date(2100, 1, 1)),
        *(date(2999, 12, 31), date(9999, 1, 1), date(9999, 12, 31)),
    }
)
_DIGITS = "|".join(sorted({str(abs(number)) for number in _NUMBERS}))
_YEARS = "|".join(sorted({f"{day.year:04}" for day in _DAYS}))
_CANDIDATE = rf"^[^0-9]*({_DIGITS})([.,]0+)?[^0-9]*$|(^|[^0-9])({_YEARS})([^0-9]|$)"
_CANDIDATES_MAX = 100
_FAR = 3
_FAR_DAYS = timedelta(days=3650)
_LEAST_ROWS = 2
_RANGE_OF_MINUS_ONE = 10

_SHOWN = 3
_RUN = re.compile(f"[{WHITE_SPACE}]+")


class AlternativeReading(NamedTuple):
    """Another possible reading of some values."""

    message: str
    proposals: Sequence[str] = ()
    """Column settings that decide, each with its effect."""


@dataclass
class MissingTokens:
    """The missing tokens of a column, and whether one of them looks like all other values."""

    rows: dict[str, int] = field(default_factory=dict)
    alike: set[str] = field(default_factory=lambda: set(_SIMILAR))
    others: dict[str, None] = field(default_factory=dict)

    def add(self, values: pa.Array, tokens: Mapping[str, int]) -> None:
        """Add distinct trimmed texts, and the rows of those that are tokens."""
        for token, count in tokens.items():
            self.rows[token] = self.rows.get(token, 0) + count
        for text in values[: max(_LEVELS.values()) + 1].to_pylist():
            if len(self.others) <= max(_LEVELS.values()):
                self.others.setdefault(text)
        self.alike = {token for token in self.alike if self._is_alike(token, values)}

    def kept(self) -> dict[str, int]:
        """Return the rows of tokens that clean keeps as values."""
        found = self.alike & self.rows.keys() if self.others else set()
        return {token: self.rows[token] for token in sorted(found)}

    def made_missing(self) -> dict[str, int]:
        """Return the rows of tokens that are words, but missing for clean."""
        kept = self.kept()
        return {token: self.rows[token] for token in _WORDS if token in self.rows.keys() - kept}

    def _is_alike(self, token: str, values: pa.Array) -> bool:
        if len(self.others) > _LEVELS.get(token, len(self.others)):
            return False
        is_like = pc.match_substring_regex(values, f"^({_SIMILAR[token]})$")
        return pc.all(is_like).as_py() is not False


@dataclass
class SentinelCandidates:
    """Rows by text that may be a sentinel."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, values: pa.Array, rows: pa.Array) -> None:
        """Add distinct trimmed texts and the rows of each."""
        found = pc.match_substring_regex(values, _CANDIDATE)
        texts, counts = values.filter(found).to_pylist(), rows.filter(found).to_pylist()
        for text, count in zip(texts, counts, strict=True):
            if text in self.rows or len(self.rows) < _CANDIDATES_MAX:
                self.rows[text] = self.rows.get(text, 0) + count


def kept_token(tokens: MissingTokens, *, is_private: bool) -> Iterator[AlternativeReading]:
    """Yield each token that stays a value but may mean missing."""
    kept = tokens.kept()
    others = "others" if is_private else ", ".join(map(shown, [*tokens.others][:_SHOWN]))
    left = [text for text in MISSING if text not in kept]
    for token, rows in kept.items():
        yield AlternativeReading(
            f"{quoted(token)} in {rows:,} rows may be a value like {others}, or mean missing;"
            " clean keeps it as a value",
            (
                f"missing = {toml_list(MISSING)}  # it means missing",
                f"missing = {toml_list(left)}  # it is a value",
            ),
        )


def missing_words(tokens: MissingTokens) -> Iterator[AlternativeReading]:
    """Yield each word that clean makes missing among texts."""
    kept = tokens.kept()
    for token, rows in tokens.made_missing().items():
        left = [text for text in MISSING if text != token and text not in kept]
        yield AlternativeReading(
            f"{quoted(token)} in {rows:,} rows means missing for clean",
            (f"missing = {toml_list(left)}  # instead: it is a value",),
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


def missing_marks(
    rows: Mapping[str, int], *, kept: Collection[str] = ()
) -> Iterator[AlternativeReading]:
    """Yield the texts such as ? that stay values among texts, as one list to paste."""
    if not rows:
        return
    counted = " and ".join(f"{quoted(mark)} in {rows[mark]:,} rows" for mark in sorted(rows))
    them, mean = ("them as values", "they mean") if len(rows) > 1 else ("it as a value", "it means")
    missing = toml_list([*(text for text in MISSING if text not in kept), *sorted(rows)])
    yield AlternativeReading(
        f"{counted}: missing? clean keeps {them}", (f"missing = {missing}  # {mean} missing",)
    )


def number_sentinels(rows: Mapping[str, float], *, others: Iterable[float]) -> list[str]:
    """Return the texts whose numbers are far from all others; `rows` is numbers by text."""
    values = [value for value in others if value not in _NUMBERS]
    if not values or min(values) == max(values):
        return []
    low, high = min(values), max(values)
    return [text for text, value in rows.items() if value in _NUMBERS and _is_far(value, low, high)]


def day_sentinels(rows: Mapping[str, date], *, others: Iterable[date]) -> list[str]:
    """Return the texts whose dates are far from all others; `rows` is dates by text."""
    days = [day for day in others if day not in _DAYS]
    if not days or min(days) == max(days):
        return []
    low, high = min(days), max(days)
    return [
        text
        for text, day in rows.items()
        if day in _DAYS and (low - day >= _FAR_DAYS or day - high >= _FAR_DAYS)
    ]


def sentinel(
    written: Sequence[str], rows: Mapping[str, int], others: str
) -> AlternativeReading | None:
    """Return the other reading of the sentinels of a column."""
    often = [text for text in written if rows[text] >= _LEAST_ROWS]
    if not often:
        return None
    message = " and ".join(f"{shown(text)} in {rows[text]:,} rows" for text in often)
    return AlternativeReading(
        f"{message}, far from the other values ({others}): missing? clean keeps it as a value",
        (f"missing = {toml_list([*MISSING, *often])}  # it means missing",),
    )


def similar_texts(rows: Mapping[str, int], *, is_private: bool) -> AlternativeReading | None:
    """Return the texts that differ only in case, white space or normal form."""
    ways = [*product((False, True), (False, True), (False, True))]
    groups = [group for group in _grouped(rows, ways[-1]) if len(group) > 1]
    if not groups:
        return None
    texts = [text for group in groups for text in group]
    sufficient = (way for way in ways if len(_grouped(texts, way)) == len(groups))
    unicode, case, whitespace = min(sufficient, key=sum)
    settings = [
        *(['unicode = "NFC"'] if unicode else []),
        *(['case = "lower"'] if case else []),
        *(['whitespace = "collapse"'] if whitespace else []),
    ]
    first = max(groups, key=lambda group: (sum(rows[text] for text in group), group))
    ranked = sorted(first, key=lambda text: (-rows[text], text))
    such = "" if is_private else f", such as {' and '.join(map(shown, ranked[:_SHOWN]))}"
    return AlternativeReading(
        f"{len(texts):,} texts may mean only {len(groups):,}{such}; clean keeps them different",
        [f"{setting}  # merges them" for setting in settings],
    )


def _is_far(value: float, low: float, high: float) -> bool:
    if value == -1:
        return low >= 0 and high >= _RANGE_OF_MINUS_ONE
    is_distant = abs(value) >= _FAR * max(abs(low), abs(high))
    return is_distant or low >= 0 if value < 0 else is_distant


def _grouped(texts: Iterable[str], way: tuple[bool, bool, bool]) -> list[list[str]]:
    unicode, case, whitespace = way
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        key = unicodedata.normalize("NFC", text) if unicode else text
        key = key.lower() if case else key
        groups[_RUN.sub(" ", key) if whitespace else key].append(text)
    return [*groups.values()]
