"""Workers: our supervisor, the same without the hand-over of connections, and uvicorn's own.

    scripts/envs.sh serve-tests
    PYTHONPATH=contract/src:services/serve/testing .envs/serve-tests/bin/python \
        -m bench.serve.alternatives.workers

It starts servers of its own on this machine, each with two workers, and prints Markdown.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import COMMAND, environment

from bench.serve.processes import ProcessTree

_OURS = "import serve.__main__, serve.workers.supervisor as supervisor\n{}\nserve.__main__.main()"
_NO_HAND_OVER = "supervisor.Balance.hand_over = lambda *_: False"
_ONE_SOCKET = """
listen = supervisor._listen
def listen_once(*address, count):
    [one] = listen(*address, count=1)
    return [one, *(one.dup() for _ in range(count - 1))]
supervisor._listen = listen_once
"""
_UVICORN = "-m uvicorn serve.app:app --workers 2 --loop uvloop --http httptools --ws none"
_CLIENTS = (2, 4, 8, 16)
_LOADED_CLIENTS = 4
_ROWS = 1000
"""Of a request under load, so that the server takes far more time than this client."""
_READY_SECONDS = 60
_SECONDS = 1
_KILLED_SECONDS = 5


def main() -> None:
    """Measure and print; trials alternate, so that other programs slow all servers alike."""
    parser = argparse.ArgumentParser(prog="bench.serve.alternatives.workers", description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="sets of connections under load")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        publish_model(Path(name) / "volume", DIAMONDS)
        servers = [
            stack.enter_context(_running(variant, command, Path(name), port))
            for variant, (port, command) in _variants().items()
        ]
        asyncio.run(_measure(servers, trials=options.trials))
    print(_table([each.figures() for each in servers]))


def _variants() -> dict[str, tuple[int, list[str]]]:
    """Return port and command of each server."""
    python, ports = sys.executable, [_free_port() for _ in range(5)]
    commands = {
        "ours": [*COMMAND],
        "ours, no hand-over": [python, "-c", _OURS.format(_NO_HAND_OVER)],
        "ours, one socket": [python, "-c", _OURS.format(_ONE_SOCKET)],
        "ours, one socket, no hand-over": [python, "-c", _OURS.format(_ONE_SOCKET + _NO_HAND_OVER)],
        "uvicorn --workers 2": [python, *_UVICORN.split(), "--port", str(ports[-1])],
    }
    return dict(zip(commands, zip(ports, commands.values(), strict=True), strict=True))


@dataclass
class Outcome:
    """What became of requests."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    workers: set[str] = field(default_factory=set)
    """Those that answered."""


class Connection:
    """A connection of a client that keeps it open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> str:
        """Send a request and return the worker that answered.

        Raises:
            ConnectionError: it did not, or not with 200.
        """
        self._writer.write(request)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines if line)
            await self._reader.readexactly(int(fields["content-length"]))
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(str(error)) from error
        if " 200 " not in status:
            raise ConnectionError(status)
        # The number behind the prefix counts the requests of one process.
        return fields["x-request-id"].partition("-")[0]

    def close(self) -> None:
        self._writer.close()


@dataclass
class Server:
    """A running server, and what was measured of it."""

    name: str
    port: int
    tree: ProcessTree
    ready: float
    """Seconds from its start to the first prediction."""
    workers: set[str]
    shares: dict[int, list[float]] = field(default_factory=lambda: {each: [] for each in _CLIENTS})
    """By number of connections, the part of each set that the busier worker has."""
    loads: list[Outcome] = field(default_factory=list)
    death: dict[str, str] = field(default_factory=dict)
    megabytes: float = 0.0

    def figures(self) -> dict[str, str]:
        """Return a row of the table."""
        rates = [len(each.seconds) / _SECONDS for each in self.loads]
        slow = [1000 * statistics.quantiles(each.seconds, n=100)[-1] for each in self.loads]
        row = {"": self.name, "ready s": f"{self.ready:.2f}", "PSS MB": f"{self.megabytes:.0f}"}
        for clients, shares in self.shares.items():
            alone = sum(share == 1 for share in shares) / len(shares)
            row[f"{clients} clients"] = f"{statistics.mean(shares):.0%} ({alone:.0%})"
        row["requests/s"] = f"{statistics.median(rates):.0f} ({min(rates):.0f})"
        row["p99 ms"] = f"{statistics.median(slow):.0f} ({max(slow):.0f})"
        row["failed"] = str(sum(each.failed for each in self.loads))
        return row | self.death


@contextmanager
def _running(name: str, command: Sequence[str], folder: Path, port: int) -> Iterator[Server]:
    """Yield a server whose workers both predict."""
    variables = environment(folder, "workers = 2", STAGE_PORT=str(port))
    log = folder / f"{port}.log"
    tree = ProcessTree(command, environment=variables, folder=folder, log=log)
    try:
        ready, workers = asyncio.run(_wait_until_both_are_ready(port, tree, log))
        yield Server(name, port, tree, ready, workers)
    finally:
        tree.stop()


async def _wait_until_both_are_ready(
    port: int, tree: ProcessTree, log: Path
) -> tuple[float, set[str]]:
    ready, workers = 0.0, set[str]()
    while time.monotonic() < tree.started + _READY_SECONDS and not tree.has_ended:
        workers |= (await _ask_once(port)).workers
        ready = ready or (time.monotonic() - tree.started if workers else 0.0)
        if len(workers) == 2:
            return ready, workers
        await asyncio.sleep(0.005)
    raise SystemExit(f"not ready after {_READY_SECONDS} s, see {log}")


async def _measure(servers: Sequence[Server], *, trials: int) -> None:
    for server in servers:
        server.megabytes = sum(proportional for _, proportional in server.tree.memory())
    for _ in range(10 * trials):
        for server in servers:
            for clients in _CLIENTS:
                connections, workers = await _open(server.port, clients)
                server.shares[clients].append(max(Counter(workers).values()) / clients)
                await _close(connections)
    for _ in range(trials):
        for server in servers:
            server.loads.append(await _load(server.port))
    for server in servers:
        server.death = await _while_one_dies(server)


async def _load(port: int) -> Outcome:
    """Return what becomes of requests that each client sends as soon as it has an answer."""
    connections, _workers = await _open(port, _LOADED_CLIENTS)
    outcome, end = Outcome(), time.monotonic() + _SECONDS
    await asyncio.gather(*(_ask_until(end, each, outcome) for each in connections))
    await _close(connections)
    return outcome


async def _ask_until(end: float, connection: Connection, outcome: Outcome) -> None:
    request = _request(_ROWS)
    while (began := time.monotonic()) < end:
        try:
            await connection.ask(request)
        except ConnectionError:
            outcome.failed += 1
            return
        outcome.seconds.append(time.monotonic() - began)


async def _while_one_dies(server: Server) -> dict[str, str]:
    """Kill a worker while clients ask on a new connection each time."""
    killed, replaced, outcomes = time.monotonic(), None, []
    os.kill(_workers_of(server.tree)[0], signal.SIGKILL)
    while time.monotonic() < killed + _KILLED_SECONDS:
        outcomes += await _all(_ask_once(server.port) for _ in range(_LOADED_CLIENTS))
        if replaced is None and any(each.workers - server.workers for each in outcomes):
            replaced = time.monotonic() - killed
    seconds = [each for outcome in outcomes for each in outcome.seconds]
    return {
        "replaced s": "not" if replaced is None else f"{replaced:.2f}",
        "failed then": f"{sum(each.failed for each in outcomes)} of {len(outcomes):,}",
        "longest s": f"{max(seconds):.2f}",
    }


async def _ask_once(port: int) -> Outcome:
    outcome, began = Outcome(), time.monotonic()
    try:
        connection = await Connection.open(port)
        try:
            outcome.workers.add(await connection.ask(_request(1)))
            outcome.seconds.append(time.monotonic() - began)
        finally:
            connection.close()
    except ConnectionError:
        outcome.failed += 1
    return outcome


async def _open(port: int, clients: int) -> tuple[list[Connection], list[str]]:
    """Open connections at once, as a pool of clients does that starts."""
    connections = await _all(Connection.open(port) for _ in range(clients))
    return connections, await _all(each.ask(_request(1)) for each in connections)


async def _all[Result](tasks: Iterator[Coroutine[Any, Any, Result]]) -> list[Result]:
    return [*await asyncio.gather(*tasks)]


async def _close(connections: Sequence[Connection]) -> None:
    for each in connections:
        each.close()
    await asyncio.sleep(0.01)  # The server takes note of it.


def _workers_of(tree: ProcessTree) -> list[int]:
    """Return the worker processes, without those that admit models or track resources."""
    children = Path(f"/proc/{tree.pid}/task/{tree.pid}/children").read_text(encoding="ascii")
    others = (b"admission\n", b"resource_tracker")
    return [
        int(pid)
        for pid in children.split()
        if not any(
            other in Path(f"/proc/{pid}/{name}").read_bytes()
            for name in ("comm", "cmdline")
            for other in others
        )
    ]


def _request(rows: int) -> bytes:
    body = json.dumps({"rows": [{"carat": 1, "cut": "Good"}] * rows}).encode()
    head = "POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _table(rows: Sequence[dict[str, str]]) -> str:
    names = [*rows[0]]
    cells = [names, ["---"] * len(names), *([*row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


if __name__ == "__main__":
    main()
