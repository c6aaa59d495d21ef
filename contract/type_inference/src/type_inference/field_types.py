"""The six types of the contract, and the default missing tokens."""

from typing import Literal

FieldType = Literal["string", "number", "integer", "boolean", "datetime", "date"]

NARROWEST_FIRST: tuple[FieldType, ...] = ("boolean", "integer", "number", "date", "datetime")
"""Types other than string, narrowest first; the first that fits all values wins."""

MAX_EXACT_INTEGER = 2**53
"""Integers within ± this limit are exact in a double, the input type of the ONNX graph."""

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N")
"""Default missing tokens; MySQL and PostgreSQL write `\\N`."""

MAX_MISMATCH_SHARE = 0.05
"""Maximum share of values of another type; with more, no type is suggested."""

EXPECTED: dict[FieldType, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer within ±2^53",
    "boolean": "true or false",
    "datetime": "a datetime such as 2013-01-31T05:00:00Z",
    "date": "a date such as 2013-01-31",
}
"""Expected value of each type, for messages."""
