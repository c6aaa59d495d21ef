"""Problem documents (RFC 9457): what is wrong with a request, where, and what was expected.

RequestError is the one way in which a request can fail; `front` and `api` turn it into an answer.
"""

import difflib
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"
LONGEST_LIST = 20
"""Errors that one answer lists; whoever mends them can ask again."""

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
                    "value": {"description": "What was sent, shortened; not of private columns."},
                    "expected": {"type": "string"},
                    "did_you_mean": {"type": "string"},
                },
            },
        },
    },
}

_LONGEST_TEXT = 100
_LARGEST_NUMBER = 2**63


class Complaint(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that is wrong; `row` counts from 1, in CSV from the line below the header."""

    row: int | None = None
    column: str | None = None
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
        errors: Sequence[Complaint] = (),
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
        """Which limit refused it, as metrics call it; none if the request itself is wrong."""
        self._public_detail = public_detail

    def without_details(self) -> "RequestError":
        """Return the error as a client without a key may read it, where keys are set."""
        if self._public_detail is None:
            return self
        return RequestError(
            self.status, self._public_detail, headers=self.headers, limit=self.limit
        )

    def members(self) -> dict[str, Any]:
        """Return the members of the problem; its type is about:blank, the status says the kind."""
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


class Complaints:
    """Collects what is wrong with a table of rows; a full list ends the work on it."""

    def __init__(self) -> None:
        self._listed: list[Complaint] = []

    def add(self, complaint: Complaint) -> None:
        """Note one thing that is wrong.

        Raises:
            RequestError: the list is full.
        """
        if len(self._listed) == LONGEST_LIST:
            raise self._error(f"more than {LONGEST_LIST} errors, the first follow")
        self._listed.append(complaint)

    def raise_if_any(self) -> None:
        """Refuse the request if anything is wrong."""
        if self._listed:
            count = len(self._listed)
            raise self._error("1 error" if count == 1 else f"{count} errors")

    def _error(self, detail: str) -> RequestError:
        return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail, errors=self._listed)


def bug() -> RequestError:
    """Return the error for what is no fault of the client."""
    detail = "a bug of this service; its log says more"
    return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def unknown_name(
    name: str, known: Iterable[str], *, row: int | None = None, meant: Sequence[str] = ()
) -> Complaint:
    """Return the complaint about a column that the model does not know.

    `meant` are the columns for which the source writes this name.
    """
    name = shortened(name)
    close = meant or difflib.get_close_matches(name, list(known), n=1)
    several = f"; here it may be {' or '.join(meant)}" if len(meant) > 1 else ""
    return Complaint(
        expected=f"a column of the model, see GET /model{several}",
        row=row,
        column=name,
        did_you_mean=close[0] if len(close) == 1 else None,
    )


def showable(value: object) -> object:
    """Return a value as an answer may echo it: short, and always encodable."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, int | float) and not abs(value) < _LARGEST_NUMBER:
        return shortened(str(value))
    return value


def shortened(text: str) -> str:
    """Return a text as an answer may echo it."""
    cut = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    return cut.encode(errors="backslashreplace").decode()
