"""A worker's seat at the board: what it reports of itself, and what all of them report."""

from time import monotonic, process_time

import msgspec
from stage_contract import LOGGER

from serve.model.model_watcher import Follower
from serve.model.models import Model
from serve.runtime.admission_control import Load
from serve.runtime.counters import Tallies
from serve.runtime.memory import resident_bytes
from serve.runtime.shared_state import Board

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Tallies).decode


class Seat:
    """One worker's place; one that takes a dead worker's place counts on from there."""

    def __init__(self, board: Board, number: int) -> None:
        self.board = board
        self.number = number
        note = board.read(number)
        self.tallies = _decode(note) if note else Tallies()
        self._before = _decode(note) if note else Tallies()
        self._model: Model | None = None
        self._model_since = monotonic()
        self._model_counts: dict[str, dict[str, int]] = {}
        self._model_rows = 0

    def report(self, follower: Follower, load: Load, *, connections: int) -> None:
        """Write how this worker does for all to read."""
        tallies, before = self.tallies, self._before
        self.look_at(follower.model)
        tallies.requests = load.requests
        tallies.connections = connections
        tallies.cpu_seconds = before.cpu_seconds + process_time()
        tallies.resident_bytes = resident_bytes()
        tallies.model = follower.model.id if follower.model else None
        tallies.model_age_seconds = monotonic() - self._model_since if follower.model else 0.0
        tallies.model_refused = follower.refused is not None
        tallies.swaps = before.swaps + follower.swaps
        tallies.refused_models = dict(follower.refusals)
        try:
            self.board.write(self.number, _encode(tallies))
        except ValueError:
            LOGGER.exception("the counts of worker %d can't be reported", self.number)

    def look_at(self, model: Model | None) -> None:
        """Add what a model has counted since the last look, and notice another one."""
        if self._model is not None:
            self._add_counts(self._model)
        if model is not self._model:
            self._model, self._model_since = model, monotonic()
            self._model_counts, self._model_rows = {}, 0
            self.look_at(model)

    def _add_counts(self, model: Model) -> None:
        counts = model.outside_training.totals()
        for kind, columns in counts.items():
            known = self.tallies.outside_training.setdefault(kind, {})
            earlier = self._model_counts.get(kind, {})
            for column, count in columns.items():
                known[column] = known.get(column, 0) + count - earlier.get(column, 0)
        self._model_counts = counts
        self.tallies.rows += model.outside_training.rows - self._model_rows
        self._model_rows = model.outside_training.rows

    def all(self) -> list[Tallies]:
        """Return what each worker has reported last."""
        notes = [self.board.read(number) for number in range(self.board.seats)]
        return [_decode(note) if note else Tallies() for note in notes]
