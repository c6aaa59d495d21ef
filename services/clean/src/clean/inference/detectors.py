"""Guessing the form of a column whose texts are of no type as they stand.

A guess looks at every value and is given up at the first that does not fit, so that a column of
other texts costs one look at its first value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from clean.parsing.date_format import Layout, read_layout
from clean.parsing.datetimes import read_date, read_datetime
from clean.parsing.field_types import FieldType

MISSING_MARKS = ("?", "-", "--", "–", "—")
"""Texts that mean missing where all others are of one type."""

_WORDS = (
    *(("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off")),
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)

_DAYS = (
    *(f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *(f"%y{mark}%m{mark}%d" for mark in "/.-"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


class Found(NamedTuple):
    """What a column turned out to hold."""

    kind: FieldType
    keys: Mapping[str, Any] = {}
    """Of its field in schema.json, besides the type."""
    why: str | None = None
    """What decided, where the values alone do not; `{where}` stands for the column's settings."""


class Batch(NamedTuple):
    """The next distinct values of a column: trimmed texts and null for missing ones."""

    texts: pa.Array
    """Without those that have no digit, if they are few; no number and no date is one."""
    all_texts: pa.Array
    is_integer: bool
    """Whether all are integers as JSON writes them."""
    is_number: bool


class Guess(Protocol):
    """Looks at a column batch by batch."""

    def add(self, batch: Batch) -> None: ...

    def found(self) -> Found | None:
        """Return what all values are, if there is one answer."""

    def doubt(self) -> str | None:
        """Return why there are two answers, and the setting that decides."""


@dataclass
class WordGuess:
    """Two words such as yes and no, both of which are there."""

    seen: set[str] | None = field(default_factory=set)
    """None after too many."""

    def add(self, batch: Batch) -> None:
        """Look at the next values of the column."""
        if self.seen is None:
            return
        words = batch.all_texts.drop_null()
        self.seen |= {*words[:_MOST_WORDS].to_pylist()}
        if len(words) > _MOST_WORDS or not any(self.seen <= {*forms} for forms in _FORMS):
            self.seen = None

    def found(self) -> Found | None:
        """Return the booleans of the first pair of words that are both there."""
        for yes, no in _WORDS:
            keys = {"trueValues": _cases(yes), "falseValues": _cases(no)}
            if self.seen and self.seen <= {*_cases(yes), *_cases(no)}:
                is_either = all(self.seen & {*words} for words in keys.values())
                return Found("boolean", keys) if is_either and not self._are_codes() else None
        return None

    def doubt(self) -> str | None:
        return None

    def note(self) -> str | None:
        """Return why the pair stays texts, and the settings that decide."""
        if not self._are_codes():
            return None
        return (
            "every value is 'NO' or 'SI': no and yes, or codes, as of Norway and Slovenia; {where}"
            ' type = "boolean", true_values = ["SI"], false_values = ["NO"] makes booleans,'
            ' type = "string" confirms the texts'
        )

    def _are_codes(self) -> bool:
        return self.seen == _CODES


def _cases(word: str) -> list[str]:
    return list(dict.fromkeys([word, word.capitalize(), word.upper()]))


_FORMS = [[*_cases(yes), *_cases(no)] for yes, no in _WORDS]
_CODES = {"SI", "NO"}
"""The one pair whose words in upper case are both codes of countries."""
_MOST_WORDS = 12
"""More distinct texts than a pair of words has."""


@dataclass
class LayoutGuess:
    """Dates in one of the common formats."""

    timezone: ZoneInfo
    layouts: list[Layout] | None = None
    """Those that fit so far; None before the first value."""

    def add(self, batch: Batch) -> None:
        """Look at the next values of the column."""
        values = batch.texts.drop_null()
        if batch.is_number and len(values):
            # No format is a number, and there are many formats.
            self.layouts = []
        if self.layouts is None and len(values):
            text = values[0].as_py()
            self.layouts = [it for it in known_layouts() if re.fullmatch(it.pattern, text)]
        self.layouts = self.layouts and [it for it in self.layouts if self._fits(values, it)]

    def found(self) -> Found | None:
        """Return the first format that all values have, unless another one reads other days."""
        if not self.layouts or self._rivals():
            return None
        [layout, *_] = self.layouts
        why = "its years are of 1969 to 2068" if "%y" in layout.text else None
        return Found("datetime" if layout.has_clock else "date", {"format": layout.text}, why)

    def doubt(self) -> str | None:
        rivals = self._rivals()
        if not self.layouts or not rivals:
            return None
        one = self.layouts[0].text
        others = " and by ".join(layout.text for layout in rivals)
        return (
            f"every value is a date by {one} and by {others}, and other days come of it;"
            f' {{where}} format = "{one}" says which'
        )

    def _fits(self, values: pa.Array, layout: Layout) -> bool:
        read = layout.read(values)
        if read.null_count:
            return False
        if layout.has_clock:
            return bool(read_datetime(read, timezone=self.timezone).null_count == 0)
        return bool(read_date(read).null_count == 0)

    def _rivals(self) -> list[Layout]:
        """Return a format for each other order of day, month and year than that of the first."""
        by_order: dict[str, Layout] = {}
        for layout in self.layouts or []:
            order = "".join(part for part in layout.text if part in "dmyY")
            if "m" in order:
                by_order.setdefault(order, layout)
        return [*by_order.values()][1:]


@cache
def known_layouts() -> tuple[Layout, ...]:
    """Return the formats that are tried."""
    return tuple(read_layout(day + clock) for day in _DAYS for clock in _CLOCKS)
