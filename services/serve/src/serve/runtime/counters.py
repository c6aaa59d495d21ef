"""Counters of one worker: plain numbers, formatted only when somebody asks for /metrics."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import msgspec

BOUNDS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the buckets in which answers are counted by their seconds."""


class Latencies(msgspec.Struct):
    """How long the answers of one route and status took."""

    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one answer."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Counters(msgspec.Struct):
    """Everything that one worker has counted since it was first started."""

    answers: dict[str, dict[int, Latencies]] = msgspec.field(default_factory=dict)
    """By route and status."""
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    """Requests by the limit that refused them."""
    rows: int = 0
    outside_training: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Values by kind and column."""
    swaps: int = 0
    refused_models: dict[str, int] = msgspec.field(default_factory=dict)
    """By cause."""

    requests: int = 0
    """Under way now."""
    connections: int = 0
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    model: str | None = None
    model_age_seconds: float = 0.0
    model_refused: bool = False
    """Whether LATEST names a model that is not served."""
    key_digests: Sequence[bytes] = ()
    """Of the API keys that are valid, for who takes its place while their file is wrong."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        by_status = self.answers.setdefault(route, {})
        latencies = by_status.get(status)
        if latencies is None:
            latencies = by_status[status] = Latencies()
        latencies.add(seconds)

    def refuse(self, limit: str) -> None:
        """Count one refused request."""
        self.refused[limit] = self.refused.get(limit, 0) + 1


def total(workers: list[Counters]) -> Counters:
    """Return what all workers have counted together; what stands for one of them is left out."""
    whole = Counters()
    refused: Counter[str] = Counter()
    for worker in workers:
        for route, by_status in worker.answers.items():
            for status, latencies in by_status.items():
                added = whole.answers.setdefault(route, {}).setdefault(status, Latencies())
                added.buckets = [*map(sum, zip(added.buckets, latencies.buckets, strict=True))]
                added.seconds += latencies.seconds
        refused.update(worker.refused)
        whole.rows += worker.rows
        for kind, columns in worker.outside_training.items():
            known = Counter(whole.outside_training.get(kind, {}))
            whole.outside_training[kind] = dict(known + Counter(columns))
    whole.refused = dict(refused)
    return whole
