"""Load: wrk, which sends prepared requests repeatedly and measures the responses."""
# ruff: noqa: S603  # it runs wrk on what the bench itself has made

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.serve.processes import pinned
from bench.serve.servers import PORT

_SCRIPT = str(Path(__file__).with_name("load.lua"))
_RESULT = "result "


class LoadError(Exception):
    """wrk failed."""


@dataclass(frozen=True)
class Load:
    """Requests in a file, and how to send them."""

    requests: Path
    connections: int
    core: int | None

    def send(self, *, seconds: int) -> dict[str, Any]:
        """Send for some seconds; return counts, µs, and wrk's own CPU time.

        Raises:
            LoadError: wrk failed.
        """
        options = ["-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "20s"]
        command = ["wrk", *options, "-s", _SCRIPT, f"http://127.0.0.1:{PORT}"]
        variables = os.environ | {"REQUESTS": str(self.requests)}
        before = os.times()
        wrk = subprocess.run(
            pinned(command, self.core), env=variables, capture_output=True, text=True, check=False
        )
        after = os.times()
        lines = (line for line in wrk.stdout.splitlines() if line.startswith(_RESULT))
        line = next(lines, None)
        if line is None:
            raise LoadError(f"wrk: {wrk.stdout}{wrk.stderr}")
        result: dict[str, Any] = json.loads(line.removeprefix(_RESULT))
        result["requests_per_second"] = result["requests"] / result["microseconds"] * 1e6
        result["wrk_seconds"] = (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
        return result


def write_requests(path: Path, requests: Iterable[bytes]) -> Path:
    """Write complete HTTP requests, each after a line with its length."""
    path.write_bytes(b"".join(b"%d\n%b" % (len(each), each) for each in requests))
    return path
