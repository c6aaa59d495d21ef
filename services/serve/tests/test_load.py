"""Overload: who is refused, how soon, and that those who are accepted are answered."""

import asyncio
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from made_models import DIAMONDS, publish_model
from processes import Server, running, until
from serve.load import Load
from serve.problems import RequestError
from serve.turns import Turns

ROW = {"carat": 1.5, "cut": "Good", "color": "Fair", "depth": 60.25}
BODY = json.dumps({"rows": [ROW] * 2000}).encode()
HEAD = (
    b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n"
)


def load(**bounds: Any) -> Load:
    return Load(**{"max_wait_seconds": 0.05, "max_waiting_bytes": 1000} | bounds)


def test_the_expected_wait_follows_what_the_latest_bodies_took() -> None:
    waiting = load()
    for _ in range(50):
        waiting.learn(1_000_000, seconds=0.04)
    waiting.queue(1_000_000)
    waiting.check_wait()
    waiting.queue(1_000_000)

    assert waiting.expected_wait() == pytest.approx(0.08, rel=0.01)
    with pytest.raises(RequestError, match="wait for their turn") as error:
        waiting.check_wait()
    assert (b"retry-after", b"1") in error.value.headers
    waiting.leave(1_000_000)
    waiting.check_wait()


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
    turns = Turns(waiting)

    async def wait() -> None:
        made = [
            turns.add(lambda number=number: done.append(number), size=10) for number in range(4)
        ]
        turns.take(made[2])
        turns.take(made[1], drop=True)
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
