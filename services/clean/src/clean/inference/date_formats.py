"""Detecting the format of dates that are not in ISO 8601."""

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import pyarrow as pa

from clean.inference.detectors import Batch
from clean.parsing.date_format import DateFormat, parse_date_format
from clean.parsing.datetimes import read_date, read_datetime
from clean.schema.field_descriptions import ColumnType

_DAYS = (
    *(f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *(f"%y{mark}%m{mark}%d" for mark in "/.-"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


@dataclass
class DateFormatDetector:
    """Detects dates in one of the common formats."""

    timezone: ZoneInfo
    date_formats: list[DateFormat] | None = None
    """Formats that fit all values so far; None before the first value."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        values = batch.texts.drop_null()
        if batch.is_number and len(values):
            # No format matches a number, and trying all formats is slow.
            self.date_formats = []
        if self.date_formats is None and len(values):
            text = values[0].as_py()
            self.date_formats = [
                it for it in known_date_formats() if re.fullmatch(it.pattern, text)
            ]
        self.date_formats = self.date_formats and [
            it for it in self.date_formats if self._fits(values, it)
        ]

    def result(self) -> ColumnType | None:
        """Return the first format that fits all values, unless another format gives other dates."""
        if not self.date_formats or self._rivals():
            return None
        [date_format, *_] = self.date_formats
        why = "two-digit years are in 1969 to 2068" if "%y" in date_format.text else None
        return ColumnType(
            "datetime" if date_format.has_time else "date", {"format": date_format.text}, why
        )

    def ambiguity(self) -> str | None:
        rivals = self._rivals()
        if not self.date_formats or not rivals:
            return None
        one = self.date_formats[0].text
        others = " and by ".join(date_format.text for date_format in rivals)
        return (
            f"every value is a date by {one} and by {others}, and other days come of it;"
            f' {{where}} format = "{one}" says which'
        )

    def _fits(self, values: pa.Array, date_format: DateFormat) -> bool:
        read = date_format.read(values)
        if read.null_count:
            return False
        if date_format.has_time:
            return bool(read_datetime(read, timezone=self.timezone).null_count == 0)
        return bool(read_date(read).null_count == 0)

    def _rivals(self) -> list[DateFormat]:
        """Return one format for each other order of day, month and year."""
        by_order: dict[str, DateFormat] = {}
        for date_format in self.date_formats or []:
            order = "".join(part for part in date_format.text if part in "dmyY")
            if "m" in order:
                by_order.setdefault(order, date_format)
        return [*by_order.values()][1:]


@cache
def known_date_formats() -> tuple[DateFormat, ...]:
    """Return the formats that are tried."""
    return tuple(parse_date_format(day + clock) for day in _DAYS for clock in _CLOCKS)
