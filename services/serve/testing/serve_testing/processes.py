"""The server as a process, for the tests of what only a real one shows."""

import http.client
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATHS = [Path(__file__).parents[2] / "src", Path(__file__).parents[4] / "contract/src"]
COMMAND = (sys.executable, "-m", "serve")
SECONDS = 30


def environment(folder: Path, settings: str, **variables: str) -> dict[str, str]:
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "test.toml").write_text(f"[serve]\n{settings}\n")
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, PATHS)),
        "STAGE_CONFIG": str(config),
        "PIPELINE": "test",
        "STAGE_IN": str(folder / "volume"),
        "STAGE_HOST": "127.0.0.1",
        **variables,
    }


class Server:
    """A running server and what it has logged."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def wait_for(self, text: str) -> str:
        """Return the next line of the log that holds a text."""
        while True:
            line = self._lines.get(timeout=SECONDS)
            if text in line:
                return line

    def rest_of_log(self) -> str:
        """Return what an ended server has logged since the last line that was waited for."""
        self.reader.join(SECONDS)
        return "".join(self._lines.get() for _ in range(self._lines.qsize()))

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def open(self) -> socket.socket:
        """Return a connection to send bytes on as they are."""
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return status, headers and text of an answer on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def running(
    folder: Path,
    settings: str = "poll_seconds = 0.01",
    *,
    command: Sequence[str] = COMMAND,
    **variables: str,
) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        command,
        env=environment(folder, settings, STAGE_PORT=str(port), **variables),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        server = Server(process, port)
        try:
            server.wait_for("listening")
            yield server
        finally:
            process.terminate()
            server.reader.join(SECONDS)


def workers_of(server: Server) -> list[int]:
    """Return the processes of a server's workers, by seat unless one was started again."""
    return [process for process in _children(server) if _name(process) != "admission"]


def admission_of(server: Server) -> int:
    """Return the process that admits models."""
    [process] = [process for process in _children(server) if _name(process) == "admission"]
    return process


def _children(server: Server) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(number) for number in children.read_text().split()]


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition; a server that does not listen yet does not fulfil it."""
    give_up = threading.Event()
    timer = threading.Timer(SECONDS, give_up.set)
    timer.start()
    try:
        while not give_up.is_set():
            try:
                if holds():
                    return
            except ConnectionError:
                continue
        pytest.fail(f"not within {SECONDS} s")
    finally:
        timer.cancel()


def run(folder: Path, *arguments: str, settings: str = "", **variables: str) -> Any:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(folder, settings, **variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
