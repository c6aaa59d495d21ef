"""docs/debug-a-stage.md: what it says to type works, and leaves the pipeline's volumes alone."""

import json
import os
import pty
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from stage_contract import open_latest
from support.running import KINDS, ROOT, Pipeline, free_port

GUIDE = (ROOT / "docs/debug-a-stage.md").read_text(encoding="utf-8")
CODE = ROOT / "services/clean/src/clean/work.py"
TYPED = {
    "-it --entrypoint sh clean": ("ls /data/in; exit", "LATEST"),
    "-m pdb": ("import clean.work\nb clean.work.clean\nc\np settings\nc\nq", "timezone='UTC'"),
    "DEBUG=pdb": ("import clean.work\nb clean.work.clean\nc\np settings\nc\nq", "timezone='UTC'"),
}
"""What is typed into a command that waits for it, and what is to be seen then."""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith("DEBUG=1")]


@pytest.fixture(scope="module")
def copies() -> Iterator[Path]:
    """Return where `make run-stage` puts its copies."""
    folder = ROOT / ".local/copies/test"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def environment(penguins: Pipeline, copies: Path) -> dict[str, str]:
    return penguins.environment | {"COPIES": str(copies)}


def run_in_terminal(command: str, environment: dict[str, str], typed: str) -> tuple[int, str]:
    """Run a command with a terminal, type into it, and return its exit code and what was seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", command], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, f"{typed}\n".encode())
    seen = b""
    while chunk := read_terminal(ours):
        seen += chunk
    os.close(ours)
    return process.wait(), seen.decode()


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux ends a terminal that nobody holds any more with EIO
        return b""


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_works(line: str, environment: dict[str, str]) -> None:
    typed, expected = next((what for part, what in TYPED.items() if part in line), ("", ""))

    code, seen = run_in_terminal(line, environment, typed)

    assert code == 0, seen
    assert expected in seen


def test_a_run_on_copies_gives_the_same_bytes_and_leaves_the_volumes_alone(
    penguins: Pipeline, environment: dict[str, str], copies: Path
) -> None:
    before = {kind: penguins.inodes(kind) for kind in KINDS}

    run = subprocess.run(
        ["make", "run-stage", "STAGE=clean", "ARGS=--force"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "clean     published clean-data" in run.stdout
    made = open_latest(copies / "clean-data", "clean-data")
    assert made.content == penguins.latest("clean-data").content
    assert {kind: penguins.inodes(kind) for kind in KINDS} == before


def test_an_editor_stops_at_a_breakpoint_and_sees_the_values(environment: dict[str, str]) -> None:
    port = free_port()
    line = 1 + CODE.read_text(encoding="utf-8").splitlines().index("    table = open_table(source)")
    stage = subprocess.Popen(
        ["make", "run-stage", "STAGE=clean", "ARGS=--force"],
        cwd=ROOT,
        env=environment | {"DEBUG": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with Editor(port) as editor:
            value = editor.value_at(CODE, line, "source.kind")
        output, _ = stage.communicate(timeout=60)
    finally:
        stage.kill()

    assert value == "'raw-data'"
    assert "clean     published clean-data" in output
    assert stage.returncode == 0


class Editor:
    """As much of the Debug Adapter Protocol as an editor needs for one breakpoint."""

    def __init__(self, port: int) -> None:
        self._socket = connected(port)
        self._stream = self._socket.makefile("rb")
        self._sent = 0
        self._kept: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def value_at(self, path: Path, line: int, expression: str) -> str:
        """Return the value of an expression at a line, and let the program go on to its end."""
        self._answer(self._send("initialize", adapterID="test", pathFormat="path"))
        attach = self._send("attach", justMyCode=False)
        self._event("initialized")
        breakpoints = [{"line": line}]
        self._answer(
            self._send("setBreakpoints", source={"path": str(path)}, breakpoints=breakpoints)
        )
        self._answer(self._send("configurationDone"))
        self._answer(attach)
        thread = self._event("stopped")["threadId"]
        frame = self._answer(self._send("stackTrace", threadId=thread))["stackFrames"][0]["id"]
        result = self._answer(self._send("evaluate", expression=expression, frameId=frame))
        self._answer(self._send("continue", threadId=thread))
        self._event("terminated")
        self._answer(self._send("disconnect"))
        return str(result["result"])

    def _send(self, command: str, **arguments: Any) -> int:
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command}
        body = json.dumps(message | {"arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return self._sent

    def _answer(self, request: int) -> dict[str, Any]:
        message = self._next(lambda each: each.get("request_seq") == request)
        assert message["success"], message
        body: dict[str, Any] = message.get("body") or {}
        return body

    def _event(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = self._next(lambda each: each.get("event") == name).get("body") or {}
        return body

    def _next(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message that is wanted; those that come before it are kept."""
        while True:
            for message in self._kept:
                if is_wanted(message):
                    self._kept.remove(message)
                    return message
            self._kept.append(self._read())

    def _read(self) -> dict[str, Any]:
        length = 0
        while header := self._stream.readline().strip():
            length = int(header.removeprefix(b"Content-Length: "))
        message: dict[str, Any] = json.loads(self._stream.read(length))
        return message


def connected(port: int) -> socket.socket:
    """Connect as soon as the stage waits for it."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the stage did not wait for an editor"
            time.sleep(0.1)
