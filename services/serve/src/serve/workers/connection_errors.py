"""Errors that close the connection: malformed, too large, or too slow requests."""

from http import HTTPStatus

import httptools
from stage_contract import LOGGER

from serve import problems
from serve.problems import RequestError, shortened


def what_is_wrong(error: httptools.HttpParserError) -> RequestError:
    """Return the error for bytes that the parser rejects."""
    cause = error.__context__
    if isinstance(cause, RequestError):
        return cause
    if cause is not None:
        LOGGER.error("a request could not be taken in", exc_info=cause)
        return problems.bug()
    detail = f"this is not HTTP/1.1: {error}"
    return RequestError(HTTPStatus.BAD_REQUEST, detail, limit="malformed")


def wrong_target(target: bytes) -> RequestError:
    """Return the error for a request line without a path."""
    asked = shortened(target.decode("latin-1"))
    detail = f"the request line asks for {asked}, expected a path such as /predict"
    return RequestError(HTTPStatus.BAD_REQUEST, detail, limit="malformed")


def wrong_host(found: int) -> RequestError:
    """Return the error for a request without exactly one host (RFC 9112, section 3.2)."""
    detail = f"the request has {found or 'no'} Host header fields, expected one"
    return RequestError(HTTPStatus.BAD_REQUEST, detail, limit="malformed")


def repeated(name: bytes) -> RequestError:
    """Return the error for a field that is repeated and must not be."""
    detail = f"the request has several {name.decode()} header fields, expected one at most"
    return RequestError(HTTPStatus.BAD_REQUEST, detail, limit="malformed")


def wrong_coding(coding: bytes) -> RequestError:
    """Return the error for a transfer coding other than `chunked` (RFC 9112, section 6.1)."""
    asked = [each.strip().lower() for each in coding.split(b",")]
    is_known = all(each in {b"", b"chunked"} for each in asked)
    detail = f"the body has the transfer coding {shortened(coding.decode('latin-1'))}"
    return RequestError(
        HTTPStatus.BAD_REQUEST if is_known else HTTPStatus.NOT_IMPLEMENTED,
        f"{detail}, expected chunked or none",
        limit="malformed",
    )


def too_many_chunks(most: int) -> RequestError:
    """Return the error for a body with too many chunks, which would use up time."""
    detail = f"the body has more than {most:,} chunks; send it in larger ones"
    return RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail, limit="body")


def head_too_large(what: str) -> RequestError:
    """Return the error for header fields that are too many or too long."""
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return RequestError(status, what, limit="header")


def too_many_connections(most: int) -> RequestError:
    """Return the error for a connection beyond the limit."""
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"more than {most:,} connections are open; retry in a moment",
        headers=[(b"retry-after", b"1")],
        limit="connections",
    )


def ending() -> RequestError:
    """Return the error for a request that is incomplete when the server stops."""
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the server is shutting down; retry the request",
        headers=[(b"retry-after", b"1")],
    )


def too_slow(seconds: float) -> RequestError:
    """Return the error for a request that arrives too slowly."""
    detail = f"the request was not complete within {seconds:g} s"
    return RequestError(HTTPStatus.REQUEST_TIMEOUT, detail, limit="time")
