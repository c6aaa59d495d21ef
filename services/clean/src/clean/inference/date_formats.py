"""The format of dates that are not in ISO 8601, as a type."""

from dataclasses import KW_ONLY, dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa
from type_inference.date_format import DateFormat
from type_inference.date_formats import DateFormats

from clean.inference.detectors import Batch
from clean.parsing.datetimes import read_date, read_datetime
from clean.schema.field_descriptions import ColumnType


@dataclass
class DateFormatDetector(DateFormats):
    """Detects dates in one of the common formats."""

    _: KW_ONLY
    timezone: ZoneInfo

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        values = batch.texts.drop_null()
        if batch.is_number and len(values):
            # No format matches a number, and trying all formats is slow.
            self.date_formats = []
        self.add_values(values)

    def are_valid(self, iso_dates: pa.Array, date_format: DateFormat) -> bool:
        """Return whether all dates exist; `iso_dates` are the texts in ISO 8601."""
        if date_format.has_time:
            return bool(read_datetime(iso_dates, timezone=self.timezone).null_count == 0)
        return bool(read_date(iso_dates).null_count == 0)

    def result(self) -> ColumnType | None:
        """Return the first format that fits all values, unless another gives different dates."""
        date_format = self.unambiguous_format()
        if not date_format:
            return None
        why = "two-digit years are in 1969 to 2068" if "%y" in date_format.text else None
        return ColumnType(date_format.kind, {"format": date_format.text}, why)

    def explain_ambiguity(self) -> str | None:
        """Return the formats that give different dates, and the setting to choose one."""
        others = self.other_orders()
        if not self.date_formats or not others:
            return None
        first = self.date_formats[0].text
        other_texts = " and by ".join(date_format.text for date_format in others)
        return (
            f"every value is a date by {first} and by {other_texts}, but the dates differ;"
            f' set {{where}} format = "{first}" or another of them'
        )
