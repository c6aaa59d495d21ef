"""When a resident stage runs: on a clock of the tests' own."""

import os
from dataclasses import dataclass, field

import pytest
from stage_contract.watching.scheduler import Scheduler
from stage_contract.watching.snapshots import Snapshot

SETTLE = 1.0


@dataclass
class Stage:
    """A resident stage whose input, clock and runs are the test's."""

    now: float = 100.0
    files: str = "a"
    pointer: str | None = None
    is_missing: bool = False
    content: str | None = "A"
    """None: it changed while it was read."""
    read: int = 0
    scheduler: Scheduler = field(default_factory=lambda: Scheduler(SETTLE))

    def asks(self, *, after: float = 0.0) -> bool:
        """Return whether a run is due some seconds later."""
        self.now += after
        snapshot = Snapshot((self.files,), self.pointer, is_missing=self.is_missing)
        return self.scheduler.is_due(snapshot, now=self.now, digest=self._digest)

    def runs(self, exit_code: int = 0) -> float | None:
        """Run at once: what is there has stood still."""
        self.asks()
        assert self.asks(after=SETTLE)
        return self.scheduler.ended(exit_code, now=self.now)

    def runs_again(self, exit_code: int = 0) -> float | None:
        """Run at once a stage that is to ask again every 60 seconds."""
        self.asks()
        assert self.asks(after=SETTLE)
        return self.scheduler.ended(exit_code, now=self.now, refresh_seconds=60)

    def _digest(self) -> str | None:
        self.read += 1
        return self.content


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_first_run_is_due_once_what_is_there_stands_still(stage: Stage) -> None:
    assert not stage.asks()
    assert not stage.asks(after=0.9)
    assert stage.asks(after=0.1)


def test_nothing_is_due_and_nothing_is_read_while_nothing_changes(stage: Stage) -> None:
    stage.runs()

    assert [stage.asks(after=100) for _ in range(5)] == [False] * 5
    assert stage.read == 1


def test_a_file_that_is_still_growing_is_not_read(stage: Stage) -> None:
    stage.runs()

    for size in range(20):
        stage.files = f"{size} bytes"
        assert not stage.asks(after=0.9)

    assert stage.read == 1
    stage.content = "B"
    assert stage.asks(after=SETTLE)


def test_a_file_that_changes_while_it_is_read_is_read_again(stage: Stage) -> None:
    stage.runs()
    stage.files, stage.content = "b", None
    stage.asks()

    assert not stage.asks(after=SETTLE)
    stage.files, stage.content = "c", "C"
    assert not stage.asks()
    assert stage.asks(after=SETTLE)


def test_a_touched_file_of_equal_bytes_is_read_once_and_runs_nothing(stage: Stage) -> None:
    stage.runs()
    stage.files = "touched"
    stage.asks()

    assert [stage.asks(after=SETTLE) for _ in range(3)] == [False] * 3
    assert stage.read == 2


def test_a_pointer_is_followed_at_once_since_it_is_never_half_written(stage: Stage) -> None:
    stage.runs()
    stage.pointer, stage.content = "b" * 16, "B"

    assert stage.asks()


def test_an_artifact_of_equal_content_runs_nothing(stage: Stage) -> None:
    stage.runs()
    stage.pointer = "b" * 16

    assert not stage.asks()


def test_a_missing_input_is_waited_for(stage: Stage) -> None:
    stage.is_missing = True

    assert [stage.asks(after=SETTLE) for _ in range(3)] == [False] * 3
    assert stage.read == 0
    stage.is_missing, stage.pointer = False, "b" * 16
    assert stage.asks()


def test_what_changed_during_a_run_is_due_after_it(stage: Stage) -> None:
    stage.runs()
    stage.files, stage.content = "b", "B"
    stage.asks()
    assert stage.asks(after=SETTLE)
    stage.files, stage.content = "c", "C"
    stage.scheduler.ended(0, now=stage.now)

    assert not stage.asks()
    assert stage.asks(after=SETTLE)


@pytest.mark.parametrize("exit_code", [os.EX_DATAERR, os.EX_SOFTWARE, os.EX_CONFIG, 1, -9])
def test_a_failed_run_is_not_tried_again_before_something_changes(
    stage: Stage, exit_code: int
) -> None:
    assert stage.runs(exit_code) is None

    assert [stage.asks(after=1000) for _ in range(5)] == [False] * 5
    stage.files, stage.content = "b", "B"
    stage.asks()
    assert stage.asks(after=SETTLE)


def test_after_a_failed_run_a_mere_touch_is_a_change(stage: Stage) -> None:
    stage.runs(os.EX_DATAERR)
    stage.files = "touched"
    stage.asks()

    assert stage.asks(after=SETTLE)


@pytest.mark.parametrize("exit_code", [os.EX_UNAVAILABLE, os.EX_CANTCREAT])
def test_an_unreachable_source_and_a_full_disk_are_tried_again_ever_later(
    stage: Stage, exit_code: int
) -> None:
    pauses = [stage.runs(exit_code)]
    for _ in range(8):
        assert not stage.asks(after=pauses[-1] - 0.1)
        assert stage.asks(after=0.1)
        pauses.append(stage.scheduler.ended(exit_code, now=stage.now))

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_change_does_not_wait_for_the_next_attempt(stage: Stage) -> None:
    stage.runs(os.EX_UNAVAILABLE)
    stage.files, stage.content = "b", "B"
    stage.asks()

    assert stage.asks(after=SETTLE)


def test_a_success_ends_the_attempts_and_the_next_ones_start_soon_again(stage: Stage) -> None:
    pause = stage.runs(os.EX_UNAVAILABLE)
    assert stage.asks(after=pause)
    stage.scheduler.ended(0, now=stage.now)

    assert not stage.asks(after=1000)
    stage.files, stage.content = "b", "B"
    assert stage.runs(os.EX_UNAVAILABLE) == pause


def test_another_failure_ends_the_attempts(stage: Stage) -> None:
    pause = stage.runs(os.EX_UNAVAILABLE)
    assert stage.asks(after=pause)
    stage.scheduler.ended(os.EX_DATAERR, now=stage.now)

    assert not stage.asks(after=1000)


@pytest.mark.parametrize("exit_code", [0, os.EX_DATAERR, os.EX_CONFIG, 1])
def test_what_may_change_unseen_is_asked_again_however_the_last_run_ended(
    stage: Stage, exit_code: int
) -> None:
    assert stage.runs_again(exit_code) is None

    for _ in range(3):
        assert not stage.asks(after=59)
        assert stage.asks(after=1)
        stage.scheduler.ended(exit_code, now=stage.now, refresh_seconds=60)
    assert stage.read == 1


def test_what_may_change_unseen_is_not_asked_again_once_the_settings_say_so(stage: Stage) -> None:
    stage.runs_again()
    stage.files, stage.content = "b", "B"
    stage.runs()

    assert not stage.asks(after=1000)


def test_a_server_that_is_not_reached_is_asked_ever_later_and_then_as_often_as_before(
    stage: Stage,
) -> None:
    pauses = [stage.runs_again(os.EX_UNAVAILABLE)]
    for _ in range(3):
        assert not stage.asks(after=pauses[-1] - 0.1)
        assert stage.asks(after=0.1)
        pauses.append(stage.scheduler.ended(os.EX_UNAVAILABLE, now=stage.now, refresh_seconds=60))
    assert pauses == [5, 10, 20, 40]

    assert stage.asks(after=40)
    stage.scheduler.ended(0, now=stage.now, refresh_seconds=60)
    assert not stage.asks(after=59)
    assert stage.asks(after=1)
