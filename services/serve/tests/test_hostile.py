"""A server survives models that are made to harm: it answers on, says why, and takes the next."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from hostile_documents import DOCUMENTS
from hostile_graphs import GRAPHS, endless, folded_bomb
from hostile_publishing import Make, pointing, publish_files, right_files, with_graph
from hostile_volumes import NO_FILES, VOLUMES
from mutated_models import mutations
from serve_testing.processes import Server, admission_of, running, until
from stage_contract.artifacts.volumes import write_text
from stage_contract.pointers import roll_back

SETTINGS = (
    "workers = 2\npoll_seconds = 0.05\nmax_admission_seconds = 2\nmax_model_mb = 30\n"
    # The machine of the tests may be busy.
    "max_latency_ms = 1000\n"
)
SECONDS = 10
"""In which a good model goes live after a bad one."""
MAX_MEMORY_MB = 420
"""Two workers and who admits take some 110, a trial at most 90 + 64 more than these."""
BODY = json.dumps({"rows": [{"carat": 1, "cut": "Good"}]})
HEADERS = {"content-type": "application/json"}
CASES: dict[str, Make] = {
    **{name: with_graph(change) for name, change in GRAPHS.items()},
    **DOCUMENTS,
    **VOLUMES,
}
_numbers = count(1)


def new_id() -> str:
    return f"{next(_numbers):016x}"


def publish_right(volume: Path, **verdict: Any) -> str:
    latest = volume / "LATEST"
    if latest.is_dir(follow_symlinks=False):
        latest.rmdir()
    else:
        latest.unlink(missing_ok=True)
    return publish_files(volume, new_id(), right_files(), **verdict)


def processes_of(server: Server) -> list[int]:
    found, left = [], [server.process.pid]
    while left:
        found.append(process := left.pop())
        try:
            text = Path(f"/proc/{process}/task/{process}/children").read_text()
        except OSError:
            continue
        left += map(int, text.split())
    return found


def megabytes_of(server: Server) -> float:
    """Return the memory of all processes together; what they share counts once."""
    total = 0.0
    for process in processes_of(server):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
    return total


class Watch:
    """Asks for predictions without a pause, and looks at the memory of all processes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.right = 0
        self.failed: list[Any] = []
        self.peak_megabytes = 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._ask, self._measure)]

    def _ask(self) -> None:
        while not self._stop.wait(0.005):
            try:
                status, _headers, text = self._server.ask("POST", "/predict", BODY, **HEADERS)
            except OSError as error:
                self.failed.append(error)
                continue
            if status == 200:
                self.right += 1
            else:
                self.failed.append((status, text))

    def _measure(self) -> None:
        while not self._stop.wait(0.02):
            self.peak_megabytes = max(self.peak_megabytes, megabytes_of(self._server))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def watched(server: Server) -> Iterator[Watch]:
    watch = Watch(server)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hostile") / "volume"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(volume: Path) -> Iterator[Server]:
    publish_right(volume)
    with running(volume.parent, SETTINGS) as server:
        until(lambda: ready(server)[0] == 200)
        yield server


def ready(server: Server) -> tuple[int, dict[str, Any]]:
    status, _headers, text = server.ask("GET", "/ready")
    return status, json.loads(text)


def refused(server: Server) -> dict[str, Any]:
    """Return what /ready says of a refusal, empty if there is none."""
    return ready(server)[1]["refused"] or {}


def refusal_of(server: Server, model: str | None) -> dict[str, Any]:
    """Wait until a model is refused; return what /ready says of it."""
    told: list[dict[str, Any]] = []

    def is_told() -> bool:
        found = refused(server)
        told.append(found)
        return "id" in found and found["id"] == model

    until(is_told)
    return told[-1]


def live(server: Server) -> str | None:
    status, found = ready(server)
    return found["model"] if status == 200 else None


def goes_live(server: Server, model: str) -> float:
    """Wait until both workers have a model live; return after how many seconds."""
    began = time.monotonic()
    seen: dict[str, str] = {}

    def both() -> bool:
        _status, headers, _text = server.ask("GET", "/live")
        seen[headers["x-request-id"].partition("-")[0]] = headers.get("x-model-id", "")
        return [*seen.values()] == [model] * 2

    until(both)
    return time.monotonic() - began


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_model_is_refused_and_the_next_one_goes_live(
    server: Server, volume: Path, name: str
) -> None:
    with watched(server) as watch:
        model = CASES[name](volume, new_id())
        told = refusal_of(server, model)
        good = publish_right(volume)
        seconds = goes_live(server, good)
        until(lambda: not refused(server))

    assert told["reason"]
    assert told["cause"] != "bug"
    assert seconds < SECONDS
    assert watch.failed == []
    assert watch.right > 0
    assert watch.peak_megabytes < MAX_MEMORY_MB


def test_models_with_changed_bytes_do_no_harm(server: Server, volume: Path) -> None:
    causes = set()
    with watched(server) as watch:
        for make in islice(mutations(seed=12), 20):
            model = make(volume, new_id())
            until(lambda model=model: model in (refused(server).get("id"), live(server)))
            causes.add(refused(server).get("cause"))
            assert goes_live(server, publish_right(volume)) < SECONDS

    assert "bug" not in causes
    assert watch.failed == []
    assert watch.peak_megabytes < MAX_MEMORY_MB


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_in_place_of_pinned_keeps_no_model_from_going_live(
    server: Server, volume: Path, kind: str
) -> None:
    NO_FILES[kind](volume / "PINNED")
    try:
        assert goes_live(server, publish_right_by_hand(volume)) < SECONDS
    finally:
        remove(volume / "PINNED")


def publish_right_by_hand(volume: Path) -> str:
    """Publish where PINNED keeps a run from moving LATEST."""
    model = publish_right(volume)
    write_text(volume / "LATEST", f"{model}\n")
    return model


def remove(path: Path) -> None:
    if path.is_dir(follow_symlinks=False):
        path.rmdir()
    else:
        path.unlink()


def test_a_rollback_is_followed_while_an_endless_model_is_tried(
    server: Server, volume: Path
) -> None:
    older, newer = publish_right(volume), publish_right(volume)
    goes_live(server, newer)
    with_graph(endless)(volume, new_id())
    until(lambda: len(processes_of(server)) > 4)

    roll_back(volume, older, kind="model")

    assert goes_live(server, older) < SECONDS
    assert not refused(server)
    (volume / "PINNED").unlink()


STARTS = {
    "endless": with_graph(endless),
    "1.28 GB folded": with_graph(folded_bomb(320_000_000)),
    "pipe": pointing(NO_FILES["pipe"]),
    "folder": pointing(NO_FILES["folder"]),
}


@pytest.mark.parametrize("name", STARTS)
def test_after_a_restart_the_newest_accepted_model_is_served_in_place_of_a_hostile_one(
    tmp_path: Path, name: str
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    publish_right(volume)
    newest = publish_right(volume)
    publish_right(volume, accepted=False)
    hostile = STARTS[name](volume, new_id())
    with running(tmp_path, SETTINGS) as server:
        until(lambda: live(server) == newest)
        told = refusal_of(server, hostile)
        good = publish_right(volume)

        assert told["reason"]
        assert goes_live(server, good) < SECONDS


def test_after_a_restart_no_model_newer_than_a_pinned_one_is_served(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    oldest = publish_right(volume)
    pinned = publish_right(volume)
    publish_right(volume)
    roll_back(volume, pinned, kind="model")
    (volume / pinned / "model.onnx").write_bytes(b"torn")
    with running(tmp_path, SETTINGS) as server:
        until(lambda: ready(server)[0] == 200)

        assert live(server) == oldest
        assert refusal_of(server, pinned)["reason"]


AS_FIRST_PROCESS = (
    "import ctypes, serve.__main__;"
    # PR_SET_CHILD_SUBREAPER: what loses its parent becomes a child of this process.
    " ctypes.CDLL(None).prctl(36, 1); serve.__main__.main()"
)


def test_who_admits_models_is_started_again_and_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AS_FIRST_PROCESS]
    volume = tmp_path / "volume"
    volume.mkdir()
    publish_right(volume)
    with running(tmp_path, SETTINGS, command=command) as server:
        until(lambda: ready(server)[0] == 200)
        with watched(server) as watch:
            with_graph(endless)(volume, new_id())
            until(lambda: len(processes_of(server)) > 4)
            os.kill(admission_of(server), signal.SIGKILL)
            server.wait_for("the admission process ended with -9")
            until(lambda: len(processes_of(server)) > 3)

            assert goes_live(server, publish_right(volume)) < SECONDS
    assert watch.failed == []


def test_a_trial_ends_with_the_server(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    publish_right(volume)
    with running(tmp_path, SETTINGS.replace("seconds = 2", "seconds = 60")) as server:
        until(lambda: ready(server)[0] == 200)
        with_graph(endless)(volume, new_id())
        until(lambda: len(processes_of(server)) > 4)
        processes = processes_of(server)
        server.process.terminate()
        server.process.wait(SECONDS)

        until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes))
