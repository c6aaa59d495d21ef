"""Following LATEST: what is taken live, what is refused, and that the old model serves on."""

import asyncio
import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from asking import Worker
from serve.api.worker_state import WorkerState
from serve.model.decisions import Admitted, Decision, write_decision
from serve.model.models import Described, Model
from serve.model.refusals import Cause, RefusedError
from serve.runtime.shared_state import SharedState
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.publishing import prune

ROW = {"carat": 1, "cut": "Good"}
ANY = [1.0, 2.0]
NEXT = DIAMONDS.but(id="d" * 16, bias=(5000.0,))
FIELDS = DIAMONDS.document()["signature"]["fields"]


def price(worker: Worker) -> tuple[str, float]:
    """Return which model answers, and what."""
    answer = worker.predict(ROW).json()
    return answer["model"], answer["predictions"][0]["price"]


def refused(worker: Worker) -> Any:
    return worker.ask("GET", "/ready").json()["refused"]


def test_a_model_that_appears_later_goes_live(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    assert worker.ask("GET", "/ready").status_code == 503

    publish_model(tmp_path, DIAMONDS)
    worker.poll()

    assert worker.ask("GET", "/ready").json()["model"] == DIAMONDS.id
    assert price(worker) == (DIAMONDS.id, 1020.5)


def test_without_a_model_it_says_that_the_gate_refused_one(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    (tmp_path / "LATEST").rename(tmp_path / "REFUSED")
    verdict = {"accepted": False, "reasons": ["r2 0.2, expected 0.9 at least"]}
    (tmp_path / DIAMONDS.id / "verdict.json").write_text(json.dumps(verdict))

    answer = Worker(tmp_path).ask("GET", "/ready")

    assert answer.status_code == 503
    assert answer.json()["detail"] == (
        f"no model is live: the gate of train refused model {DIAMONDS.id} (r2 0.2, expected 0.9 at"
        f" least); fix the cause, or accept it anyway: make accept ID={DIAMONDS.id}"
    )


def test_another_model_replaces_the_live_one_and_back(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    after = price(diamonds)
    (tmp_path / "LATEST").write_text(DIAMONDS.id)
    diamonds.poll()

    assert after == (NEXT.id, 6020.5)
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_a_model_with_other_columns_replaces_the_live_one(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS)
    diamonds.poll()

    assert diamonds.predict(ROW).status_code == 422
    assert diamonds.predict({"island": "Dream"}).json()["model"] == PENGUINS.id


def damage_bytes(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"!")


def tear(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:100])


def add_file(artifact: Path) -> None:
    (artifact / "extra.bin").write_bytes(b"")


def link(artifact: Path) -> None:
    (artifact / "reference.json").unlink()
    (artifact / "reference.json").symlink_to("/etc/passwd")


def remove(artifact: Path) -> None:
    shutil.rmtree(artifact)


def change_manifest(**facts: Any) -> Callable[[Path], None]:
    def change(artifact: Path) -> None:
        path = artifact / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_bytes()) | facts))

    return change


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_bytes, "model.onnx does not match its SHA-256"),
        (tear, "model.onnx has 100 bytes"),
        (add_file, "extra.bin is not in the manifest"),
        (link, "reference.json is a link"),
        (remove, "no manifest.json"),
        (change_manifest(contract="2.0"), "written for contract 2.0"),
        (change_manifest(kind="clean-data"), "holds clean-data, expected model"),
        (change_manifest(content="0" * 64), "content is not the digest"),
    ],
)
def test_a_damaged_artifact_is_refused_while_the_old_model_serves_on(
    diamonds: Worker, tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    publish_model(tmp_path, NEXT)
    damage(tmp_path / NEXT.id)
    diamonds.poll()

    assert price(diamonds) == (DIAMONDS.id, 1020.5)
    assert refused(diamonds)["id"] == NEXT.id
    assert reason in refused(diamonds)["reason"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (NEXT.but(expected=[5322.0, 0.0]), "line 2 of 2 gives 6521.0 here, expected 0.0"),
        (NEXT.but(rows=[], expected=[]), "examples.jsonl: empty"),
        (NEXT.but(rows=[{"carat": 1}], expected=[1]), "line 1, column cut: expected a text"),
        (NEXT.but(expected=[[1.0], [2.0, 3.0]]), "fails on its examples"),
        (NEXT.but(expected=["high", "low"]), "examples.jsonl: Expected `float | array`"),
        (NEXT.but(opset=22), "uses ai.onnx 22, expected at most 21"),
        (NEXT.but(numbers=[[1.0]], expected=ANY), "fails on its examples"),
        (NEXT.but(numbers=(), expected=ANY), "inputs are strings tensor(string), expected numbers"),
        (NEXT.but(fields=FIELDS[:2], expected=ANY), "inputs are numbers tensor(double), strings"),
        (NEXT.but(changes=(("classes", ["a", "b"]),)), "does not go with classes"),
        (NEXT.but(changes=(("opset", 21),)), "model.json: Expected `object`, got `int`"),
        (NEXT.but(ignored=["cut"]), "column cut is repeated"),
        (NEXT.but(fields=FIELDS[1:], expected=ANY), "columns of numbers are not numbered 0 to 0"),
        (NEXT.but(timezone="Nowhere"), "'Nowhere' is not a time zone"),
    ],
)
def test_a_model_that_does_not_hold_what_it_promises_is_refused(
    diamonds: Worker, tmp_path: Path, model: MadeModel, reason: str
) -> None:
    publish_model(tmp_path, model)
    diamonds.poll()

    assert price(diamonds) == (DIAMONDS.id, 1020.5)
    assert reason in refused(diamonds)["reason"]


def test_a_graph_that_is_none_is_refused(diamonds: Worker, tmp_path: Path) -> None:
    class Noise:
        def SerializeToString(self) -> bytes:  # noqa: N802  # as in onnx
            return b"not a graph"

    class Broken(MadeModel):
        def graph(self) -> Any:
            return Noise()

    publish_model(tmp_path, Broken(**vars(NEXT.but(expected=[1, 2]))))
    diamonds.poll()

    assert "model.onnx: not an ONNX file" in refused(diamonds)["reason"]


@pytest.mark.parametrize("text", [b"../../etc", b"\xff\xfe", b""])
def test_a_wrong_pointer_is_refused(diamonds: Worker, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "LATEST").write_bytes(text)
    diamonds.poll()

    assert "is not an id of 16 hex digits" in refused(diamonds)["reason"]
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_a_refusal_is_logged_once_and_looked_at_again_when_the_files_change(
    diamonds: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_model(tmp_path, NEXT)
    graph = (tmp_path / NEXT.id / "model.onnx").read_bytes()
    tear(tmp_path / NEXT.id)
    with caplog.at_level(logging.ERROR):
        diamonds.poll()
        diamonds.poll()
    (tmp_path / NEXT.id / "model.onnx").write_bytes(graph)
    diamonds.poll()

    [record] = caplog.records
    assert record.getMessage().startswith("refused: ")
    assert record.getMessage().endswith(f"{DIAMONDS.id} serves on")
    assert price(diamonds) == (NEXT.id, 6020.5)
    assert refused(diamonds) is None


def pass_time(worker: Worker, seconds: float) -> None:
    """Let a refusal be so much older."""
    refusal = worker.admitter.refused
    assert refusal is not None
    worker.admitter.refused = replace(refusal, tried=refusal.tried - seconds)


def fail_twice(worker: Worker, error: Exception) -> list[str]:
    """Let the next two models be refused; return the models that are tried from now on."""
    load, tried = worker.trials.load, list[str]()

    def refuse(artifact: Artifact, before: Described | None) -> Model:
        tried.append(artifact.id)
        if len(tried) <= 2:
            raise error
        return load(artifact, before)

    worker.trials = replace(worker.trials, load=refuse)
    return tried


@pytest.mark.parametrize(
    ("error", "cause", "pauses"),
    [
        (RefusedError("latency", "slow"), "latency", (29, 2, 31, 30)),
        (RefusedError("memory", "large"), "memory", (29, 2, 31, 30)),
        (MemoryError(), "memory", (29, 2, 31, 30)),
        (OSError(errno.EMFILE, "Too many open files"), "resources", (0.1, 1, 1.1, 1)),
        (OSError(errno.ESTALE, "Stale file handle"), "resources", (0.1, 1, 1.1, 1)),
        (ZeroDivisionError(), "bug", (29, 2, 31, 30)),
    ],
)
def test_what_another_moment_may_change_is_tried_again_after_pauses_that_grow_and_logged_once(  # noqa: PLR0913  # one table
    diamonds: Worker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    error: Exception,
    cause: Cause,
    pauses: tuple[float, ...],
) -> None:
    tried = fail_twice(diamonds, error)
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    first = diamonds.admitter.refused
    assert first is not None
    assert first.cause == cause
    counts = []
    for seconds in pauses:
        pass_time(diamonds, seconds)
        diamonds.poll()
        counts.append(len(tried))
        if diamonds.admitter.refused is not None:
            assert diamonds.admitter.refused.since is first.since

    assert counts == [1, 2, 2, 3]
    assert caplog.text.count("refused: ") == 1
    assert diamonds.watcher.refusals == {cause: 1}
    assert price(diamonds) == (NEXT.id, 6020.5)
    assert refused(diamonds) is None


def test_what_the_files_hold_is_not_tried_again(diamonds: Worker, tmp_path: Path) -> None:
    tried = fail_twice(diamonds, RefusedError("examples", "wrong"))
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    pass_time(diamonds, 86_400)
    diamonds.poll()

    assert tried == [NEXT.id]


def test_a_refusal_is_looked_at_again_when_the_rights_of_a_file_change(
    diamonds: Worker, tmp_path: Path
) -> None:
    tried = fail_twice(diamonds, RefusedError("artifact", "not readable"))
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    (tmp_path / NEXT.id / "model.onnx").chmod(0o640)
    diamonds.poll()

    assert tried == [NEXT.id, NEXT.id]


def fail_to_load_here(worker: Worker, error: Exception) -> list[str]:
    """Let the worker, but not the trial, fail to load the next two times; return what it loads."""
    load, tried = worker.watcher._load, list[str]()  # noqa: SLF001  # to fail within it

    def fail(artifact: Artifact, before: Model | None, admitted: Admitted) -> Model:
        tried.append(artifact.id)
        if len(tried) <= 2:
            raise error
        return load(artifact, before, admitted)

    worker.watcher._load = fail  # noqa: SLF001  # as above
    return tried


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "resources"),
        (OSError(errno.EINTR, "Interrupted"), "resources"),
        (MemoryError(), "resources"),
        (ContractError("model.onnx is gone"), "artifact"),
    ],
)
def test_a_worker_that_fails_to_load_an_admitted_model_says_so_and_tries_again(
    diamonds: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    cause: Cause,
) -> None:
    now = [monotonic()]
    monkeypatch.setattr("serve.model.refusals.monotonic", lambda: now[0])
    tried = fail_to_load_here(diamonds, error)
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    assert refused(diamonds)["cause"] == cause
    assert price(diamonds) == (DIAMONDS.id, 1020.5)
    diamonds.poll()
    assert tried == [NEXT.id]
    for _ in range(2):
        now[0] += 1000
        diamonds.poll()

    assert tried == [NEXT.id] * 3
    assert price(diamonds) == (NEXT.id, 6020.5)
    assert refused(diamonds) is None


def test_a_worker_that_takes_far_longer_than_the_trial_gives_up_and_answers_meanwhile(
    diamonds: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.model.model_watcher._MORE_SECONDS", 0.01)
    monkeypatch.setattr("serve.model.model_watcher._TIMES_OF_TRIAL", 0)
    load, may_go_on = diamonds.watcher._load, threading.Event()  # noqa: SLF001  # to wait in it

    def wait(artifact: Artifact, before: Model | None, admitted: Admitted) -> Model:
        may_go_on.wait(10)
        return load(artifact, before, admitted)

    diamonds.watcher._load = wait  # noqa: SLF001  # as above
    publish_model(tmp_path, NEXT)
    diamonds.poll()
    may_go_on.set()

    assert refused(diamonds)["cause"] == "timeout"
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_a_worker_loads_nothing_but_what_was_tried(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    diamonds.admitter.poll()
    shutil.rmtree(tmp_path / NEXT.id)
    publish_model(tmp_path, NEXT.but(expected=ANY))
    diamonds.poll()

    assert "another one than the model that was tried" in refused(diamonds)["reason"]
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_one_worker_loads_at_a_time(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    shared_state = diamonds.service.worker_state.shared_state
    with open_in_another_process(shared_state):
        diamonds.poll()
        while_the_other_loads = price(diamonds)
    diamonds.poll()

    assert while_the_other_loads == (DIAMONDS.id, 1020.5)
    assert price(diamonds) == (NEXT.id, 6020.5)


@contextmanager
def open_in_another_process(shared_state: SharedState) -> Iterator[None]:
    """Let another process load a model meanwhile."""
    folder = f"/proc/{os.getpid()}/fd/{shared_state._loading}"  # noqa: SLF001  # the other one inherits it
    code = (
        "import fcntl, os, sys; fd = os.open(sys.argv[1], os.O_RDWR);"
        " fcntl.lockf(fd, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


def state_of_one(volume: Path, *, live: MadeModel) -> WorkerState:
    """Return a seat at a board that names the model which is live."""
    artifact = open_artifact(volume / live.id)
    shared_state = SharedState(1)
    write_decision(shared_state, Decision(admitted=Admitted(live.id, artifact.content)))
    return WorkerState(shared_state, 0)


@pytest.mark.parametrize(
    ("offered", "cause"),
    [
        (NEXT.but(expected=ANY), "examples"),
        (NEXT.but(ignored=["price"]), "signature"),
    ],
)
def test_a_worker_that_starts_anew_serves_what_the_others_serve_and_new_ones_are_compared_with_it(
    tmp_path: Path, offered: MadeModel, cause: Cause
) -> None:
    publish_model(tmp_path, DIAMONDS)
    publish_model(tmp_path, offered)
    worker_state = state_of_one(tmp_path, live=DIAMONDS)
    worker = Worker(tmp_path, worker_state=worker_state, signature="compatible")
    worker.poll()

    assert price(worker) == (DIAMONDS.id, 1020.5)
    assert (refused(worker)["id"], refused(worker)["cause"]) == (NEXT.id, cause)


def test_a_worker_that_starts_anew_goes_on_to_the_latest_model(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    publish_model(tmp_path, NEXT)
    worker = Worker(tmp_path, worker_state=state_of_one(tmp_path, live=DIAMONDS))

    assert price(worker) == (NEXT.id, 6020.5)


@pytest.mark.parametrize("signature", ["any", "compatible"])
def test_a_worker_that_starts_anew_does_without_a_model_that_is_gone(
    tmp_path: Path, signature: str
) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker_state = state_of_one(tmp_path, live=DIAMONDS)
    shutil.rmtree(tmp_path / DIAMONDS.id)
    publish_model(tmp_path, NEXT)
    worker = Worker(tmp_path, worker_state=worker_state, signature=signature)

    assert price(worker) == (NEXT.id, 6020.5)


def test_a_model_is_not_called_compatible_with_one_that_can_not_be_read(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, signature="compatible")
    (tmp_path / DIAMONDS.id / "model.json").write_text("{}")
    publish_model(tmp_path, NEXT)
    worker.poll()

    assert refused(worker)["cause"] == "signature"
    assert f"the live model {DIAMONDS.id} can't be read" in refused(worker)["reason"]


def test_without_a_live_model_the_reason_of_the_refusal_is_the_answer(tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    tear(tmp_path / NEXT.id)
    worker = Worker(tmp_path)

    answer = worker.predict(ROW)

    assert answer.status_code == 503
    assert "model.onnx has 100 bytes" in answer.json()["detail"]


def test_a_withdrawn_refused_model_is_forgotten(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    tear(tmp_path / NEXT.id)
    diamonds.poll()
    (tmp_path / "LATEST").write_text(DIAMONDS.id)
    diamonds.poll()

    assert refused(diamonds) is None


def test_the_live_model_is_kept_from_pruning_and_the_one_before_is_not(
    diamonds: Worker, tmp_path: Path
) -> None:
    publish_model(tmp_path, NEXT)
    kept = prune(tmp_path, keep=1)
    diamonds.poll()

    assert kept == []
    assert prune(tmp_path, keep=1) == [DIAMONDS.id]


def test_an_artifact_that_goes_away_while_it_is_read_does_no_harm(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    publish_model(tmp_path, NEXT)
    load = worker.trials.load

    def vanish(artifact: Any, before: Any) -> Any:
        shutil.rmtree(tmp_path / NEXT.id)
        return load(artifact, before)

    worker.trials = replace(worker.trials, load=vanish)
    worker.poll()

    assert price(worker) == (DIAMONDS.id, 1020.5)


def test_a_bug_while_loading_is_logged_and_does_not_end_the_following(
    diamonds: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fail_twice(diamonds, ZeroDivisionError())
    publish_model(tmp_path, NEXT)
    diamonds.poll()

    assert "Traceback" in caplog.text
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_following_looks_at_once_and_then_again_and_again(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.watcher._poll_seconds = 0.001  # noqa: SLF001  # so that the test need not wait
    publish_model(tmp_path, DIAMONDS)
    worker.admitter.poll()

    async def until_live() -> list[str]:
        seen = []
        async with asyncio.timeout(10), worker.watcher.watching():
            seen.append(worker.watcher.live().id)
            publish_model(tmp_path, NEXT)
            worker.admitter.poll()
            while worker.watcher.live().id != NEXT.id:
                await asyncio.sleep(0)
            seen.append(worker.watcher.live().id)
        return seen

    assert asyncio.run(until_live()) == [DIAMONDS.id, NEXT.id]
