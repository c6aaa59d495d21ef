"""The state of a worker in shared memory: its own counters, and those of all workers."""

import os
from pathlib import Path
from time import monotonic, process_time

import msgspec
from stage_contract import LOGGER

from serve.api.predictions.routes import PREDICTION_ROUTES
from serve.model.model_watcher import ModelWatcher
from serve.model.models import Model
from serve.runtime.admission_control import AdmissionControl
from serve.runtime.counters import Counters
from serve.runtime.memory import resident_bytes
from serve.runtime.shared_state import SharedState
from serve.traffic.minutes import MAX_SWAPS, Recorder, Totals, totals_of
from serve.traffic.windows import WindowRecorder, WindowTotals

_ANSWERED = "2xx"
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
        self._model_rows = self._page_rows = 0
        self._clock = shared_state.clock
        self.counters.since = self.counters.since or self._clock.now()
        self._traffic = Recorder(self.counters.minutes, self._totals(), now=self._clock.now)
        self._windows: WindowRecorder | None = None
        if folder := os.environ.get("STAGE_TRAFFIC"):
            self._windows = WindowRecorder(
                Path(folder), worker=number, now=self._clock.now, on_loss=self._count_loss
            )

    @property
    def is_monitored(self) -> bool:
        """Whether rows are counted for monitoring."""
        return self._windows is not None

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
        """Add what was counted since the last call; from now on this model is the live one."""
        if self._model is not None:
            self._add_counts(self._model)
        totals = self._totals()
        self._traffic.update(totals)
        if self._windows is not None and (self._windows.is_due() or model is not self._model):
            self._windows.end(self._window_totals(totals))
        if model is not None and model is not self._model:
            self._model, self._model_since = model, monotonic()
            self._model_counts, self._model_rows, self._page_rows = {}, 0, 0
            self._traffic.begin(totals._replace(rows=None), model=model.id)
            if self._windows is not None:
                self._windows.begin(model=model.id, requests=totals.answers[_ANSWERED])
            self._note_swap(model.id)
            self.observe(model)
        self.counters.minutes = self._traffic.minutes()

    def close(self) -> None:
        """Write what was counted and not yet recorded for monitoring."""
        if self._windows is not None:
            self._windows.end(self._window_totals(self._totals()))
            self._windows.close()

    def _window_totals(self, totals: Totals) -> WindowTotals:
        requests = totals.answers[_ANSWERED]
        if self._model is None:
            return WindowTotals(requests)
        counts = self._model.row_counts
        outside, by_bin = counts.outside_training(), counts.monitored()
        return WindowTotals(
            requests=requests,
            rows=counts.rows,
            out_of_range=outside["out_of_range"],
            unknown=outside["unknown_category"],
            columns=by_bin.columns() if by_bin else {},
            predictions=by_bin.predictions() if by_bin else None,
        )

    def _count_loss(self, rows: int) -> None:
        self.counters.traffic_dropped_rows += rows

    def _note_swap(self, model: str) -> None:
        """Record when a model went live; a worker that was replaced has its model already."""
        lives = self.counters.lives
        if not (lives and lives[-1][1] == model):
            self.counters.lives = [*lives[1 - MAX_SWAPS :], (self._clock.now(), model)]

    def _totals(self) -> Totals:
        return totals_of(
            self.counters,
            self._model.row_counts.totals() if self._model else None,
            predictions=PREDICTION_ROUTES,
        )

    def _add_counts(self, model: Model) -> None:
        counts = model.row_counts.outside_training()
        for kind, columns in counts.items():
            known = self.counters.outside_training.setdefault(kind, {})
            earlier = self._model_counts.get(kind, {})
            for column, count in columns.items():
                known[column] = known.get(column, 0) + count - earlier.get(column, 0)
        self._model_counts = counts
        rows, page_rows = model.row_counts.rows, model.row_counts.page_rows
        self.counters.rows += rows - self._model_rows
        self.counters.page_rows += page_rows - self._page_rows
        self._model_rows, self._page_rows = rows, page_rows

    def versions(self) -> tuple[int, ...]:
        """Return a number for each worker's latest report; equal numbers mean equal reports."""
        return tuple(map(self.shared_state.digest, range(self.shared_state.workers)))

    def all(self) -> list[Counters]:
        """Return the latest report of each worker."""
        notes = [self.shared_state.read(number) for number in range(self.shared_state.workers)]
        return [_decode(note) if note else Counters() for note in notes]
