"""Parsing of trimmed texts: to the type of a field, in its number or date format."""

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells

from clean.parsing.datetimes import read_date, read_datetime
from clean.schema.fields import Field


def read_trimmed(trimmed: pa.Array, field: Field) -> pa.Array:
    """Return trimmed texts as the field's type; null for a text of another type."""
    match field.type:
        case "number":
            return text_cells.read_number(_to_json_numbers(trimmed, field))
        case "integer":
            return text_cells.read_integer(_to_json_numbers(trimmed, field))
        case "boolean":
            words = {"true_values": field.true_values, "false_values": field.false_values}
            return text_cells.read_boolean(trimmed, **words)
        case "date":
            return _read_dates(trimmed, field, read_date)
        case "datetime":
            read = partial(read_datetime, timezone=field.timezone)
            return _read_dates(trimmed, field, read)
        case "string":
            return trimmed


def _to_json_numbers(trimmed: pa.Array, field: Field) -> pa.Array:
    return field.number_format.to_json_numbers(trimmed) if field.number_format else trimmed


def _read_dates(trimmed: pa.Array, field: Field, read: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return dates or datetimes; ISO 8601 is tried before the field's format."""
    dates = read(trimmed)
    if field.date_format and dates.null_count > trimmed.null_count:
        dates = pc.coalesce(dates, read(field.date_format.read(trimmed)))
    return dates
