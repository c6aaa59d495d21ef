"""Heartbeat: logs the current activity after some seconds of silence."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stage_contract.log import LOGGER

EVERY_SECONDS = 10.0
"""Longer than the interval of Progress, which is more exact."""


@dataclass(frozen=True)
class Activity:
    """Work without countable steps, such as one call of a library."""

    what: str
    started: float
    expected_seconds: float | None = None

    def line(self, now: float) -> str:
        """Return the activity, its duration, and the time left if known."""
        spent = now - self.started
        told = f"{self.what}: {spent:.0f} s so far"
        if self.expected_seconds is None:
            return told
        left = self.expected_seconds - spent
        if left <= 0:
            return f"{told}, longer than the {self.expected_seconds:.0f} s expected"
        return f"{told}, about {left:.0f} s left"

    def facts(self, now: float) -> dict[str, object]:
        """Return the same as data."""
        spent = now - self.started
        left = None if self.expected_seconds is None else max(0.0, self.expected_seconds - spent)
        return {"activity": self.what, "seconds": round(spent, 1), "seconds_left": left}


_activities: list[Activity] = []


@contextmanager
def working_on(what: str, *, expected_seconds: float | None = None) -> Iterator[None]:
    """Name the work inside for the heartbeat."""
    _activities.append(Activity(what, time.monotonic(), expected_seconds))
    try:
        yield
    finally:
        _activities.pop()


class Heartbeat(logging.Handler):
    """Logs the innermost activity when the log was silent for `every_seconds`."""

    def __init__(self, every_seconds: float = EVERY_SECONDS) -> None:
        super().__init__()
        self._every = every_seconds
        self._began = self._heard = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # the content does not matter
        """Note the time of a log line."""
        self._heard = time.monotonic()

    def seconds_to_next(self) -> float:
        """Return how long the log may stay silent from now."""
        return self._heard + self._every - time.monotonic()

    def beat(self) -> None:
        """Log the activity if the log was silent for too long."""
        if self.seconds_to_next() > 0:
            return
        now = self._heard = time.monotonic()
        activity = _activities[-1] if _activities else Activity("working", self._began)
        LOGGER.info("%s", activity.line(now), extra=activity.facts(now))


@contextmanager
def heartbeat(*, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Log a heartbeat for the work inside whenever it is silent."""
    beats, ended = Heartbeat(every_seconds), threading.Event()

    def run() -> None:
        while not ended.wait(max(0.0, beats.seconds_to_next())):
            beats.beat()

    LOGGER.addHandler(beats)
    thread = threading.Thread(target=run, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        LOGGER.removeHandler(beats)
