"""The application of one worker, wired together from its settings and the environment."""

import os
from functools import partial
from pathlib import Path

from serve.api.application import create_api
from serve.api.metrics import expose
from serve.fast_path.front import Front
from serve.model.admission import Bounds
from serve.model.model_watcher import ModelWatcher
from serve.model.models import load_admitted
from serve.runtime.memory import keep_no_large_blocks
from serve.settings import Settings
from serve.workers.worker_state import WorkerState


class Worker:
    """What answers, what it follows, and where it reports."""

    def __init__(
        self, worker_state: WorkerState, settings: Settings, *, name: str, volume: Path
    ) -> None:
        """Wire a worker.

        Raises:
            SettingsError: the file of API keys can't be used.
        """
        self.worker_state = worker_state
        self._settings = settings.model_dump(mode="json")
        load = partial(
            load_admitted,
            name=name,
            max_rows=settings.max_rows,
            bounds=Bounds.of(settings),
            with_report=settings.docs,
        )
        self.watcher = ModelWatcher(
            worker_state.shared_state, volume, load, poll_seconds=settings.poll_seconds
        )
        api = create_api(self.watcher, settings, name=name, metrics=self.metrics)
        self.front = Front(api, self.watcher, settings=settings, counters=worker_state.counters)
        self._connections = 0

    def metrics(self) -> bytes:
        """Return what GET /metrics answers: of this worker as of now, of others the latest."""
        self.tick(connections=self._connections)
        return expose(self.worker_state.all(), settings=self._settings)

    def tick(self, *, connections: int) -> None:
        """Run the periodic work, once a second."""
        self._connections = connections
        if self.front.keys is not None:
            self.front.keys.follow()
            self.worker_state.counters.key_digests = self.front.keys.digests
        if self.front.balance is not None:
            self.front.balance.correct(connections)
        self.worker_state.report(self.watcher, self.front.admission, connections=connections)


def create_worker(worker_state: WorkerState, settings: Settings, *, name: str) -> Worker:
    """Return a worker; `name` is the pipeline's.

    Raises:
        SettingsError: the file of API keys can't be used.
    """
    keep_no_large_blocks()
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    return Worker(worker_state, settings, name=name, volume=volume)
