"""The state of a worker in shared memory: its own counters, and those of all workers."""

from time import monotonic, process_time

import msgspec
from stage_contract import LOGGER

from serve.model.model_watcher import ModelWatcher
from serve.model.models import Model
from serve.runtime.admission_control import AdmissionControl
from serve.runtime.counters import Counters
from serve.runtime.memory import resident_bytes
from serve.runtime.shared_state import SharedState

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Counters).decode


class WorkerState:
    """The state of one worker; a worker that replaces a dead one continues its counters."""

    def __init__(self, shared_state: SharedState, number: int) -> None:
        self.shared_state = shared_state
        self.number = number
        note = shared_state.read(number)
        self.counters = _decode(note) if note else Counters()
        self._before = _decode(note) if note else Counters()
        self._model: Model | None = None
        self._model_since = monotonic()
        self._model_counts: dict[str, dict[str, int]] = {}
        self._model_rows = 0

    def report(
        self, watcher: ModelWatcher, admission: AdmissionControl, *, connections: int
    ) -> None:
        """Publish the counters of this worker to all processes."""
        counters, before = self.counters, self._before
        self.observe(watcher.model)
        counters.requests = admission.requests
        counters.connections = connections
        counters.cpu_seconds = before.cpu_seconds + process_time()
        counters.resident_bytes = resident_bytes()
        counters.model = watcher.model.id if watcher.model else None
        counters.model_age_seconds = monotonic() - self._model_since if watcher.model else 0.0
        counters.model_refused = watcher.refused is not None
        counters.swaps = before.swaps + watcher.swaps
        counters.refused_models = dict(watcher.refusals)
        try:
            self.shared_state.write(self.number, _encode(counters))
        except ValueError:
            LOGGER.exception("the counts of worker %d can't be reported", self.number)

    def observe(self, model: Model | None) -> None:
        """Add the counts of the model since the last call; detects a model change."""
        if self._model is not None:
            self._add_counts(self._model)
        if model is not self._model:
            self._model, self._model_since = model, monotonic()
            self._model_counts, self._model_rows = {}, 0
            self.observe(model)

    def _add_counts(self, model: Model) -> None:
        counts = model.outside_training.totals()
        for kind, columns in counts.items():
            known = self.counters.outside_training.setdefault(kind, {})
            earlier = self._model_counts.get(kind, {})
            for column, count in columns.items():
                known[column] = known.get(column, 0) + count - earlier.get(column, 0)
        self._model_counts = counts
        self.counters.rows += model.outside_training.rows - self._model_rows
        self._model_rows = model.outside_training.rows

    def all(self) -> list[Counters]:
        """Return the latest report of each worker."""
        notes = [self.shared_state.read(number) for number in range(self.shared_state.workers)]
        return [_decode(note) if note else Counters() for note in notes]
