"""Measures one server: start, answers, load, stop."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.serve.asking import BATCH, AnswerError, Material, RefusedError, check, predict
from bench.serve.load import Load, LoadError, write_requests
from bench.serve.processes import ProcessTree, machine_seconds, pinned
from bench.serve.servers import PORT, Server

_SERVER_CORE, _LOAD_CORE = 0, 1
_READY_SECONDS = 120
_WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Case:
    """Number of rows in a request, and of concurrent requests."""

    rows: int
    connections: int

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        connections = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"{rows}, {connections}"


CASES = (Case(1, 1), Case(1, 16), Case(BATCH, 16))


@dataclass(frozen=True)
class Bench:
    """The setup that every server is measured with."""

    material: Material
    work: Path
    seconds: int

    def measure(self, server: Server) -> dict[str, Any]:
        """Return one server's figures, or the reason for a failure under `error`."""
        record: dict[str, Any] = {"server": server.name, "kind": server.kind}
        tree = self._start(server)
        try:
            record["ready_seconds"] = self._wait_until_ready(server, tree)
            record["difference"] = check(server, self.material)
            record["cases"] = {str(case): self._load(server, tree, case) for case in CASES}
            record["memory"] = tree.memory()
        except (AnswerError, LoadError) as error:
            record["error"] = str(error)
        finally:
            tree.stop()
        return record

    def _start(self, server: Server) -> ProcessTree:
        log = self.work / "logs" / f"{server.name.replace('/', '-')}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        programs = Path(server.command[0]).parent
        environment = {
            "HOME": os.environ["HOME"],
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **server.environment,
        }
        core = _SERVER_CORE if server.workers == 1 else None
        folder = self.work / "runs" / server.name
        return ProcessTree(
            pinned(server.command, core), environment=environment, folder=folder, log=log
        )

    def _wait_until_ready(self, server: Server, tree: ProcessTree) -> float:
        """Return the seconds from the start of the process to the first prediction."""
        reason = ""
        while (waited := time.monotonic() - tree.started) < _READY_SECONDS and not tree.has_ended:
            try:
                predict(server, self.material.rows[:1], self.material.columns)
            except RefusedError:
                raise
            except AnswerError as error:
                reason = str(error)
                time.sleep(0.01)
            else:
                return time.monotonic() - tree.started
        raise AnswerError(f"not ready after {waited:.0f} s, see its log; {reason}")

    def _load(self, server: Server, tree: ProcessTree, case: Case) -> dict[str, Any]:
        """Put load on a server; its CPU time is measured separately from other processes."""
        columns = self.material.columns
        requests = (
            server.form.request(rows, columns, port=PORT)
            for rows in self.material.batches(case.rows)
        )
        core = _LOAD_CORE if server.workers == 1 else None
        load = Load(write_requests(self.work / "requests", requests), case.connections, core)
        load.send(seconds=_WARM_UP_SECONDS)

        started, machine_before, before = time.monotonic(), machine_seconds(), tree.cpu_seconds()
        result = load.send(seconds=self.seconds)
        after, machine_after, ended = tree.cpu_seconds(), machine_seconds(), time.monotonic()

        used = [seconds - before.get(pid, 0) for pid, seconds in after.items()]
        others = machine_after - machine_before - sum(used) - result["wrk_seconds"]
        return {
            **result,
            "cpu_microseconds": sum(used) / max(1, result["requests"]) * 1e6,
            "cores": [seconds / (ended - started) for seconds in sorted(used, reverse=True)],
            "other_cores": others / (ended - started),
        }
