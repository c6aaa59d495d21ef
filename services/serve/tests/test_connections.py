"""Connections: what a client may send, and in which order it is answered."""

import asyncio
import json
import tracemalloc

import pytest
from asking import Worker
from limited_server import BODY, PRICE, ROW, Client, head, is_refused, request
from sinks import Sink


def test_requests_on_one_connection_are_answered_in_their_order(client: Client) -> None:
    large = json.dumps({"rows": [ROW] * 2000}).encode()
    client.send(request() + head(method="GET", path="/live") + request(large) + request() * 2)
    answers = [client.read() for _ in range(5)]

    assert [status for status, _, _ in answers] == [200] * 5
    assert [len(body) > 1000 for _, _, body in answers] == [False, False, True, False, False]
    assert answers[1][2] == b'{"status":"live"}'


def test_a_request_may_come_byte_by_byte_and_in_chunks(client: Client) -> None:
    for place in range(len(request())):
        client.send(request()[place : place + 1])
    assert PRICE in client.read()[2]

    chunks = b"".join(b"%x\r\n%b\r\n" % (1, BODY[place : place + 1]) for place in range(len(BODY)))
    fields = ("content-type: application/json", "transfer-encoding: chunked")
    client.send(head(*fields) + chunks + b"0\r\nx-trailer: 1\r\n\r\n" + request())

    assert PRICE in client.read()[2]
    assert PRICE in client.read()[2]


def test_a_body_in_tiny_chunks_takes_no_more_room_than_it_has_bytes(diamonds: Worker) -> None:
    size = 50_000
    body = BODY[:-1] + b" " * (size - len(BODY)) + b"}"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    fields = ("content-type: application/json", "transfer-encoding: chunked")

    async def arrive() -> int:
        client = Sink(diamonds)
        client.connection.data_received(head(*fields))
        tracemalloc.start()
        client.connection.data_received(chunks[:-1])
        await parsed(client)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        client.connection.data_received(chunks[-1:])
        while PRICE not in client.written:
            await asyncio.sleep(0)
        return held

    assert asyncio.run(arrive()) < 2 * size


async def parsed(client: Sink) -> None:
    while client.connection.flow.unparsed:
        await asyncio.sleep(0)


def test_while_one_client_sends_thousands_of_requests_at_once_others_are_answered(
    diamonds: Worker,
) -> None:
    asked = 2000

    async def arrive() -> tuple[int, bytes]:
        greedy, other = Sink(diamonds), Sink(diamonds)
        greedy.connection.data_received(head(method="GET", path="/live") * asked)
        other.connection.data_received(request())
        while PRICE not in other.written:
            await asyncio.sleep(0)
        behind = len(greedy.connection.pipeline)
        while greedy.written.count(b"HTTP/1.1") < asked:
            await asyncio.sleep(0)
        return behind, greedy.written

    behind, answers = asyncio.run(arrive())

    assert behind < asked / 2
    assert answers.count(b"HTTP/1.1 200") == asked


def test_what_arrives_before_the_rest_is_parsed_comes_after_it(diamonds: Worker) -> None:
    asked = 2000

    async def arrive() -> tuple[bool, bytes, bool]:
        client = Sink(diamonds)
        client.connection.data_received(head(method="GET", path="/live") * asked + request()[:30])
        was_read_from = client.is_read_from
        client.connection.data_received(request()[30:])
        while PRICE not in client.written:
            await asyncio.sleep(0)
        return was_read_from, client.written, client.is_read_from

    was_read_from, answers, is_read_from = asyncio.run(arrive())

    assert (was_read_from, is_read_from) == (False, True)
    assert answers.count(b"HTTP/1.1 200") == asked + 1


@pytest.mark.parametrize("path", ["/predict", "http://a/predict"])
def test_zeros_before_a_length_say_nothing(diamonds: Worker, path: str) -> None:
    length = f"content-length: {'0' * 5000}{len(BODY)}"

    async def arrive() -> bytes:
        client = Sink(diamonds)
        client.connection.data_received(head("content-type: application/json", length, path=path))
        client.connection.data_received(BODY)
        while not client.written:
            await asyncio.sleep(0)
        return client.written

    assert PRICE in asyncio.run(arrive())


def test_a_request_that_begins_in_the_bytes_of_another_has_its_own_limits(client: Client) -> None:
    large = request(BODY[:-1] + b" " * 10_000 + b"}")
    client.send(large + request()[:30])
    assert PRICE in client.read()[2]
    client.send(request()[30:] + large + head(f"a: {'b' * 5000}"))
    assert [client.read()[0] for _ in range(2)] == [200, 200]

    is_refused(client, 431, "header fields of more than 4,096 bytes")


def test_a_client_that_waits_for_a_word_is_told_to_go_on(client: Client) -> None:
    fields = ("content-type: application/json", "expect: 100-continue")
    client.send(head(*fields, f"content-length: {len(BODY)}"))

    assert client.read()[0] == 100
    client.send(BODY)
    assert PRICE in client.read()[2]


@pytest.mark.parametrize("path", ["/predict", "http://a/predict"])
def test_a_client_of_http_1_0_gets_one_response_whatever_it_expects(
    diamonds: Worker, path: str
) -> None:
    fields = ("content-type: application/json", "expect: 100-continue")
    start = head(*fields, f"content-length: {len(BODY)}", path=path)

    async def arrive() -> bytes:
        client = Sink(diamonds)
        client.connection.data_received(start.replace(b" HTTP/1.1", b" HTTP/1.0", 1))
        await asyncio.sleep(0)
        client.connection.data_received(BODY)
        while PRICE not in client.written:
            await asyncio.sleep(0)
        return client.written

    answer = asyncio.run(arrive())

    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200")


H2C = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AA")
"""Java's client sends these with its first request."""


def test_a_client_that_asks_for_http_2_is_answered_in_http_1(client: Client) -> None:
    sent = request(BODY, *H2C)
    client.send(sent[:-20])
    client.send(sent[-20:])
    assert PRICE in client.read()[2]

    fields = ("content-type: application/json", "transfer-encoding: chunked", *H2C)
    client.send(head(*fields) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    status, headers, body = client.read()
    assert (status, headers.get("connection")) == (200, None)
    assert PRICE in body

    client.send(head(*H2C, method="GET", path="/live") + request())
    assert client.read()[2] == b'{"status":"live"}'
    assert PRICE in client.read()[2]


def test_many_may_ask_for_http_2_at_once(client: Client) -> None:
    client.send(head(*H2C, method="GET", path="/v2/models/test/infer") * 500)

    assert {client.read()[0] for _ in range(500)} == {405}


def test_a_body_that_is_too_long_is_refused_in_http_1_whatever_was_asked_for(
    client: Client,
) -> None:
    client.send(request(b" " * 200_000, *H2C) + request())

    assert client.read()[0] == 413
    assert PRICE in client.read()[2]


def test_in_http_1_0_nobody_can_ask_for_another_protocol(client: Client) -> None:
    client.send(request(BODY, *H2C).replace(b"HTTP/1.1", b"HTTP/1.0"))
    status, headers, body = client.read()

    assert (status, headers["connection"]) == (200, "close")
    assert PRICE in body
    assert client.is_hung_up_on()


@pytest.mark.parametrize(
    ("version", "field"),
    [(b"1.0", "a: b"), (b"1.0", "connection: keep-alive"), (b"1.1", "connection: close")],
)
def test_a_client_that_wants_to_close_is_hung_up_on(
    client: Client, version: bytes, field: str
) -> None:
    client.send(request(BODY, field).replace(b"HTTP/1.1", b"HTTP/" + version))
    status, headers, _ = client.read()

    assert (status, headers["connection"]) == (200, "close")
    assert client.is_hung_up_on()


@pytest.mark.parametrize("in_parts", [False, True])
def test_too_many_bytes_of_header_fields_are_refused(client: Client, in_parts: bool) -> None:  # noqa: FBT001  # a parameter of the test
    sent = head(f"a: {'b' * 5000}") if not in_parts else head(f"a: {'b' * 50_000}")[:-4]
    client.send(sent)

    is_refused(client, 431, "header fields of more than 4,096 bytes")


def test_too_long_a_url_is_refused(client: Client) -> None:
    client.send(head(path="/predict?" + "a" * 5000))

    is_refused(client, 431, "more than 4,096 bytes")


def test_too_many_header_fields_are_refused(client: Client) -> None:
    client.send(head(*(f"a{number}: b" for number in range(21))))

    is_refused(client, 431, "more than 20 header fields")


def test_a_body_with_many_bytes_is_no_header(client: Client) -> None:
    body = BODY[:-1] + b" " * 50_000 + b"}"
    client.send(request(body))

    assert PRICE in client.read()[2]


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT a.example:443",
        "GET http://a",
        "GET http://",
        "GET http://a:99999/live",
    ],
)
def test_what_asks_for_no_path_is_refused(client: Client, line: str) -> None:
    method, _, path = line.partition(" ")
    client.send(head(method=method, path=path))

    is_refused(client, 400, "the request line asks for")


@pytest.mark.parametrize(("fields", "said"), [((), "no Host"), (("host: a", "Host: a"), "2 Host")])
@pytest.mark.parametrize("path", ["/predict", "/live"])
def test_a_request_that_does_not_name_one_host_is_refused(
    client: Client, path: str, fields: tuple[str, ...], said: str
) -> None:
    client.send("\r\n".join([f"GET {path} HTTP/1.1", *fields, "\r\n"]).encode())

    is_refused(client, 400, f"the request has {said} header fields, expected one")


def test_in_http_1_0_no_host_is_needed(client: Client) -> None:
    client.send(b"GET /live HTTP/1.0\r\n\r\n")

    assert client.read()[0] == 200


@pytest.mark.parametrize("path", ["/predict", "/live"])
@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_of_two_keys_in_fields_of_one_name_none_is_taken(
    client: Client, path: str, name: str
) -> None:
    client.send(head(f"{name}: a", f"{name.title()}: b", path=path))

    is_refused(client, 400, f"the request has several {name} header fields, expected one at most")


@pytest.mark.parametrize("path", ["/predict", "/live"])
@pytest.mark.parametrize(
    ("status", "codings"),
    [
        (501, ["gzip, chunked"]),
        (501, ["gzip", "chunked"]),
        (501, ["identity"]),
        (400, [",chunked"]),
    ],
)
def test_no_transfer_coding_but_chunked_is_taken(
    client: Client, path: str, status: int, codings: list[str]
) -> None:
    client.send(head(*(f"transfer-encoding: {coding}" for coding in codings), path=path))

    is_refused(client, status, f"transfer coding {','.join(codings)}, expected chunked or none")


def test_a_transfer_coding_may_be_in_capitals(client: Client) -> None:
    client.send(head("content-type: application/json", "Transfer-Encoding: Chunked"))
    client.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))

    assert PRICE in client.read()[2]


@pytest.mark.parametrize("path", ["/predict", "/nowhere"])
def test_a_body_in_too_many_chunks_is_cut_off(diamonds: Worker, path: str) -> None:
    fields = ("content-type: application/json", "transfer-encoding: chunked")

    async def arrive() -> tuple[bool, Sink]:
        client = Sink(diamonds)
        client.connection.data_received(head(*fields, path=path) + b"1\r\n \r\n" * 100_000)
        await parsed(client)
        was_closed = client.is_closed
        client.connection.data_received(b"1\r\n \r\n")
        return was_closed, client

    was_closed, client = asyncio.run(arrive())

    assert (was_closed, client.is_closed) == (False, True)
    if path == "/predict":
        assert b"more than 100,000 chunks; send it in larger ones" in client.written


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"A" * 9000])
def test_what_is_not_http_gets_a_problem_document(client: Client, noise: bytes) -> None:
    client.send(noise)

    is_refused(client, 400, "this is not HTTP/1.1")
