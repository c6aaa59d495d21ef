"""The heartbeat: long work without steps to count is named in the log, with an honest estimate."""

import logging
import threading
from collections.abc import Iterator

import pytest
from stage_contract import LOGGER, heartbeat, heartbeats, working_on
from stage_contract.heartbeats import Heartbeat


class Clock:
    """A clock that the test winds on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeats, "time", clock)
    return clock


@pytest.fixture
def beats(clock: Clock, caplog: pytest.LogCaptureFixture) -> Iterator[Heartbeat]:  # noqa: ARG001  # wound on
    """A heartbeat of ten seconds, which hears the log."""
    caplog.set_level(logging.INFO)
    handler = Heartbeat(10)
    LOGGER.addHandler(handler)
    yield handler
    LOGGER.removeHandler(handler)


def lines_of(beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is logged in 35 seconds, second by second."""
    for _ in range(35):
        clock.now += 1
        beats.beat()
    return [record.getMessage() for record in caplog.records]


def test_silent_work_is_named_at_the_interval(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with working_on("fitting"):
        lines = lines_of(beats, clock, caplog)

    assert lines == ["fitting: 10 s so far", "fitting: 20 s so far", "fitting: 30 s so far"]


def test_an_estimate_tells_the_time_left_and_that_it_was_too_short(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with working_on("fitting", expected_seconds=25):
        lines = lines_of(beats, clock, caplog)

    assert lines == [
        "fitting: 10 s so far, about 15 s left",
        "fitting: 20 s so far, about 5 s left",
        "fitting: 30 s so far, longer than the 25 s expected",
    ]


def test_the_innermost_work_is_named_and_afterwards_the_outer_again(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with working_on("evaluating"):
        with working_on("metrics"):
            clock.now += 10
            beats.beat()
        clock.now += 10
        beats.beat()

    said = [record.getMessage() for record in caplog.records]
    assert said == ["metrics: 10 s so far", "evaluating: 20 s so far"]


def test_work_that_logs_by_itself_needs_no_heartbeat(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with working_on("reading"):
        for _ in range(10):
            clock.now += 9
            beats.beat()
            LOGGER.info("a line")

    assert {record.getMessage() for record in caplog.records} == {"a line"}


def test_work_without_a_name_is_not_silent_either(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert lines_of(beats, clock, caplog)[0] == "working: 10 s so far"


def test_a_failure_ends_the_activity(
    beats: Heartbeat, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match="broken"), working_on("fitting"):
        raise ValueError("broken")

    assert lines_of(beats, clock, caplog)[0].startswith("working: ")


def test_the_heartbeat_of_a_process_beats_beside_its_work_and_ends_with_it() -> None:
    heard = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # any line will do
            heard.set()

    listener = Listener()
    LOGGER.addHandler(listener)
    level, LOGGER.level = LOGGER.level, logging.INFO
    try:
        with heartbeat(every_seconds=0.01), working_on("fitting"):
            assert heard.wait(30)
    finally:
        LOGGER.removeHandler(listener)
        LOGGER.level = level

    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}
