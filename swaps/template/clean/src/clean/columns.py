"""What becomes of a column: which type it has, and how its cells are cast to it."""

from typing import Final

import pyarrow as pa
from pyarrow import compute as pc

PARQUET: Final = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
}
_WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_NUMBER: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_INTEGER: Final = r"^[+-]?[0-9]{1,15}$"
_LAST_INTEGER: Final = 2**53


def prepare(values: pa.Array, missing: list[str]) -> pa.Array:
    """Return a column as it came, with texts trimmed, and null where they mean missing."""
    if _type_of_source(values.type) == "string":
        texts = pc.utf8_trim(values.cast(pa.string()), characters=_WHITE_SPACE)
        is_missing = pc.is_in(texts, pa.array(["", *missing]))
        return pc.if_else(is_missing, pa.scalar(None, pa.string()), texts)
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def narrowest(values: pa.Array, so_far: str | None) -> str | None:
    """Return the first type, from `so_far` on, that all values have; None if there is no value."""
    source = _type_of_source(values.type)
    if source not in {"string", "integer"}:
        return source
    if values.null_count == len(values):
        return so_far
    if source == "integer":
        return "integer" if so_far != "string" and _are_exact(values) else "string"
    order = ["integer", "number", "string"]
    later = order[order.index(so_far or "integer") :]
    return next(each for each in later if _is_all(values, each))


def cast(values: pa.Array, to: str) -> pa.Array:
    """Return prepared values as Parquet has them."""
    if pa.types.is_string(values.type) and to in {"integer", "number"}:
        values = pc.replace_substring_regex(values, r"^\+", "")
    if pa.types.is_timestamp(values.type) and values.type.tz is None:
        values = pc.assume_timezone(values, "UTC")
    return values.cast(PARQUET[to], safe=to != "datetime")


def _is_all(texts: pa.Array, candidate: str) -> bool:
    if candidate == "string":
        return True
    pattern = _INTEGER if candidate == "integer" else _NUMBER
    if not pc.all(pc.match_substring_regex(texts, pattern)).as_py():
        return False
    return bool(pc.all(pc.is_finite(cast(texts, candidate))).as_py())


def _are_exact(values: pa.Array) -> bool:
    ends = pc.min_max(values).as_py()
    return bool(max(-ends["min"], ends["max"]) <= _LAST_INTEGER)


def _type_of_source(kind: pa.DataType) -> str:
    """Return the type of a column of a typed source, such as Parquet; all else becomes texts."""
    tests = {
        "integer": pa.types.is_integer,
        "number": pa.types.is_floating,
        "boolean": pa.types.is_boolean,
        "date": pa.types.is_date32,
        "datetime": pa.types.is_timestamp,
    }
    return next((name for name, is_of in tests.items() if is_of(kind)), "string")
