"""Error responses: problem documents, with the fields that a protocol adds."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec

from serve.problems import MEDIA_TYPE, RequestError

_JSON: Final = b"application/json"
_MLFLOW_CODES: Final = {
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL_ERROR",
    HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
}


def error_form(path: str, error: RequestError) -> tuple[bytes, bytes]:
    """Return media type and body of an error response for a path."""
    if path == "/v2" or path.startswith("/v2/"):
        return _JSON, _with(error, {"error": _sentence(error)})
    if path == "/invocations":
        code = _MLFLOW_CODES.get(error.status, "BAD_REQUEST")
        return _JSON, _with(error, {"error_code": code, "message": _sentence(error)})
    return MEDIA_TYPE.encode(), error.document()


def _with(error: RequestError, members: dict[str, Any]) -> bytes:
    return msgspec.json.encode(members | error.members())


def _sentence(error: RequestError) -> str:
    """Return all errors as one text, for clients that show only one field."""
    return "; ".join(filter(None, [error.detail, *_complaints(error)]))


def _complaints(error: RequestError) -> Iterator[str]:
    for each in error.errors:
        places = (("row", each.row), ("column", each.column))
        where = ", ".join(f"{name} {place}" for name, place in places if place is not None)
        value = None if each.value is msgspec.UNSET else msgspec.json.encode(each.value).decode()
        got = [] if value is None else [f"got {value}"]
        # The detail already describes an error of the whole body.
        expected = [] if each.expected in error.detail else [f"expected {each.expected}"]
        meant = [f"did you mean {each.did_you_mean}?"] if each.did_you_mean else []
        yield ": ".join(filter(None, (where, ", ".join([*got, *expected, *meant]))))
