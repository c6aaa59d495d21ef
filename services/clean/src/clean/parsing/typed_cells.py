"""Parsing of cells from a typed source; a value of another type becomes null."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.field_types import MAX_EXACT_INTEGER, FieldType
from type_inference.masks import keep_between, keep_where
from type_inference.text_cells import keep_exact_integers, keep_finite

from clean.parsing.arrow_types import ARROW, native_type
from clean.parsing.datetimes import dates_in_range, datetimes_in_range, localize


def is_missing(cells: pa.Array) -> pa.Array:
    """Return which cells are null or NaN."""
    return pc.is_null(cells, nan_is_null=True)


def read_native(cells: pa.Array, native: FieldType, *, timezone: ZoneInfo) -> pa.Array:
    """Return cells of their own type in the contract's representation."""
    if native == "number":
        return _doubles(cells)
    if native == "integer":
        return _integers(cells)
    if native == "date":
        return dates_in_range(pc.cast(cells, pa.date32()))
    if native == "datetime":
        return _instants(cells, timezone=timezone)
    return pc.cast(cells, ARROW[native])


def convert_numbers(cells: pa.Array, kind: FieldType) -> pa.Array:
    """Return integers as doubles, or whole doubles as integers."""
    numbers = _doubles(cells)
    if kind == "number":
        return numbers
    whole = keep_where(pc.equal(pc.floor(numbers), numbers), numbers)
    return pc.cast(keep_between(whole, -MAX_EXACT_INTEGER, MAX_EXACT_INTEGER), pa.int64())


def to_texts(cells: pa.Array, *, timezone: ZoneInfo) -> pa.Array:
    """Return cells as the texts that a CSV file would contain."""
    if native_type(cells.type) == "datetime":
        instants = _instants(cells, timezone=timezone)
        return pc.strftime(instants, format="%Y-%m-%dT%H:%M:%SZ")
    return pc.cast(cells, pa.string())


def _doubles(cells: pa.Array) -> pa.Array:
    if pa.types.is_decimal(cells.type):
        # Arrow divides decimals by a power of ten, which rounds twice; texts are parsed as in a
        # CSV.
        cells = pc.cast(cells, pa.string())
    return keep_finite(pc.cast(cells, pa.float64(), safe=False))


def _integers(cells: pa.Array) -> pa.Array:
    if pa.types.is_uint64(cells.type):
        cells = keep_between(cells, 0, MAX_EXACT_INTEGER)
    return keep_exact_integers(pc.cast(cells, pa.int64()))


def _instants(cells: pa.Array, *, timezone: ZoneInfo) -> pa.Array:
    """Return timestamps of any unit in µs; finer digits are truncated."""
    # Cast as UTC, so that a time zone shifts no value.
    in_utc = pc.cast(
        pc.cast(cells, pa.timestamp(cells.type.unit)), pa.timestamp(cells.type.unit, "UTC")
    )
    micro = pc.cast(_keep_microsecond_range(in_utc), ARROW["datetime"])
    if cells.type.tz is None:
        micro = localize(pc.cast(micro, pa.timestamp("us")), timezone=timezone)
    return datetimes_in_range(micro)


def _keep_microsecond_range(instants: pa.Array) -> pa.Array:
    """Return the timestamps that microseconds can represent; null for the others."""
    unit = instants.type.unit
    if unit == "ns":
        return pc.floor_temporal(instants, unit="microsecond")
    digits = {"s": 0, "ms": 999_000, "us": 999_999}[unit]
    latest = datetime.max.replace(microsecond=digits, tzinfo=UTC)
    return keep_between(instants, datetime.min.replace(tzinfo=UTC), latest)
