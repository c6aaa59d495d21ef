"""The checks of request bodies find a server that answers them wrongly."""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from conformance.checks.serve import bodies
from conformance.harness.faults import Fault
from conformance.serving.servers import Server
from support.answering import SUBJECT, client_of, problem

MAX_BYTES = 1_000_000


def strict(request: httpx.Request) -> httpx.Response:
    return problem(413 if len(request.read()) > MAX_BYTES else 422)


def by_header(request: httpx.Request) -> httpx.Response:
    return problem(413 if int(request.headers.get("content-length", 0)) > MAX_BYTES else 422)


def without_rows(request: httpx.Request) -> httpx.Response:
    """Take a body without rows for an empty list."""
    if request.read() == b"{}":
        return httpx.Response(200, json={"model": "0123456789abcdef", "predictions": []})
    return problem(422)


def with_nan(request: httpx.Request) -> httpx.Response:
    """Take NaN for a missing value."""
    if b"NaN" in request.read():
        return httpx.Response(200, json={"model": "0123456789abcdef", "predictions": []})
    return problem(422)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def serve(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        monkeypatch.setattr(bodies, "ready_client", lambda _subject: client_of(answer))

    return serve


def test_a_server_that_counts_the_bytes_of_a_body_is_right(asked: Callable[[Any], None]) -> None:
    asked(strict)

    bodies.too_large(SUBJECT)
    bodies.wrong_body(SUBJECT)


def test_a_limit_by_the_header_alone_is_found(asked: Callable[[Any], None]) -> None:
    asked(by_header)

    with pytest.raises(Fault, match="32 MB in chunks, without a Content-Length returns 422"):
        bodies.too_large(SUBJECT)


def test_a_body_without_rows_that_is_answered_is_found(asked: Callable[[Any], None]) -> None:
    asked(without_rows)

    with pytest.raises(Fault, match="/predict with an object without rows returns 200"):
        bodies.wrong_body(SUBJECT)


def test_a_nan_in_json_that_is_answered_is_found(asked: Callable[[Any], None]) -> None:
    asked(with_nan)

    with pytest.raises(Fault, match="/predict with NaN returns 200"):
        bodies.wrong_body(SUBJECT)


def overwhelmed(_request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("the server has closed the connection")


@pytest.mark.parametrize(
    ("answer", "is_ready"),
    [(strict, True), (overwhelmed, True), (with_nan, False), (lambda _: problem(500), True)],
)
def test_a_server_that_tiny_values_bring_down_is_found(
    answer: Callable[[httpx.Request], httpx.Response], *, is_ready: bool
) -> None:
    server = cast(Server, SimpleNamespace(http=client_of(answer).http, is_ready=lambda: is_ready))

    with nullcontext() if answer is strict else pytest.raises(Fault, match="times 0 in"):
        bodies.check_tiny_values(server, b"0", 1_000)
