"""Counters of one worker: plain numbers, formatted only on a request to /metrics."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import msgspec

BOUNDS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the latency buckets, in seconds."""


class Latencies(msgspec.Struct):
    """Latencies of the responses of one route and status."""

    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one response."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Counters(msgspec.Struct):
    """All counts of one worker since it was first started."""

    answers: dict[str, dict[int, Latencies]] = msgspec.field(default_factory=dict)
    """Latencies by route and status."""
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    """Refused requests by limit."""
    failed: dict[int, int] = msgspec.field(default_factory=dict)
    """Failed predictions by status, without those that a limit refused."""
    rows: int = 0
    page_answers: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    """Responses to the page's own requests, by route and status; no other number has them."""
    page_rows: int = 0
    outside_training: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Values outside the training data, by kind and column."""
    traffic_dropped_rows: int = 0
    """Rows that could not be recorded for monitoring."""
    swaps: int = 0
    refused_models: dict[str, int] = msgspec.field(default_factory=dict)
    """Refused models by cause."""

    since: float = 0.0
    """Start of the first process, by the steady clock; 0.0 before."""
    minutes: list[bytes] = msgspec.field(default_factory=list)
    """Traffic of the last hour, for `serve.traffic.minutes.read_minutes`."""
    lives: list[tuple[float, str]] = msgspec.field(default_factory=list)
    """Models with the time they went live, by the steady clock, oldest first."""

    requests: int = 0
    """Number of requests in progress."""
    connections: int = 0
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    model: str | None = None
    model_age_seconds: float = 0.0
    model_refused: bool = False
    """Whether LATEST names a model that is not served."""
    key_digests: Sequence[bytes] = ()
    """Digests of the valid API keys, for a replacement worker while the key file is invalid."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one response."""
        by_status = self.answers.setdefault(route, {})
        latencies = by_status.get(status)
        if latencies is None:
            latencies = by_status[status] = Latencies()
        latencies.add(seconds)

    def answered_page(self, route: str, status: int) -> None:
        """Count one response to the page."""
        by_status = self.page_answers.setdefault(route, {})
        by_status[status] = by_status.get(status, 0) + 1

    def refuse(self, limit: str) -> None:
        """Count one refused request."""
        self.refused[limit] = self.refused.get(limit, 0) + 1

    def fail(self, status: int) -> None:
        """Count one failed prediction."""
        self.failed[status] = self.failed.get(status, 0) + 1


def total(workers: list[Counters]) -> Counters:
    """Return the sum of all workers, without values that belong to a single worker."""
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
        whole.page_rows += worker.page_rows
        whole.traffic_dropped_rows += worker.traffic_dropped_rows
        for route, counts in worker.page_answers.items():
            page = whole.page_answers.setdefault(route, {})
            page |= {status: page.get(status, 0) + count for status, count in counts.items()}
        for kind, columns in worker.outside_training.items():
            known = Counter(whole.outside_training.get(kind, {}))
            whole.outside_training[kind] = dict(known + Counter(columns))
    whole.refused = dict(refused)
    return whole
