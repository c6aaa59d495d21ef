"""Hard tables: valid, and such as real tables are.

Each comes in a form: `texts` as after CSV, `typed` as after Parquet, `clean` as clean-data holds it.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa

from conformance.inputs.houses import Houses, houses

type Form = Literal["texts", "typed", "clean"]
type HardTable = Callable[[Form], Houses]

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


def empty(_form: Form) -> Houses:
    """No rows."""
    return houses().first(0)


def one_row(_form: Form) -> Houses:
    """One row."""
    return houses().first(1)


def null_column(_form: Form) -> Houses:
    """Columns without any value."""
    nothing = [None] * len(houses())
    return (
        houses()
        .replaced("colour", nothing)
        .replaced("rooms", nothing)
        .with_column("nothing", nothing, "string", pa.string())
        .with_column("no number", nothing, "number", pa.float64())
    )


def names(_form: Form) -> Houses:
    """Names that mean something to SQL, to pandas, to a shell, or are not ASCII."""
    table = houses()
    for number, name in enumerate(NAMES):
        values = [(number + row) % 7 + row / 4 for row in range(len(table))]
        table = table.with_column(name, values, "number", pa.float64())
    return table


def case(_form: Form) -> Houses:
    """Two names that differ in case alone."""
    values = [row / 8 for row in range(len(houses()))]
    return houses().with_column("SIZE", values, "number", pa.float64())


def texts(_form: Form) -> Houses:
    """Texts with quotes, line breaks, other scripts, and of 50,000 characters."""
    return houses().with_column("remark", _repeated(TEXTS), "string", pa.string())


def null_integers(_form: Form) -> Houses:
    """Integers of which some are missing, which other tools turn into doubles."""
    rooms = houses().values("rooms")
    return houses().replaced("rooms", [None if n % 3 == 0 else room for n, room in enumerate(rooms)])


def time_zones(form: Form) -> Houses:
    """Instants in another time zone, in nanoseconds, and without any zone."""
    moments = _repeated(MOMENTS)
    if form == "clean":
        return houses().with_column("seen", moments, "datetime", pa.timestamp("us", "UTC"))
    if form == "texts":
        local = [f"{moment.replace(tzinfo=None).isoformat(' ')}+00" for moment in moments]
        return houses().with_column("seen", local, "datetime", pa.string())
    near = [moment for moment in _repeated(MOMENTS[1:-1])]
    naive = [moment.astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None) for moment in near]
    return (
        houses()
        .with_column("seen", near, "datetime", pa.timestamp("us", BERLIN))
        .with_column("seen to the nanosecond", near, "datetime", pa.timestamp("ns", "UTC"))
        .with_column("seen on the wall", naive, "datetime", pa.timestamp("ms"))
    )


def unseen_category(_form: Form) -> Houses:
    """A category of a single row."""
    colours = houses().values("colour")
    return houses().replaced("colour", [*colours[:-1], "octarine"])


def large_integers(form: Form) -> Houses:
    """Integers beyond what a double holds."""
    values = [BIG + row for row in range(len(houses()))]
    if form == "typed":
        return houses().with_column("big", values, "integer", pa.int64())
    return houses().with_column("big", list(map(str, values)), "string", pa.string())


def floats(form: Form) -> Houses:
    """The ends of a double, and where they may stand NaN and infinity."""
    odd = FLOATS if form == "clean" else (*FLOATS, math.nan, math.inf, -math.inf)
    values = [odd[row] if row < len(odd) else row / 3 for row in range(len(houses()))]
    return houses().with_column("odd", values, "number", pa.float64())


def _repeated[Item](items: tuple[Item, ...]) -> list[Item]:
    return [items[row % len(items)] for row in range(len(houses()))]


HARD_TABLES: Mapping[str, HardTable] = MappingProxyType(
    {
        "empty": empty,
        "one-row": one_row,
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
