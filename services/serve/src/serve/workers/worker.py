"""The application of one worker, wired together from its settings and the environment."""

import os
from functools import partial
from pathlib import Path

from serve.api.application import create_api
from serve.api.metrics import expose
from serve.fast_path.front import Front
from serve.model.admission import Bounds
from serve.model.model_watcher import Follower
from serve.model.models import load_admitted
from serve.runtime.memory import keep_no_large_blocks
from serve.settings import Settings
from serve.workers.worker_state import Seat


class Worker:
    """What answers, what it follows, and where it reports."""

    def __init__(self, seat: Seat, settings: Settings, *, name: str, volume: Path) -> None:
        """Wire a worker.

        Raises:
            SettingsError: the file of API keys can't be used.
        """
        self.seat = seat
        self._settings = settings.model_dump(mode="json")
        load = partial(
            load_admitted,
            name=name,
            max_rows=settings.max_rows,
            bounds=Bounds.of(settings),
            with_report=settings.docs,
        )
        self.follower = Follower(seat.board, volume, load, poll_seconds=settings.poll_seconds)
        api = create_api(self.follower, settings, name=name, metrics=self.metrics)
        self.front = Front(api, self.follower, settings=settings, tallies=seat.tallies)
        self._connections = 0

    def metrics(self) -> bytes:
        """Return what GET /metrics answers: of this worker as of now, of others the latest."""
        self.look_around(connections=self._connections)
        return expose(self.seat.all(), settings=self._settings)

    def look_around(self, *, connections: int) -> None:
        """Do what is due once a second."""
        self._connections = connections
        if self.front.keys is not None:
            self.front.keys.follow()
            self.seat.tallies.key_digests = self.front.keys.digests
        if self.front.balance is not None:
            self.front.balance.correct(connections)
        self.seat.report(self.follower, self.front.load, connections=connections)


def create_worker(seat: Seat, settings: Settings, *, name: str) -> Worker:
    """Return the worker of a seat; `name` is the pipeline's.

    Raises:
        SettingsError: the file of API keys can't be used.
    """
    keep_no_large_blocks()
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    return Worker(seat, settings, name=name, volume=volume)
