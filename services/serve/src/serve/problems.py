"""Problem documents (RFC 9457): the errors of a request, where they are, and the expectation.

Every failing request raises RequestError; `api` and `fast_path` turn it into a response.
"""

import difflib
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
"""Maximum number of errors in one response; a client that has fixed them sees the next ones."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A problem document, RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["expected"],
                "properties": {
                    "row": {
                        "type": "integer",
                        "description": "Counts from 1; in CSV from the line below the header.",
                    },
                    "column": {"type": "string"},
                    "parameter": {"type": "string", "description": "Of the query string."},
                    "value": {"description": "The value, shortened; omitted for private columns."},
                    "expected": {"type": "string"},
                    "did_you_mean": {"type": "string"},
                },
            },
        },
    },
}

_MAX_TEXT_CHARACTERS = 100
_MAX_NUMBER = 2**63


class ErrorDetail(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One error; `row` counts from 1, in CSV from the line below the header."""

    row: int | None = None
    column: str | None = None
    parameter: str | None = None
    """The parameter of the query string."""
    value: Any = msgspec.UNSET
    expected: str
    did_you_mean: str | None = None


class RequestError(Exception):
    """Ends a request with a problem document."""

    def __init__(  # noqa: PLR0913  # all but two by name
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[ErrorDetail] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
        limit: str | None = None,
        public_detail: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.limit = limit
        """The limit that refused it, for metrics; None if the request itself is invalid."""
        self._public_detail = public_detail

    def without_details(self) -> "RequestError":
        """Return the error for a client without a key, if keys are set."""
        if self._public_detail is None:
            return self
        return RequestError(
            self.status, self._public_detail, headers=self.headers, limit=self.limit
        )

    def members(self) -> dict[str, Any]:
        """Return the members of the problem; with the type about:blank, the status is its kind."""
        document = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        return document | ({"errors": self.errors} if self.errors else {})

    def document(self) -> bytes:
        """Return the problem as JSON."""
        return msgspec.json.encode(self.members())


class ErrorList:
    """Collects the errors of a table; stops when the list is full."""

    def __init__(self) -> None:
        self._listed: list[ErrorDetail] = []

    def add(self, error: ErrorDetail) -> None:
        """Add an error.

        Raises:
            RequestError: The list is full.
        """
        if len(self._listed) == MAX_ERRORS:
            raise self._error(f"more than {MAX_ERRORS} errors, the first follow")
        self._listed.append(error)

    def raise_if_any(self) -> None:
        """Refuse the request if there are errors."""
        if self._listed:
            count = len(self._listed)
            raise self._error("1 error" if count == 1 else f"{count} errors")

    def _error(self, detail: str) -> RequestError:
        return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail, errors=self._listed)


def bug() -> RequestError:
    """Return the error for a bug of the server."""
    detail = "a bug in this service; see its log"
    return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def unknown_name(
    name: str, known: Iterable[str], *, row: int | None = None, candidates: Sequence[str] = ()
) -> ErrorDetail:
    """Return the error for an unknown column.

    `candidates` are the columns for which the source uses this name.
    """
    name = shortened(name)
    close = candidates or difflib.get_close_matches(name, list(known), n=1)
    several = f"; here it may be {' or '.join(candidates)}" if len(candidates) > 1 else ""
    return ErrorDetail(
        expected=f"a column of the model, see GET /model{several}",
        row=row,
        column=name,
        did_you_mean=close[0] if len(close) == 1 else None,
    )


def showable(value: object) -> object:
    """Return a value that is short and encodable, to echo in a response."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, int | float) and not abs(value) < _MAX_NUMBER:
        return shortened(str(value))
    return value


def shortened(text: str) -> str:
    """Return a text that is short and encodable, to echo in a response."""
    cut = text if len(text) <= _MAX_TEXT_CHARACTERS else f"{text[:_MAX_TEXT_CHARACTERS]}…"
    return cut.encode(errors="backslashreplace").decode()
