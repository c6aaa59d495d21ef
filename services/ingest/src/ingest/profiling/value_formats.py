"""The format of the values of a column, as settings of clean."""

from collections.abc import Mapping
from dataclasses import dataclass

from type_inference.date_format import DateFormat
from type_inference.field_types import FieldType
from type_inference.number_format import NumberFormat


@dataclass(frozen=True)
class ValueFormat:
    """The format of numbers, dates or booleans, except JSON and ISO 8601."""

    kind: FieldType
    keys: Mapping[str, object]
    """The equivalent settings of clean."""
    number_format: NumberFormat | None = None
    date_format: DateFormat | None = None
