"""Typed values of a clean table, as pyarrow gives them to Python."""

from datetime import date, datetime

type Value = str | float | int | bool | datetime | date | None
"""Missing is None; a datetime is in UTC."""

MAX_INTEGER = 2**53

WHITE_SPACE = "".join(
    map(
        chr,
        [
            *range(0x09, 0x0E),
            *(0x20, 0x85, 0xA0, 0x1680),
            *range(0x2000, 0x200B),
            *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
        ],
    )
)
"""The Unicode property White_Space, which is not what str.strip() takes away."""
