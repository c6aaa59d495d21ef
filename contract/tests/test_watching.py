"""`--watch`: a small process stays, and a child works whenever the cause has changed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from stage_contract import ContractError, SettingsError, open_latest
from stage_contract.watching.__main__ import read_settle_seconds
from stage_contract.watching.child_processes import start

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


def until(holds: Callable[[], Any], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Resident:
    """A stage that was started with `--watch`."""

    def __init__(self, stage: Stage, process: subprocess.Popen[bytes], output: Path) -> None:
        self.stage = stage
        self.process = process
        self._output = output

    @property
    def log(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def says(self, text: str, *, times: int = 1) -> None:
        """Wait until the log holds a text so often."""
        until(lambda: self.log.count(text) >= times)
        assert self.log.count(text) == times, self.log

    def published(self, text: str) -> None:
        """Wait until this is what the stage has made."""
        until(lambda: self._result() == text)

    def children(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
        return [int(child) for child in children.split()]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=5)

    def _result(self) -> str | None:
        with suppress(ContractError):
            artifact = open_latest(self.stage.out, "clean-data")
            return artifact.file("table/part-00000.txt").read_text(encoding="utf-8")
        return None


@contextmanager
def watching(stage: Stage, *, script: str = "tiny_stage.py") -> Iterator[Resident]:
    output = stage.root / "log"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), "--watch"],
            env=stage.environment | {"STAGE_SETTLE_SECONDS": "0.2"},
            stdout=file,
            stderr=file,
        )
    try:
        yield Resident(stage, process, output)
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_it_runs_at_the_start_and_whenever_input_or_settings_change(stage: Stage) -> None:
    with watching(stage) as resident:
        resident.published("42")
        stage.provide("22")
        resident.published("44")
        stage.configure("factor = 3")
        resident.published("66")

    assert resident.log.count("works, changed: input raw-data\n") == 1
    assert resident.log.count("works, changed: settings.factor 2 → 3\n") == 1


def test_a_run_that_was_up_to_date_says_so_and_that_is_all(stage: Stage) -> None:
    stage.run()
    with watching(stage) as resident:
        resident.says("unchanged: clean-data")
        stage.configure("# a remark")
        stage.provide("22")
        resident.published("44")

    assert resident.log.count("unchanged") == 1


def test_it_waits_for_a_first_input_and_says_so_once(stage: Stage) -> None:
    (stage.root / "in/LATEST").unlink()
    with watching(stage) as resident:
        resident.says(f"clean     waits: nothing was published in {stage.root}/in yet\n")
        stage.provide("22")
        resident.published("44")

    assert resident.log.count("waits: ") == 1


@pytest.mark.parametrize(
    ("settings", "report"),
    [
        ('behaviour = "reject the input"', "error: table: 21 is odd"),
        ('behaviour = "fall over"', "KeyError: 'price'"),
        ("fctor = 3", "fctor is not a setting"),
        ("factor = ", "not TOML"),
    ],
)
def test_a_run_that_fails_is_reported_once_and_what_was_published_stays(
    stage: Stage, settings: str, report: str
) -> None:
    with watching(stage) as resident:
        resident.published("42")
        stage.configure(settings)
        resident.says("keeps what it has published, waits for a change of its input or settings")
        resident.published("42")
        assert stage.failure["cause"]
        stage.configure("factor = 3")
        resident.published("63")
        until(lambda: not (stage.out / "FAILED.json").exists())

    assert resident.log.count(report) == 1


def test_a_source_that_was_not_reached_is_tried_again_after_a_pause(stage: Stage) -> None:
    stage.configure('behaviour = "miss the source"')
    with watching(stage) as resident:
        resident.says("clean     tries again in 5 s\n")
        stage.configure("")
        resident.published("42")


def test_what_changes_unseen_is_asked_again_as_often_as_the_settings_say(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = stage.root / "held"
    held.write_text("21", encoding="utf-8")
    monkeypatch.setenv("HELD", str(held))
    stage.path += f":{HERE}"  # where the resident process finds what says how often
    with watching(stage, script="tiny_remote.py") as resident:
        resident.published("21")
        held.write_text("22", encoding="utf-8")
        stage.configure("factor = 3")
        resident.published("22")
        held.write_text("nothing", encoding="utf-8")
        until(lambda: "tiny://held: nothing" in resident.log)
        until(lambda: "keeps what it has published, asks again in 0 s" in resident.log)
        held.write_text("23", encoding="utf-8")
        resident.published("23")
        until(lambda: not (stage.out / "FAILED.json").exists())


def test_a_child_that_was_killed_is_told_as_what_may_have_killed_it(stage: Stage) -> None:
    stage.configure('behaviour = "sleep"')
    with watching(stage) as resident:
        until(lambda: list(stage.out.glob(".draft-*/asleep")))
        os.kill(*resident.children(), signal.SIGKILL)
        resident.says("error: was killed by signal 9; if it needed more memory than its limit")
        stage.configure("factor = 3")
        until(lambda: stage.failure["exit_code"] == 137)
        resident.published("63")

    assert list(stage.out.glob(".draft-*")) == []


def test_sigterm_ends_a_running_child_and_leaves_no_draft(stage: Stage) -> None:
    stage.configure('behaviour = "sleep"')
    with watching(stage) as resident:
        until(lambda: list(stage.out.glob(".draft-*/asleep")))

        assert resident.end() == 0

    assert list(stage.out.iterdir()) == []


def test_sigterm_ends_an_idle_one(stage: Stage) -> None:
    with watching(stage) as resident:
        resident.published("42")
        until(lambda: not resident.children())

        assert resident.end() == 0


def test_while_idle_it_has_no_child_and_less_than_24_mb(stage: Stage) -> None:
    with watching(stage) as resident:
        resident.published("42")
        until(lambda: not resident.children())
        status = Path(f"/proc/{resident.process.pid}/status").read_text(encoding="utf-8")

    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert int(facts["VmRSS"].split()[0]) * 1024 <= 24e6


def test_watching_and_forcing_exclude_each_other(stage: Stage) -> None:
    result = stage.run("--watch", "--force")

    assert result.returncode == 2
    assert "not allowed with argument" in result.stderr


def test_a_child_that_does_not_end_is_killed() -> None:
    ready, said = os.pipe()
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"os.write({said}, b'.'); time.sleep(60)"
    )
    os.set_inheritable(said, True)  # noqa: FBT003  # it has no name
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        child = start([sys.executable, "-c", stubborn])
        assert os.read(ready, 1) == b"."

        child.end(grace_seconds=0.1)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(ready)
        os.close(said)

    with pytest.raises(ChildProcessError):
        child.poll()


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_time_to_settle_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("STAGE_SETTLE_SECONDS", text)

    with pytest.raises(SettingsError, match="expected seconds, for example 1"):
        read_settle_seconds()


def test_a_time_to_settle_that_is_not_set_is_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE_SETTLE_SECONDS", "")

    assert read_settle_seconds() == 1
