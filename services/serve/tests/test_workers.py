"""Workers: how many, that each has its share of connections, and what happens when one dies."""

import http.client
import json
import math
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serve.runtime.resources import cpu_share, memory_left, memory_share
from serve.settings import Settings
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import (
    COMMAND,
    SECONDS,
    Server,
    environment,
    run,
    running,
    until,
    workers_of,
)

BODY = b'{"rows": [{"carat": 1, "cut": "Good"}]}'
JSON = {"content-type": "application/json"}
ASKS_LIVE = b"GET /live HTTP/1.1\r\nhost: a\r\n\r\n"
MANY = 20
STARTS_NONE_AGAIN = """
import serve.workers, serve.__main__
serve.workers.supervisor._SECONDS_BETWEEN_STARTS = 3600
serve.__main__.main()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 2") as server:
        for _ in range(2):
            server.wait_for("live: model")
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


def connections(server: Server) -> list[float]:
    lines = server.ask("GET", "/metrics")[2].splitlines()
    return [float(line.split()[-1]) for line in lines if line.startswith("stagecoach_connections{")]


def test_each_worker_has_its_share_of_connections(server: Server) -> None:
    opened = []
    for number in range(1, 17):
        opened.append(server.open())
        # Two workers that take one in the same instant may not know of each other's.
        until(lambda count=number: sum(connections(server)) >= count)

    # The one that asks is at one of them.
    until(lambda: sorted(connections(server)) in ([8, 8], [8, 9]))
    for connection in opened:
        connection.sendall(ASKS_LIVE)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.close()


def test_a_dead_worker_is_replaced_and_every_request_answered(server: Server) -> None:
    before = workers_of(server)
    os.kill(before[0], signal.SIGKILL)
    server.wait_for("worker 0 ended with -9 and is restarted")
    for _ in range(20):
        assert server.ask("POST", "/predict", BODY, **JSON)[0] == 200

    until(lambda: len(workers_of(server)) == 2)
    assert len(set(before) & set(workers_of(server))) == 1
    server.wait_for("live: model")


def test_the_traffic_of_the_last_hour_outlives_its_workers(server: Server) -> None:
    def live() -> tuple[int, int, float, int]:
        """Return rows by minute and by model, the start of the counts, and the number of swaps."""
        found = json.loads(server.ask("GET", "/page/live", **{"x-stagecoach-page": "1"})[2])
        rows = sum(minute["rows"] for minute in found["minutes"])
        [model] = found["models"]
        return rows, model["rows"], round(found["since"]), len(found["swaps"])

    for _ in range(20):
        server.ask("POST", "/predict", BODY, **JSON)
    until(lambda: live()[0] == 20)
    before = live()
    for worker in workers_of(server):
        os.kill(worker, signal.SIGKILL)
    for _ in range(2):
        server.wait_for("live: model")

    assert live() == before
    server.ask("POST", "/predict", BODY, **JSON)
    until(lambda: live() == (21, 21, *before[2:]))


def test_while_a_worker_is_missing_the_other_hands_it_nothing(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    command = [sys.executable, "-c", STARTS_NONE_AGAIN]
    with running(tmp_path, "workers = 2", command=command) as server, ExitStack() as opened:
        opened.callback(server.process.kill)  # It would wait for an hour.
        for _ in range(2):
            server.wait_for("live: model")
        until(lambda: server.ask("GET", "/live")[0] == 200)
        kept = [opened.enter_context(server.open()) for _ in range(2 * MANY)]
        one, *_others = workers = {connection: answered_by(connection) for connection in kept}
        for connection in kept:
            if workers[connection] == workers[one]:
                connection.close()
        # The one that asks may be at either of them.
        until(lambda: min(connections(server)) <= 1 < MANY - 1 <= max(connections(server)))
        missing = connections(server).index(min(connections(server)))
        os.kill(workers_of(server)[missing], signal.SIGKILL)
        server.wait_for(f"worker {missing} ended with -9")

        # The kernel gives about half of them to the socket of the missing one.
        new = [opened.enter_context(server.open()) for _ in range(MANY)]
        for connection in new:
            connection.sendall(ASKS_LIVE)
        answered = readable(new)
        assert answered
        assert answered[0].recv(1000).startswith(b"HTTP/1.1 200")


def readable(connections: Sequence[socket.socket]) -> list[socket.socket]:
    """Wait until something can be read; `select` takes no file numbers above 1023."""
    by_number = {connection.fileno(): connection for connection in connections}
    poll = select.poll()
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poll.poll(1000 * SECONDS)]


def answered_by(connection: socket.socket) -> bytes:
    """Return what the ids have in front of one worker's requests."""
    connection.sendall(ASKS_LIVE)
    _, _, fields = connection.recv(1000).partition(b"x-request-id: ")
    return fields.partition(b"-")[0]


@pytest.mark.parametrize("changed", ["workers = 2\nmax_rows = 1", "max_row = 1"])
def test_a_worker_that_is_started_again_is_like_the_others_whatever_the_file_says(
    server: Server, tmp_path: Path, changed: str
) -> None:
    environment(tmp_path, changed)
    os.kill(workers_of(server)[0], signal.SIGKILL)
    server.wait_for("live: model")
    body = json.dumps({"rows": [{"carat": 1, "cut": "Good"}] * 2})
    statuses: dict[str, set[int]] = {}

    def both_answer() -> bool:
        status, headers, _text = server.ask("POST", "/predict", body, **JSON)
        statuses.setdefault(headers["x-request-id"].partition("-")[0], set()).add(status)
        return len(statuses) == 2

    until(both_answer)
    assert [*statuses.values()] == [{200}, {200}]


def test_a_worker_that_starts_anew_while_a_model_is_refused_serves_the_old_one(
    server: Server, tmp_path: Path
) -> None:
    models = "stagecoach_model_info{"
    until(lambda: server.ask("GET", "/metrics")[2].count(f"\n{models}") == 2)
    publish_model(tmp_path / "volume", DIAMONDS.but(id="d" * 16, expected=[0.0, 0.0]))
    assert f"{DIAMONDS.id} serves on" in server.wait_for("refused: ")
    os.kill(workers_of(server)[0], signal.SIGKILL)
    server.wait_for("is restarted")
    server.wait_for(f"live: model {DIAMONDS.id}")

    for _ in range(10):
        assert server.ask("POST", "/predict", BODY, **JSON)[0] == 200


def test_sigterm_ends_all_workers_and_answers_what_is_under_way(server: Server) -> None:
    workers = workers_of(server)
    head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    with server.open() as connection:
        connection.sendall(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(BODY), BODY[:9]))
        until(lambda: server.ask("GET", "/live")[0] == 200)
        server.process.terminate()
        time.sleep(0.2)
        connection.sendall(BODY[9:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")

    assert server.process.wait(10) == 0
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_a_server_that_ends_refuses_new_connections_instead_of_letting_them_wait(
    server: Server,
) -> None:
    with server.open() as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n")
        connection.sendall(b"content-type: application/json\r\nexpect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        server.process.terminate()

        until(lambda: refuses(server))
        connection.sendall(b"{} {} {} ")
        assert connection.recv(1000).startswith(b"HTTP/1.1 4")


def refuses(server: Server) -> bool:
    try:
        server.ask("GET", "/live")
    except ConnectionRefusedError:
        return True
    except (ConnectionError, http.client.HTTPException):
        pass
    return False


def test_sigterm_is_heeded_while_a_worker_that_has_ended_is_not_forgotten_yet(
    tmp_path: Path,
) -> None:
    # SIGTERM comes when the child is gone, and before the supervisor has noted that.
    wait = "real = os.wait; w.os.wait = lambda: (real(), os.kill(os.getpid(), 15))[0]"

    ended = serve_with("sys.exit(3)", tmp_path, workers=1, before=wait)

    assert "ProcessLookupError" not in ended.stderr


def test_workers_end_with_their_supervisor(server: Server) -> None:
    workers = workers_of(server)
    server.process.kill()

    until(lambda: not [worker for worker in workers if is_running(worker)])


def test_one_worker_goes_on_when_whoever_started_it_is_gone(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    settings = "workers = 1\nkeep_alive_seconds = 0.01"
    number = tmp_path / "process"
    command = ["sh", "-c", f"{shlex.join(COMMAND)} & echo $! >{number}; wait"]
    with running(tmp_path, settings, command=command) as server:
        try:
            until(lambda: server.ask("GET", "/live")[0] == 200)
            server.process.kill()
            server.process.wait(SECONDS)
            with server.open() as idle:
                # It hangs up on idle connections when it looks around, as it does for its parent.
                assert idle.recv(1) == b""
            assert server.ask("GET", "/live")[0] == 200
        finally:
            os.kill(int(number.read_text()), signal.SIGTERM)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def serve_with(
    work: str, folder: Path, *, workers: int, before: str = "pass"
) -> subprocess.CompletedProcess[str]:
    """Return how a server ended whose workers do what a line of code says."""
    code = (
        "import os, signal, sys, threading, serve.workers.supervisor as w\n"
        "from serve.settings import Settings\n"
        f"{before}\n"
        f"def work(posts, number): {work}\n"
        "w._work = work; port = int(sys.argv[1])\n"
        f"w.serve(Settings(workers={workers}), name='test', host='127.0.0.1', port=port)"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return subprocess.run(
        [sys.executable, "-c", code, str(port)],
        env=environment(folder, ""),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_cannot_start_end_the_server(tmp_path: Path, workers: int) -> None:
    assert serve_with("sys.exit(3)", tmp_path, workers=workers).returncode == 3


def test_a_worker_alone_whose_setting_is_wrong_ends_with_78_and_one_line(tmp_path: Path) -> None:
    wrong = "raise w.SettingsError('keys.txt: no such file')"

    ended = serve_with(wrong, tmp_path, workers=1)

    assert ended.returncode == 78
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_worker_does_not_wait_for_a_model_that_is_still_loaded(tmp_path: Path) -> None:
    still_busy = (
        "signal.signal(15, signal.SIG_IGN); os.kill(os.getppid(), 15);"
        " threading.Thread(target=threading.Event().wait).start()"
    )

    assert serve_with(still_busy, tmp_path, workers=1).returncode == 0


def test_a_worker_alone_answers_what_is_under_way_and_ends_well(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    with running(tmp_path, "workers = 1") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        with server.open() as connection:
            connection.sendall(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(BODY), BODY[:9]))
            until(lambda: connections(server) == [2])
            server.process.terminate()
            until(lambda: refuses(server))
            connection.sendall(BODY[9:])
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")

        assert server.process.wait(10) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_that_is_taken_ends_with_78_and_one_line(tmp_path: Path, workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, settings=f"workers = {workers}", STAGE_PORT=str(port))

    assert ended.returncode == 78
    assert ended.stdout.count("\n") == 1
    assert f"port {port}: Address already in use" in ended.stdout


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({}, 1000.0),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, 1000.0),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1000.0),
    ],
)
def test_the_share_of_the_processors_is_the_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], share: float
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(1000)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert cpu_share(tmp_path) == share


@pytest.mark.parametrize(
    ("text", "share"),
    [({}, math.inf), ("max\n", math.inf), ("536870912\n", 512 * 1024 * 1024)],
)
def test_the_share_of_the_memory_is_the_containers(tmp_path: Path, text: Any, share: float) -> None:
    if text:
        (tmp_path / "memory.max").write_text(text)

    assert memory_share(tmp_path) == share


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({}, 9000 * 1024),
        ({"memory.max": "max\n", "memory.current": "5000"}, 9000 * 1024),
        ({"memory.max": "8000000\n", "memory.current": "5000000"}, 3_000_000),
        (
            {
                "memory.max": "8000000\n",
                "memory.current": "5000000",
                "memory.stat": "anon 4000000\ninactive_file 1000000\n",
            },
            4_000_000,
        ),
        ({"memory.max": "1000\n", "memory.current": "5000"}, 0),
        (
            {
                "memory/memory.limit_in_bytes": "8000000",
                "memory/memory.usage_in_bytes": "5000000",
                "memory/memory.stat": "total_inactive_file 500000\n",
            },
            3_500_000,
        ),
    ],
)
def test_the_memory_that_is_left_is_the_containers_without_files_that_nobody_needs(
    tmp_path: Path, files: dict[str, str], left: float
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 16000 kB\nMemAvailable:  9000 kB\n")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert memory_left(tmp_path, tmp_path / "meminfo") == left


@pytest.mark.parametrize(
    ("share", "memory", "asked", "workers", "threads"),
    [
        (0.5, math.inf, None, 1, 1),
        (2.9, math.inf, None, 2, 1),
        (8.0, math.inf, None, 8, 1),
        (8.0, 512e6, None, 4, 2),
        (8.0, 50e6, None, 1, 8),
        (8.0, 512e6, 2, 2, 4),
        (1.0, 512e6, 4, 4, 1),
    ],
)
def test_workers_and_threads_follow_the_share(  # noqa: PLR0913  # one table
    monkeypatch: pytest.MonkeyPatch,
    *,
    share: float,
    memory: float,
    asked: Any,
    workers: int,
    threads: int,
) -> None:
    monkeypatch.setattr("serve.settings.cpu_share", lambda: share)
    monkeypatch.setattr("serve.settings.memory_share", lambda: memory)
    settings = Settings(workers=asked)

    assert (settings.worker_count(), settings.threads()) == (workers, threads)
