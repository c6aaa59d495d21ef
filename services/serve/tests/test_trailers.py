"""What a client may send around the chunks of a body: trailer fields and chunk extensions."""

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
from asking import Worker
from serve.fast_path import Connection
from serve.workers.bounded_connections import BoundedConnection
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import Server, running, until
from sinks import Sink

KEY = "k" * 48
LIMITS = """
workers = 1
max_header_bytes = 4096
max_headers = 20
api_keys_file = "{keys}"
fast_path = {fast_path}
"""
WITH_KEY = f"x-api-key: {KEY}"
AS_JSON = "content-type: application/json"
BODY = b'{"rows": [{"carat": 1, "cut": "Good"}]}'
PRICE = b'"predictions":[{"price":1020.5}]'
type Response = tuple[int, bytes]


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast path", "framework"])
def server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("trailers")
    publish_model(folder / "volume", DIAMONDS)
    (folder / "keys").write_text(KEY)
    settings = LIMITS.format(keys=folder / "keys", fast_path=request.param)
    with running(folder, settings) as server:
        until(lambda: server.ask("GET", "/ready", **{"x-api-key": KEY})[0] == 200)
        yield server


def head(*fields: str, line: str = "POST /predict") -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "host: a", *fields, "\r\n"]).encode()


def chunked(*fields: str, line: str = "POST /predict") -> bytes:
    return head("transfer-encoding: chunked", *fields, line=line)


def chunk(body: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(body), extension, body)


def read(connection: socket.socket) -> Response:
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        fields = dict(line.lower().split(b": ") for line in iter(file.readline, b"\r\n"))
        return status, file.read(int(fields[b"content-length"]))


def ask(server: Server, *parts: bytes) -> Response:
    """Return the response to a request; each part arrives before the next one is sent."""
    with server.open() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        return read(connection)


def detail(response: Response) -> str:
    text: str = json.loads(response[1])["detail"]
    return text


def test_trailers_and_extensions_within_the_limits_are_taken(server: Server) -> None:
    body = b"".join(chunk(BODY[place : place + 1], b";a=b") for place in range(len(BODY)))
    response = ask(server, chunked(WITH_KEY, AS_JSON), body, b"0\r\n" + b"a: b\r\n" * 20 + b"\r\n")

    assert response[0] == 200
    assert PRICE in response[1]


def test_a_body_in_many_chunks_has_no_more_than_its_chunks_around_it(server: Server) -> None:
    spaces = [chunk(b" " * 10) * 1000] * 20
    response = ask(server, chunked(WITH_KEY, AS_JSON), *spaces, chunk(BODY), b"0\r\n\r\n")

    assert response[0] == 200


def test_too_many_trailers_are_refused(server: Server) -> None:
    trailers = b"0\r\n" + b"a: b\r\n" * 21
    response = ask(server, chunked(WITH_KEY, AS_JSON) + chunk(BODY) + trailers + b"\r\n")

    assert (response[0], detail(response)) == (431, "more than 20 trailer fields")


def test_too_long_trailers_are_refused(server: Server) -> None:
    trailer = b"0\r\na: %b\r\n\r\n" % (b"b" * 5000)
    response = ask(server, chunked(WITH_KEY, AS_JSON) + chunk(BODY) + trailer)

    assert (response[0], detail(response)) == (431, "trailer fields of more than 4,096 bytes")


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"0\r\n", b"A: b\r\n" * 1000),
        (b"0\r\na: ", b"b" * 6000),
        (b"2;a=", b"b" * 6000),
        (b"", b"1;a=%b\r\n \r\n" % (b"b" * 1000)),
    ],
    ids=["trailers", "a trailer", "a chunk extension", "chunk extensions"],
)
@pytest.mark.parametrize(
    "connections", [Connection, BoundedConnection], ids=["fast path", "framework"]
)
def test_what_has_no_end_around_chunks_is_cut_off(
    diamonds: Worker, connections: type[BoundedConnection], start: bytes, again: bytes
) -> None:
    async def arrive() -> tuple[int, Sink]:
        client = Sink(diamonds, connections)
        client.connection.data_received(chunked(AS_JSON) + chunk(b"{}") + start)
        for taken in range(0, 32_000_000, len(again)):
            if client.is_closed:
                return taken, client
            client.connection.data_received(again)
            await asyncio.sleep(0)
        return 32_000_000, client

    taken, client = asyncio.run(arrive())

    assert taken <= 32_000
    assert client.written.startswith(b"HTTP/1.1 431 ")
    assert b"trailer fields" in client.written


@pytest.mark.parametrize("line", ["GET /model", "POST /predict"])
def test_a_trailer_is_no_api_key(server: Server, line: str) -> None:
    trailer = b"0\r\nX-API-Key: %b\r\n\r\n" % KEY.encode()
    response = ask(server, chunked(AS_JSON, line=line) + chunk(BODY) + trailer)

    assert response[0] == 401


def test_a_trailer_does_not_say_what_a_body_is(server: Server) -> None:
    trailer = b"0\r\nContent-Type: text/csv\r\n\r\n"
    response = ask(server, chunked(WITH_KEY, AS_JSON) + chunk(BODY) + trailer)

    assert response[0] == 200
    assert PRICE in response[1]
