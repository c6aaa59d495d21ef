"""The six types of the contract."""

from typing import Literal

FieldType = Literal["string", "number", "integer", "boolean", "datetime", "date"]

WHOLE_LIMIT = 2**53
"""Integers within ± this limit are exact in a double, which the ONNX graph takes."""

EXPECTED: dict[FieldType, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer within ±2^53",
    "boolean": "true or false",
    "datetime": "a datetime such as 2013-01-31T05:00:00Z",
    "date": "a date such as 2013-01-31",
}
"""Expected value of each type, for messages."""
