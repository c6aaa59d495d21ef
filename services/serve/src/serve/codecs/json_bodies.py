"""JSON bodies, parsed by Python's own parser: slower, but with exact error messages."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import numpy as np

from serve.problems import RequestError

_MAX_INTEGER_DIGITS = 400
"""Maximum digits of an integer to convert: a double has 309, and int() rejects thousands."""
_VALUES_BESIDE_ROWS: Final = 10_000
"""Number of values that any body may have beside its rows, such as an index or parameters."""


def parse_json(body: bytes, *, constant: Callable[[str], object]) -> object:
    """Return the parsed body; `constant` converts NaN and infinities, which are not valid JSON.

    Raises:
        RequestError: It is not JSON.
    """
    try:
        return json.loads(body.decode(), parse_constant=constant, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise not_json(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise not_json(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise not_json("the body is nested too deeply") from None


def check_counts(body: bytes, *, objects: int, values: int) -> None:
    """Refuse a body with so many objects, lists or values that parsing it takes too long.

    Raises:
        RequestError: It has more than `objects` objects and lists, or more than `values` values.
    """
    if body.count(b"{") + body.count(b"[") > objects:
        raise _too_many("objects and lists")
    # Texts contain commas as well, so only bodies with many commas are counted exactly.
    if body.count(b",") > values and _count_outside_texts(body, b",") > values:
        raise _too_many("values")


def max_values(columns: int, *, max_rows: int, beside: int = 2) -> int:
    """Return the maximum number of values: all columns and some `beside` them in each row."""
    return max_rows * (columns + beside) + _VALUES_BESIDE_ROWS


def not_json(detail: str) -> RequestError:
    """Return the error for a body that is not JSON."""
    return RequestError(HTTPStatus.BAD_REQUEST, detail)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else float(digits)


def _count_outside_texts(body: bytes, character: bytes) -> int:
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    characters = np.frombuffer(plain, np.uint8)
    is_in_text = np.logical_xor.accumulate(characters == ord('"'))
    return int(np.count_nonzero((characters == ord(character)) & ~is_in_text))


def _too_many(what: str) -> RequestError:
    detail = f"too many {what}; send the rows in several requests"
    return RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail)
