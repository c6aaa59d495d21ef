"""Detecting the format of dates that are not in ISO 8601."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.cell_types import CellType
from ingest.tables.column_names import WHITE_SPACE

_DAYS = (
    *(f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *(f"%y{mark}%m{mark}%d" for mark in "/.-"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
"""Formats that clean tries, in the same order."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _names(names: list[str]) -> str:
    return "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in name) for name in names)


_PARTS = dict.fromkeys(("%d", "%m", "%H", "%I", "%M", "%S"), "[0-9]{1,2}") | {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%b": f"(?:{_names([month[:3] for month in _MONTHS])})",
    "%B": f"(?:{_names([*_MONTHS])})",
    "%p": "[AaPp][Mm]",
    " ": f"[{WHITE_SPACE}]+",
}


@dataclass(frozen=True)
class DateFormat:
    """A date format, as the `format` setting of clean."""

    text: str

    @property
    def kind(self) -> CellType:
        return "datetime" if "%M" in self.text else "date"

    @property
    def keys(self) -> Mapping[str, object]:
        """The equivalent settings of clean."""
        return {"format": self.text}

    @property
    def order(self) -> str:
        """Order of day, month and year, if all are digits."""
        order = "".join(re.findall("[dmyY]", self.text))
        return order if "m" in order else ""

    def instant(self, text: str) -> datetime:
        """Return a text in this format as an instant in UTC."""
        return datetime.strptime(text, self.text).replace(tzinfo=UTC)

    def may_fit(self, text: str) -> bool:
        """Return whether a text looks like this format."""
        return re.fullmatch(self._pattern, text) is not None

    def fits(self, values: pa.Array) -> bool:
        """Return whether all texts are valid dates in this format."""
        if not pc.all(pc.match_substring_regex(values, pattern=f"^{self._pattern}$")).as_py():
            return False
        return all(map(self._is_real, values.to_pylist()))

    def _is_real(self, text: str) -> bool:
        try:
            self.instant(text)
        except ValueError:
            return False
        return True

    @cached_property
    def _pattern(self) -> str:
        parts = re.findall("%.|.", self.text)
        return "".join(_PARTS.get(part, re.escape(part)) for part in parts)


@dataclass
class DateFormatDetector:
    """Detects the formats that fit all values of a column."""

    candidates: tuple[DateFormat, ...] | None = None
    """Formats that fit so far; None before the first value."""

    def add(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        if self.candidates is None:
            first = values[0].as_py()
            self.candidates = tuple(it for it in _known_formats() if it.may_fit(first))
        self.candidates = tuple(it for it in self.candidates if it.fits(values))

    def found(self) -> DateFormat | None:
        """Return the first format that fits all values, unless another one gives other dates."""
        return self.candidates[0] if self.candidates and not self.rivals() else None

    def rivals(self) -> list[DateFormat]:
        """Return one format for each other order of day, month and year."""
        by_order: dict[str, DateFormat] = {}
        for date_format in self.candidates or ():
            by_order.setdefault(date_format.order, date_format)
        by_order.pop("", None)
        return [*by_order.values()][1:]

    def ambiguity(self) -> str | None:
        """Return the two readings of all values, and the setting that decides."""
        rivals = self.rivals()
        if not self.candidates or not rivals:
            return None
        others = "".join(f', or by "{date_format.text}"' for date_format in rivals)
        return f'dates by "{self.candidates[0].text}"{others}? Set format'


@cache
def _known_formats() -> tuple[DateFormat, ...]:
    return tuple(DateFormat(day + clock) for day in _DAYS for clock in _CLOCKS)
