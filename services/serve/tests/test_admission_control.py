"""Overload: who is refused, how soon, and that those who are accepted are answered."""

import asyncio
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve.problems import RequestError
from serve.runtime.admission_control import AdmissionControl
from serve.runtime.request_queue import RequestQueue
from serve.workers import bounded_connections
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import Server, running, until
from sinks import Sink

ROW = {"carat": 1.5, "cut": "Good", "color": "Fair", "depth": 60.25}
BODY = json.dumps({"rows": [ROW] * 2000}).encode()
HEAD = (
    b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n"
)


def load(**bounds: Any) -> AdmissionControl:
    return AdmissionControl(**{"max_wait_seconds": 0.05, "max_waiting_bytes": 1000} | bounds)


def test_the_expected_wait_follows_what_the_latest_bodies_took() -> None:
    waiting = load()
    for _ in range(50):
        waiting.pace("json").learn(1_000_000, seconds=0.04)
    waiting.queue("json", 1_000_000)
    waiting.check_wait()
    waiting.queue("json", 1_000_000)

    assert waiting.expected_wait() == pytest.approx(0.08, rel=0.01)
    with pytest.raises(RequestError, match="wait for their turn") as error:
        waiting.check_wait()
    assert (b"retry-after", b"1") in error.value.headers
    waiting.leave("json", 1_000_000)
    waiting.check_wait()


def test_the_first_body_of_a_kind_sets_what_the_next_one_is_expected_to_take() -> None:
    waiting = load()
    assert not waiting.knows("json", model="first")
    waiting.pace("json").learn(1000, seconds=1.0)
    waiting.queue("json", 500)
    waiting.queue("csv", 10**9)

    assert waiting.expected_wait() == pytest.approx(0.5)
    assert waiting.knows("json", model="first")
    assert not waiting.knows("json", model="second")
    waiting.pace("json").learn(1000, seconds=0.1)
    assert waiting.expected_wait() == pytest.approx(0.05)


def test_one_small_body_that_took_long_does_not_decide_for_large_ones() -> None:
    waiting = load()
    waiting.pace("json").learn(1_000_000, seconds=0.04)
    waiting.pace("json").learn(1000, seconds=0.01)

    waiting.queue("json", 1_000_000)
    assert waiting.expected_wait() < 0.06


@pytest.mark.parametrize(("size", "is_refused"), [(70_000, True), (60_000, False)])
def test_a_long_answer_needs_room_besides_what_is_held(size: int, *, is_refused: bool) -> None:
    holding = load()
    holding.held_bytes = 1500
    holding.check_answer(size, body_bytes=500)

    holding.held_bytes = 1501
    if is_refused:
        with pytest.raises(RequestError, match="too many answers wait"):
            holding.check_answer(size, body_bytes=500)
    else:
        holding.check_answer(size, body_bytes=500)


def test_bodies_that_are_held_have_a_bound() -> None:
    holding = load()
    holding.held_bytes = 1000
    holding.check_space()
    holding.held_bytes += 1

    with pytest.raises(RequestError, match="too many large requests"):
        holding.check_space()


def test_work_is_done_in_order_once_and_what_is_dropped_never() -> None:
    done: list[int] = []
    waiting = load()
    request_queue = RequestQueue(waiting)

    async def wait() -> None:
        made = [
            request_queue.add(lambda number=number: done.append(number), kind="json", size=10)
            for number in range(4)
        ]
        request_queue.take(made[2])
        request_queue.take(made[1], drop=True)
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(wait())

    assert done == [2, 0, 3]


@pytest.fixture
def busy(tmp_path: Path) -> Any:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 1\nmax_wait_seconds = 0.001") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


class Crowd:
    """Clients that ask for 2,000 rows over and over, each on its own connection."""

    def __init__(self, server: Server, clients: int, seconds: float) -> None:
        self.answers: list[tuple[int, float, bytes]] = []
        self._end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._ask, args=[server]) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self, server: Server) -> None:
        with server.open() as connection:
            file = connection.makefile("rb")
            while time.monotonic() < self._end:
                began = time.monotonic()
                connection.sendall(HEAD % len(BODY) + BODY)
                status, head = read(file)
                self.answers.append((status, time.monotonic() - began, head))


CLIENTS_ROWS = json.dumps({"rows": [ROW] * 1000}).encode()


def ask_often(server: Server, times: int) -> list[int]:
    """Return the statuses of requests with 1,000 rows, one after the other."""
    with server.open() as connection:
        file = connection.makefile("rb")
        statuses = []
        for _ in range(times):
            connection.sendall(HEAD % len(CLIENTS_ROWS) + CLIENTS_ROWS)
            statuses.append(read(file)[0])
        return statuses


def test_ordinary_bulk_clients_are_never_refused_from_the_first_request_on(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 1") as server, ThreadPoolExecutor(8) as clients:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        statuses = [*clients.map(partial(ask_often, server), [25] * 8)]

    assert statuses == [[200] * 25] * 8


def test_the_first_large_body_is_measured_before_another_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine must not postpone the rest of a body.
    monkeypatch.setattr(bounded_connections, "_SLICE_SECONDS", 60.0)
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_wait_seconds=1e-6, max_body_bytes=10**6)
    sent = HEAD % len(BODY) + BODY

    async def arrive() -> list[bytes]:
        sinks = [Sink(worker) for _ in range(4)]
        for sink in sinks:
            sink.connection.data_received(sent)
        at_once = [sink.written[9:12] for sink in sinks]
        while sinks[1].connection.is_busy():
            await asyncio.sleep(0)
        return [*at_once, sinks[1].written[9:12]]

    assert asyncio.run(arrive()) == [b"200", b"", b"503", b"503", b"200"]


CLIENTS = 150
ROW_OF_TABLE = b"1,Good," + b"x" * 830 + b"\n"
TABLE = b"carat,cut,id\n" + ROW_OF_TABLE * 9900
"""Eight megabytes, which come back with the predictions."""


def peak_bytes(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def test_answers_that_clients_do_not_read_do_not_fill_the_memory(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS.but(ignored=("id",)))
    sent = HEAD.replace(b"application/json", b"text/csv") % len(TABLE) + TABLE
    with running(tmp_path, "workers = 1") as server, ExitStack() as opened:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        before = peak_bytes(server.process.pid)
        connections = [opened.enter_context(server.open()) for _ in range(CLIENTS)]
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(sent)
        small = json.dumps({"rows": [ROW]}).encode()
        status = server.ask("POST", "/predict", small, **{"content-type": "application/json"})[0]
        heads = [connection.recv(12) for connection in connections]
        grown = peak_bytes(server.process.pid) - before

    assert status == 200
    assert set(heads) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    # The default of max_waiting_bytes, and the work on one table.
    assert grown < 2**26 + 100e6


def unsent_bytes(server: Server, client: socket.socket) -> int:
    """Return what the kernel keeps of answers to a client."""
    ends = [f"{port:04X}" for port in (server.port, client.getsockname()[1])]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [queues] = [row[4] for row in rows if [row[1][-4:], row[2][-4:]] == ends]
    return int(queues.partition(":")[0], 16)


def test_the_kernel_keeps_little_of_an_answer_that_is_not_read(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS.but(ignored=("id",)))
    with running(tmp_path, "workers = 1") as server, server.open() as client:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(HEAD.replace(b"application/json", b"text/csv") % len(TABLE) + TABLE)
        assert client.recv(12) == b"HTTP/1.1 200"

        assert 0 < unsent_bytes(server, client) < 1_000_000
        with client.makefile("rb") as file:
            length = int(file.read(5000).partition(b"content-length: ")[2].split()[0])
            assert length > len(TABLE)


def read(file: Any) -> tuple[int, bytes]:
    """Return status and header fields of an answer; the body is read and left."""
    head = b"".join(iter(file.readline, b"\r\n"))
    file.read(int(head.partition(b"content-length: ")[2].split()[0]))
    return int(head.split()[1]), head


def test_what_would_wait_for_too_long_is_refused_and_the_rest_is_right(busy: Server) -> None:
    crowd = Crowd(busy, clients=24, seconds=2)
    accepted = [seconds for status, seconds, _ in crowd.answers if status == 200]
    refused = [(seconds, head) for status, seconds, head in crowd.answers if status == 503]

    assert len(accepted) + len(refused) == len(crowd.answers)
    assert len(accepted) > 20
    assert len(refused) > 100
    assert all(b"retry-after: 1\r\n" in head for _, head in refused)
    text = busy.ask("GET", "/metrics")[2]
    assert f'refused_requests_total{{limit="load"}} {len(refused)}' in text
    assert busy.ask("POST", "/predict", BODY, **{"content-type": "application/json"})[0] == 200


def test_small_requests_are_answered_while_large_ones_are_refused(busy: Server) -> None:
    small = json.dumps({"rows": [ROW]}).encode()
    answered: list[int] = []

    def ask() -> None:
        with busy.open() as connection:
            file = connection.makefile("rb")
            for _ in range(50):
                connection.sendall(HEAD % len(small) + small)
                answered.append(read(file)[0])

    client = threading.Thread(target=ask)
    client.start()
    Crowd(busy, clients=16, seconds=1)
    client.join()

    assert answered == [200] * 50


def test_large_bodies_that_come_slowly_do_not_fill_the_memory(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 1\nmax_waiting_bytes = 200_000") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        opened = [server.open() for _ in range(4)]
        for connection in opened:
            connection.sendall(HEAD % len(BODY) + BODY[:-1])
        time.sleep(0.5)
        statuses = []
        for connection in opened:
            connection.sendall(BODY[-1:])
            statuses.append(read(connection.makefile("rb"))[0])
            connection.close()

    assert sorted(set(statuses)) == [200, 503]


def test_a_client_that_leaves_while_it_waits_costs_no_work(busy: Server) -> None:
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", busy.port)) as connection:
            connection.sendall(HEAD % len(BODY) + BODY)

    def waiting() -> Any:
        lines = busy.ask("GET", "/metrics")[2].splitlines()
        return next(line for line in lines if line.startswith("stagecoach_requests{")).split()[-1]

    until(lambda: waiting() == "1")
