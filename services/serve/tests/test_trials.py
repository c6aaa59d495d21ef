"""Trials: what is asked of the machine, and what is said when a trial does not end well."""

import gc
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from serve.model import trials
from serve.model.admission_process import Admitter, make_trials
from serve.model.decisions import Admitted, read_decision
from serve.model.refusals import Fault
from serve.model.trials import Trials, Verdict
from serve.runtime.shared_state import SharedState
from serve.settings import Settings
from serve_testing.made_models import DIAMONDS, publish_model

BIG = Admitted("a" * 16, "", kept_bytes=100_000_000, peak_bytes=130_000_000)


def made(volume: Path) -> Trials:
    return make_trials(volume, Settings(workers=2), name="test")


@pytest.mark.parametrize(("left", "is_admitted"), [(230e6, True), (229e6, False)])
def test_a_model_for_which_the_workers_together_have_no_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: float, is_admitted: object
) -> None:
    monkeypatch.setattr(trials, "memory_left", lambda: left)

    verdict = made(tmp_path)._with_room(BIG)  # noqa: SLF001  # without a model of that size

    if is_admitted:
        assert verdict is BIG
    else:
        assert isinstance(verdict, Fault)
        assert verdict.cause == "memory"
        assert "2 workers take 230 MB to load it, and 229 MB are left" in verdict.reason


def test_what_the_container_has_left_bounds_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = made(tmp_path)
    rooms = []
    for left in (1e12, 50e6):
        monkeypatch.setattr(trials, "memory_left", lambda left=left: left)
        rooms.append(tried._room())  # noqa: SLF001  # what it comes to is seen nowhere else

    assert rooms == [364e6, 50e6]


def test_a_process_that_can_not_be_started_is_tried_again_and_nothing_is_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    publish_model(tmp_path, DIAMONDS)
    tried, shared_state = made(tmp_path), SharedState(1)
    attempts: list[str] = []

    def try_model(
        name: str, live: str | None, seconds: float, is_due: Callable[[], bool]
    ) -> Verdict | None:
        attempts.append(name)
        if len(attempts) > 1:
            return tried.try_here(name, live)
        return tried.try_apart(name, live, seconds=seconds, is_due=is_due)

    admitter = Admitter(shared_state, tmp_path, try_model, seconds=1)
    gc.collect()  # What other tests left in circles would be closed in between.
    opened = [*Path("/proc/self/fd").iterdir()]
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        admitter.poll()
    first = read_decision(shared_state)
    still_open = [*Path("/proc/self/fd").iterdir()]
    admitter.poll()
    assert attempts == [DIAMONDS.id]  # It stands for a second.
    assert admitter.refused is not None
    admitter.refused = replace(admitter.refused, tried=admitter.refused.tried - 2)
    admitter.poll()
    last = read_decision(shared_state)

    assert first is not None
    assert first.refused is not None
    assert (first.refused.cause, first.admitted) == ("resources", None)
    assert "Resource temporarily unavailable" in first.refused.reason
    assert len(still_open) == len(opened)
    assert last is not None
    assert last.admitted is not None
    assert (last.admitted.id, last.refused) == (DIAMONDS.id, None)


def test_a_trial_whose_parent_ended_before_it_began_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()

    def end_with_parent_too_late() -> None:
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:
            time.sleep(0.001)

    def load(*_arguments: object) -> Any:
        os.write(writing, b"loaded")
        os._exit(0)

    monkeypatch.setattr(trials, "end_with_parent", end_with_parent_too_late)
    tried = replace(made(tmp_path), load=load)
    name = publish_model(tmp_path, DIAMONDS)
    process = os.fork()
    if not process:
        tried.try_apart(name, None, seconds=60, is_due=lambda: True)
    os.close(writing)
    os.waitpid(process, 0)

    assert os.read(reading, 100) == b""


def test_a_trial_that_was_not_due_for_a_moment_is_no_timeout(tmp_path: Path) -> None:
    """LATEST may name the model again before its process has ended."""

    def load(*_arguments: object) -> Any:
        signal.pause()

    due = iter([False])
    tried = replace(made(tmp_path), load=load)
    name = publish_model(tmp_path, DIAMONDS)

    verdict = tried.try_apart(name, None, seconds=60, is_due=lambda: next(due, True))

    assert verdict is None
