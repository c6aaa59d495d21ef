"""Typed values of a clean table, as pyarrow gives them to Python."""

from datetime import date, datetime

type Value = str | float | int | bool | datetime | date | None
"""Missing is None; a datetime is in UTC."""

LARGEST_INTEGER = 2**53
