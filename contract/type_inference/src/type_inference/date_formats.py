"""Detection of the format of dates that are not in ISO 8601."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from type_inference.date_format import DateFormat, parse_date_format

_DATE_FORMATS = (
    *(f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *(f"%y{mark}%m{mark}%d" for mark in "/.-"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d. %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%B %d %Y", "%d. %B %Y"),
)

_TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


@dataclass
class DateFormats(ABC):
    """The common date formats that fit all values of a column."""

    date_formats: list[DateFormat] | None = None
    """Formats that fit all values so far; None before the first value."""

    def add_values(self, values: pa.Array) -> None:
        """Add distinct trimmed texts, string[n] without nulls."""
        if not len(values):
            return
        if self.date_formats is None:
            text = values[0].as_py()
            self.date_formats = [
                candidate
                for candidate in known_date_formats()
                if re.fullmatch(candidate.pattern, text)
            ]
        self.date_formats = [
            candidate for candidate in self.date_formats if self._fits(values, candidate)
        ]

    @abstractmethod
    def are_valid(self, iso_dates: pa.Array, date_format: DateFormat) -> bool:
        """Return whether all dates exist; `iso_dates` are the texts in ISO 8601."""

    def unambiguous_format(self) -> DateFormat | None:
        """Return the first format that fits all values, unless another format gives other dates."""
        return self.date_formats[0] if self.date_formats and not self.other_orders() else None

    def other_orders(self) -> list[DateFormat]:
        """Return one format for each other order of day, month and year."""
        by_order: dict[str, DateFormat] = {}
        for date_format in self.date_formats or []:
            order = "".join(part for part in date_format.text if part in "dmyY")
            if "m" in order:
                by_order.setdefault(order, date_format)
        return [*by_order.values()][1:]

    def _fits(self, values: pa.Array, date_format: DateFormat) -> bool:
        iso_dates = date_format.read(values)
        return not iso_dates.null_count and self.are_valid(iso_dates, date_format)


@cache
def known_date_formats() -> tuple[DateFormat, ...]:
    """Return all formats that detection tries."""
    return tuple(parse_date_format(day + time) for day in _DATE_FORMATS for time in _TIME_FORMATS)
