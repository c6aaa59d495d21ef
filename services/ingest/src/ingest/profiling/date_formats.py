"""Detection of the format of dates that are not in ISO 8601."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.date_format import DateFormat
from type_inference.date_formats import DateFormats

from ingest.profiling.cell_types import fits
from ingest.profiling.value_formats import ValueFormat


@dataclass
class DateFormatDetector(DateFormats):
    """Detects the formats that fit all values of a column; times are not checked in a time zone."""

    def are_valid(self, iso_dates: pa.Array, date_format: DateFormat) -> bool:
        """Return whether all dates exist; `iso_dates` are the texts in ISO 8601."""
        return bool(pc.all(fits(iso_dates, date_format.kind)).as_py())

    def result(self) -> ValueFormat | None:
        """Return the first format that fits all values, unless another format gives other dates."""
        date_format = self.unambiguous_format()
        if not date_format:
            return None
        keys = {"format": date_format.text}
        return ValueFormat(date_format.kind, keys, date_format=date_format)

    def explain_ambiguity(self) -> str | None:
        """Return the two readings of all values, and the setting that decides."""
        orders = self.other_orders()
        if not self.date_formats or not orders:
            return None
        others = "".join(f', or by "{date_format.text}"' for date_format in orders)
        return f'dates by "{self.date_formats[0].text}"{others}? Set format'
