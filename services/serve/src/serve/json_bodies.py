"""Bodies in JSON, read by Python's own reader: it is slow, and knows what is wrong where."""

import json
from collections.abc import Callable
from http import HTTPStatus

from serve.problems import RequestError

_LONGEST_INTEGER = 400
"""Digits that are worth converting: a double has 309, and int() refuses thousands of them."""


def parse_json(body: bytes, *, constant: Callable[[str], object]) -> object:
    """Return what a body says; `constant` makes of NaN and the infinities, which JSON has not.

    Raises:
        RequestError: it is not JSON.
    """
    try:
        return json.loads(body.decode(), parse_constant=constant, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise not_json(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise not_json(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise not_json("the body is nested too deeply") from None


def check_objects(body: bytes, *, most: int) -> None:
    """Refuse a body with so many objects and lists that it is made to fill the memory.

    Raises:
        RequestError: there are too many.
    """
    if body.count(b"{") + body.count(b"[") > most:
        detail = "too many objects and lists; send the rows in several requests"
        raise RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail)


def not_json(detail: str) -> RequestError:
    """Return the error for a body that is not JSON."""
    return RequestError(HTTPStatus.BAD_REQUEST, detail)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
