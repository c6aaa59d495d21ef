"""Parsing of dates and datetimes, from texts and from timestamps of a typed source.

A value of another type, or outside the years 0001 to 9999 in UTC, becomes null.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from type_inference.masks import keep_between, keep_where
from type_inference.text_cells import cast_all

from clean.parsing.arrays import to_arrow, to_series
from clean.parsing.arrow_types import ARROW

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE = rf"^{_DAY}$"
_DATETIME = (
    rf"^(?P<day>{_DAY})"
    r"(?:[T ](?P<minute>(?:[01][0-9]|2[0-3]):[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<zone>Z|(?P<sign>[+-])(?P<zone_hours>[01][0-9]|2[0-3])"
    r"(?::?(?P<zone_minutes>[0-5][0-9]))?))?)?$"
)
_NAIVE = pa.timestamp("us")
_UTC_LENGTH = len("2013-01-31T05:00:00Z")
_HOUR_LENGTH = len("2013-01-31T05")
_MICROSECONDS_PER_MINUTE = 60_000_000


def read_date(texts: pa.Array) -> pa.Array:
    """Return texts `YYYY-MM-DD` as dates."""
    plain = cast_all(texts, pa.date32())
    if plain is not None:
        return dates_in_range(plain)
    days = keep_where(pc.match_substring_regex(texts, pattern=_DATE), texts)
    return dates_in_range(pc.cast(_parse(days, "%Y-%m-%d"), pa.date32()))


def dates_in_range(days: pa.Array) -> pa.Array:
    """Return the dates in the years 0001 to 9999; null for the others."""
    return keep_between(days, date.min, date.max)


def read_datetime(texts: pa.Array, *, timezone: ZoneInfo) -> pa.Array:
    """Return texts as instants; a text without an offset is in `timezone`."""
    plain = _read_plain(texts, timezone=timezone)
    if plain is not None:
        return datetimes_in_range(plain)
    parts = pc.extract_regex(texts, pattern=_DATETIME)
    local = _local(parts)
    zone = pc.struct_field(parts, "zone")
    by_offset = pc.subtract(local, _offset(parts))
    has_offset = pc.fill_null(pc.not_equal(zone, ""), fill_value=False)
    by_timezone = localize(keep_where(pc.invert(has_offset), local), timezone=timezone)
    return datetimes_in_range(
        pc.if_else(has_offset, pc.assume_timezone(by_offset, "UTC"), by_timezone)
    )


def _read_plain(texts: pa.Array, *, timezone: ZoneInfo) -> pa.Array | None:
    """Return instants if Arrow parses all texts as the contract does, else None."""
    lengths = pc.binary_length(texts)
    if pc.all(pc.equal(lengths, _UTC_LENGTH)).as_py():
        return cast_all(texts, ARROW["datetime"])
    # Arrow also accepts an hour without minutes.
    if pc.any(pc.equal(lengths, _HOUR_LENGTH)).as_py():
        return None
    local = cast_all(texts, _NAIVE)
    return None if local is None else localize(local, timezone=timezone)


def localize(local: pa.Array, *, timezone: ZoneInfo) -> pa.Array:
    """Return naive timestamps (µs) as instants; an ambiguous time becomes the first instant.

    A time that summer time skips becomes null.
    """
    if timezone.key == "UTC":
        return pc.assume_timezone(local, "UTC")
    # pandas rather than Arrow, whose summer time rules end in 2037.
    naive = pd.Series(local.to_pandas(), dtype="datetime64[us]")
    aware = naive.dt.tz_localize(
        timezone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="NaT"
    )
    return pa.array(aware.dt.tz_convert("UTC"), ARROW["datetime"])


def are_ambiguous_times(instants: pa.Array, timezone: ZoneInfo) -> pa.Array:
    """Return which instants are the first of two with the same local time."""
    if timezone.key == "UTC":
        return pc.and_(pc.is_valid(instants), pa.scalar(value=False))
    first = pd.Series(instants.to_pandas(), dtype="datetime64[us, UTC]")
    clock = first.dt.tz_convert(timezone).dt.tz_localize(None)
    is_first = np.zeros(len(clock), dtype=bool)
    second = clock.dt.tz_localize(timezone, ambiguous=is_first, nonexistent="NaT")
    return pa.array(second.dt.tz_convert("UTC") > first)


def datetimes_in_range(instants: pa.Array) -> pa.Array:
    """Return the instants in the years 0001 to 9999 in UTC; null for the others."""
    return keep_between(
        instants, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    )


def _local(parts: pa.StructArray) -> pa.Array:
    minute, second, fraction = (
        pc.struct_field(parts, name) for name in ("minute", "second", "fraction")
    )
    minute = pc.if_else(pc.equal(minute, ""), "00:00", minute)
    second = pc.utf8_lpad(second, width=2, padding="0")
    # Digits are truncated, not rounded, before and after 1970.
    micro = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, width=6, padding="0"), 0, 6)
    clock = pc.binary_join_element_wise(minute, ":", second, ".", micro, "")
    texts = pc.binary_join_element_wise(pc.struct_field(parts, "day"), "T", clock, "")
    return pc.cast(_parse(texts, "%Y-%m-%dT%H:%M:%S.%f"), _NAIVE)


def _offset(parts: pa.StructArray) -> pa.Array:
    hours, minutes = (
        pc.cast(pc.utf8_lpad(pc.struct_field(parts, name), width=2, padding="0"), pa.int64())
        for name in ("zone_hours", "zone_minutes")
    )
    total = pc.add(pc.multiply(hours, 60), minutes)
    is_west = pc.equal(pc.struct_field(parts, "sign"), "-")
    signed = pc.if_else(is_west, pc.negate(total), total)
    return pc.cast(pc.multiply(signed, _MICROSECONDS_PER_MINUTE), pa.duration("us"))


def _parse(texts: pa.Array, date_format: str) -> pa.Array:
    """Return texts in this format as naive timestamps; a day that does not exist becomes null."""
    # Arrow's strptime turns 29 February 2023 into 1 March.
    return to_arrow(pd.to_datetime(to_series(texts), format=date_format, errors="coerce"))
