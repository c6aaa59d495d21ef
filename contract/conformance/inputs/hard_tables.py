"""Hard tables: valid, with the content of real tables.

Each is made of other houses, in a form: `texts` as after CSV, `typed` as after Parquet, `clean` as
clean-data holds it.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa

from conformance.inputs.houses import Houses

type Form = Literal["texts", "typed", "clean"]
type EdgeCase = Callable[[Houses, Form], Houses]
"""Returns the table with this edge case, in a form."""

NAMES = (
    "with space",
    'double"quote',
    "single'quote",
    "back\\slash",
    "comma,name",
    "semi;colon",
    "dotted.name",
    "a/slash",
    "[bracket]",
    "50 %",
    "x=y",
    "select",
    "from",
    "order",
    "index",
    "__index_level_0__",
    "row",
    "reason",
    "grün",
    "日本語",
    "🏠",
    "e\u0301",
    "x" * 200,
)
TEXTS = (
    'a "quoted" text',
    "two\nlines",
    "a\ttab",
    "comma, semicolon; pipe|",
    "'; DROP TABLE houses; --",
    "日本語 🏠 e\u0301 \u202e",
    "=1+1",
    "\\N",
    "long " * 10_000,
)
MOMENTS = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2023, 3, 26, 1, 0, 0, tzinfo=UTC),
    datetime(2023, 10, 29, 0, 30, 0, tzinfo=UTC),
    datetime(2023, 10, 29, 1, 30, 0, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
)
"""The ends of the calendar, and the hours around which summer time begins and ends."""
BERLIN = "Europe/Berlin"
BIG = 2**53 + 1
FLOATS = (-0.0, 5e-324, 1.5e300, -1.5e300)


def empty(houses: Houses, _form: Form) -> Houses:
    """No rows."""
    return houses.head(0)


def one_row(houses: Houses, _form: Form) -> Houses:
    """One row."""
    return houses.head(1)


def null_column(houses: Houses, _form: Form) -> Houses:
    """Columns without any value."""
    nothing = [None] * len(houses)
    return (
        houses.with_values("garden", nothing)
        .with_column("nothing", nothing, "string", pa.string())
        .with_column("no number", nothing, "number", pa.float64())
    )


def names(houses: Houses, _form: Form) -> Houses:
    """Names that mean something to SQL, to pandas, to a shell, or are not ASCII."""
    for number, name in enumerate(NAMES):
        values = [(number + row) % 7 + row / 4 for row in range(len(houses))]
        houses = houses.with_column(name, values, "number", pa.float64())
    return houses


def case(houses: Houses, _form: Form) -> Houses:
    """Two names that differ in case alone."""
    values = [row / 8 for row in range(len(houses))]
    return houses.with_column("SIZE", values, "number", pa.float64())


def texts(houses: Houses, _form: Form) -> Houses:
    """Texts with quotes, line breaks, other scripts, and of 50,000 characters."""
    return houses.with_column("remark", _repeated(TEXTS, houses), "string", pa.string())


def null_integers(houses: Houses, _form: Form) -> Houses:
    """Integers of which some are missing, which other tools turn into doubles."""
    rooms = houses.values("rooms")
    return houses.with_values(
        "rooms", [None if n % 3 == 0 else room for n, room in enumerate(rooms)]
    )


def time_zones(houses: Houses, form: Form) -> Houses:
    """Instants in another time zone, in nanoseconds, and without any zone."""
    moments = _repeated(MOMENTS, houses)
    if form == "clean":
        return houses.with_column("seen", moments, "datetime", pa.timestamp("us", "UTC"))
    if form == "texts":
        local = [f"{moment.replace(tzinfo=None).isoformat(' ')}+00" for moment in moments]
        return houses.with_column("seen", local, "datetime", pa.string())
    # Nanoseconds reach from 1677 to 2262 only.
    near = _repeated(MOMENTS[1:-1], houses)
    naive = [moment.astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None) for moment in near]
    return (
        houses.with_column("seen", near, "datetime", pa.timestamp("us", BERLIN))
        .with_column("seen to the nanosecond", near, "datetime", pa.timestamp("ns", "UTC"))
        .with_column("seen on the wall", naive, "datetime", pa.timestamp("ms"))
    )


def unseen_category(houses: Houses, _form: Form) -> Houses:
    """One category that a single row has."""
    return houses.with_values("colour", [*houses.values("colour")[:-1], "octarine"])


def large_integers(houses: Houses, form: Form) -> Houses:
    """Integers beyond what a double holds."""
    values = [BIG + row for row in range(len(houses))]
    if form == "typed":
        return houses.with_column("big", values, "integer", pa.int64())
    return houses.with_column("big", list(map(str, values)), "string", pa.string())


def floats(houses: Houses, form: Form) -> Houses:
    """Smallest and largest doubles, and NaN and infinity where they are allowed."""
    odd = FLOATS if form == "clean" else (*FLOATS, math.nan, math.inf, -math.inf)
    values = [odd[row] if row < len(odd) else row / 3 for row in range(len(houses))]
    return houses.with_column("odd", values, "number", pa.float64())


def _repeated[Item](items: tuple[Item, ...], houses: Houses) -> list[Item]:
    return [items[row % len(items)] for row in range(len(houses))]


FEW_ROWS: Mapping[str, EdgeCase] = MappingProxyType({"empty": empty, "one-row": one_row})
HARD_COLUMNS: Mapping[str, EdgeCase] = MappingProxyType(
    {
        "null-column": null_column,
        "names": names,
        "case": case,
        "texts": texts,
        "null-integers": null_integers,
        "time-zones": time_zones,
        "unseen-category": unseen_category,
        "large-integers": large_integers,
        "floats": floats,
    }
)
"""The cases that fit into one table."""
