"""Clients that are slow, take no answers, or hold many connections."""

import asyncio
import json
import socket
import struct
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from limited_server import BODY, PRICE, ROW, Client, head, is_refused, request
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import Server, running, until
from sinks import Sink


def test_a_slow_head_is_cut_off_while_others_are_answered(server: Server, client: Client) -> None:
    began = time.monotonic()
    client.send(b"POST /predict HTTP/1.1\r\nhost")
    assert server.ask("POST", "/predict", BODY, **{"content-type": "application/json"})[0] == 200

    is_refused(client, 408, "was not complete within 1 s")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("path", ["/predict", "/live"])
def test_a_slow_body_is_cut_off(client: Client, path: str) -> None:
    client.send(head("content-type: application/json", "content-length: 30", path=path) + b"{")
    if path == "/live":
        assert client.read()[0] == 405
    else:
        is_refused(client, 408, "was not complete within 1 s")


def test_dripping_bytes_does_not_buy_time(client: Client) -> None:
    client.send(head("content-type: application/json", "content-length: 30"))
    began = time.monotonic()
    while time.monotonic() - began < 3:
        try:
            client.send(b" ")
        except OSError:
            break
        time.sleep(0.1)

    assert time.monotonic() - began < 3


def test_an_idle_connection_is_closed(client: Client) -> None:
    client.send(request())
    client.read()

    assert client.is_hung_up_on()


def send_often(connection: socket.socket, data: bytes) -> None:
    for _ in range(2000):
        connection.sendall(data)


def table(size: int) -> bytes:
    """Return a request for one row whose answer is as long."""
    cells = b"carat,cut,id\n" + b"1,Good,%b\n" % (b"x" * size)
    return head("content-type: text/csv", f"content-length: {len(cells)}") + cells


def refused(server: Server) -> list[str]:
    lines = server.ask("GET", "/metrics")[2].splitlines()
    return [line for line in lines if line.startswith("stagecoach_refused_requests_total")]


@pytest.mark.parametrize("size", [9_000, 90_000])
def test_a_client_that_takes_no_answers_is_cut_off(server: Server, size: int) -> None:
    before = refused(server)
    with server.open() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        with pytest.raises(ConnectionError):
            send_often(connection, table(size) * (180_000 // size))

    assert refused(server) == before


@pytest.mark.parametrize("path", [b"/predict", b"http://a/predict"])
def test_while_an_answer_is_not_taken_no_more_is_read_whoever_wrote_it(
    diamonds: Worker, path: bytes
) -> None:
    async def arrive() -> list[bool]:
        client = Sink(diamonds)
        client.connection.data_received(table(90_000).replace(b"/predict", path))
        while client.connection.is_busy():
            await asyncio.sleep(0)
        was_read_from = client.is_read_from
        client.connection.resume_writing()
        return [was_read_from, client.is_read_from]

    assert asyncio.run(arrive()) == [False, True]


def send_while_taken(connection: socket.socket, data: bytes) -> memoryview:
    """Return what the server does not take."""
    left = memoryview(data)
    connection.settimeout(0.1)
    with suppress(TimeoutError):
        while left:
            left = left[connection.send(left) :]
    connection.settimeout(10)
    return left


def test_a_client_that_takes_its_answers_late_gets_them_all(server: Server) -> None:
    with server.open() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        left = send_while_taken(connection, table(90_000) * 200)
        assert left
        sender = threading.Thread(target=connection.sendall, args=[left])
        sender.start()
        client = Client(connection)
        answers = [client.read() for _ in range(200)]
        sender.join()

    assert {(status, len(body) > 90_000) for status, _, body in answers} == {(200, True)}


def test_after_a_body_that_is_too_long_the_connection_goes_on(client: Client) -> None:
    client.send(request(b" " * 200_000) + request())
    status, headers, body = client.read()

    assert status == 413
    assert "connection" not in headers
    assert "longer than 100,000 bytes" in json.loads(body)["detail"]
    assert PRICE in client.read()[2]


def test_a_body_in_chunks_that_is_too_long_is_refused(client: Client) -> None:
    fields = ("content-type: application/json", "transfer-encoding: chunked")
    chunk = b"c350\r\n" + b" " * 50_000 + b"\r\n"
    client.send(head(*fields) + chunk * 3 + b"0\r\n\r\n" + request())

    assert client.read()[0] == 413
    assert PRICE in client.read()[2]


def test_an_endless_body_is_cut_off(client: Client) -> None:
    fields = ("content-type: application/json", "transfer-encoding: chunked")
    chunk = b"c350\r\n" + b" " * 50_000 + b"\r\n"
    client.send(head(*fields))

    with pytest.raises(ConnectionError):
        send_often(client.connection, chunk)


def test_too_many_connections_are_refused_until_one_is_closed(server: Server) -> None:
    opened = [server.open() for _ in range(20)]
    with server.open() as one_more:
        client = Client(one_more)
        client.send(request())
        status, headers, _ = client.read()
        assert (status, headers["retry-after"]) == (503, "1")
        assert client.is_hung_up_on()
    for connection in opened:
        connection.close()

    # A health check would be answered by a full server, too.
    until(lambda: server.ask("GET", "/model")[0] == 200)


@pytest.mark.parametrize("path", ["/live", "/ready", "/ping", "/health", "/v2/health/ready?a=1"])
def test_a_full_server_answers_a_health_check(server: Server, path: str) -> None:
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(server.open())
        client = Client(opened.enter_context(server.open()))
        client.send(head(method="GET", path=path))
        status, headers, _ = client.read()

        assert (status, headers["connection"]) == (200, "close")
        assert client.is_hung_up_on()


def test_a_full_server_answers_nothing_behind_a_health_check(server: Server) -> None:
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(server.open())
        client = Client(opened.enter_context(server.open()))
        client.send(head(method="GET", path="/live") + request())

        assert client.read()[0] == 200
        assert client.is_hung_up_on()


def test_pages_of_an_allowed_origin_may_ask(client: Client) -> None:
    client.send(request(BODY, "origin: https://page.example"))
    _, headers, body = client.read()

    assert PRICE in body
    assert headers["access-control-allow-origin"] == "https://page.example"


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_vanish_leave_nothing_behind(server: Server) -> None:
    large = request(json.dumps({"rows": [ROW] * 2000}).encode())
    for part in (1, 30, len(large) // 2, len(large)):
        for _ in range(5):
            connection = server.open()
            connection.sendall(large[:part])
            reset(connection)

    def left() -> Any:
        text = server.ask("GET", "/metrics")[2]
        line = next(line for line in text.splitlines() if line.startswith("stagecoach_requests{"))
        return float(line.split()[-1])

    until(lambda: left() == 1)  # The question itself.


def test_a_refused_request_is_counted_by_its_limit(server: Server) -> None:
    for wrong in (
        b"GET\r\n\r\n",
        head("a: " + "x" * 9000),
        head("content-type: application/json", "content-length: 200000"),
        b"POST /predict HTTP/1.1\r\nhost",
    ):
        with server.open() as connection:
            client = Client(connection)
            client.send(wrong)
            assert client.read()[0] in {400, 408, 413, 431}
    with ExitStack() as opened:
        clients = [Client(opened.enter_context(server.open())) for _ in range(25)]
        clients[-1].send(request())
        assert clients[-1].read()[0] == 503
    until(lambda: server.ask("GET", "/metrics")[0] == 200)
    text = server.ask("GET", "/metrics")[2]

    for limit in ("malformed", "header", "body", "time", "connections"):
        assert f'stagecoach_refused_requests_total{{limit="{limit}"}} ' in text


def test_a_busy_server_that_ends_answers_and_says_that_it_hangs_up(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 1") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        with server.open() as first, server.open() as second:
            idle, busy = Client(first), Client(second)
            for client in (idle, busy):
                client.send(request())
                assert client.read()[1].get("connection") is None
            busy.send(request()[:-5])
            server.process.terminate()
            time.sleep(0.2)
            busy.send(request()[-5:])
            status, headers, body = busy.read()
            idle.send(request())
            last = idle.read()

        assert (status, headers["connection"]) == (200, "close")
        assert PRICE in body
        assert (last[0], last[1]["connection"]) == (200, "close")
        assert server.process.wait(5) == 0
