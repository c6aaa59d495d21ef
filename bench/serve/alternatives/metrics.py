"""Metrics: what prometheus_client would cost in place of our counters and our text writer.

    scripts/envs.sh uv
    UV_SYSTEM_CERTS=1 PYTHONPATH=contract/src:services/serve/src .envs/uv/bin/uv run --no-project \
        --python 3.13 --with-requirements services/serve/requirements.lock \
        --with prometheus-client==0.26.0 python -m bench.serve.alternatives.metrics

It prints Markdown.
"""

# mypy: disable-error-code="import-not-found"

import os
import tempfile
import timeit
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import Any

import serve.workers.server  # noqa: F401  # what a worker has loaded anyway
from serve.api.metrics import expose
from serve.runtime.counters import BOUNDS, Counters, total
from serve.settings import Settings

_P = "stagecoach"
_ROUTES = ("/predict", "/invocations", "/v2/models/{name}/infer", "/live", "/ready", "/metrics")
_STATUSES = (200, 422, 503)
_SECONDS = (0.0001, 0.0007, 0.02)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        before, began = _resident_megabytes(), perf_counter()
        client = import_module("prometheus_client")
        milliseconds, megabytes = (perf_counter() - began) * 1000, _resident_megabytes() - before
        rows = [
            ("import in a loaded worker", "", f"{megabytes:.1f} MB, {milliseconds:.0f} ms"),
            ("count an answer", *_times(*_counting(client))),
            ("write GET /metrics", *_times(*_writing(client))),
        ]
    print("| what | ours | prometheus_client |\n| --- | --- | --- |")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


def _counting(client: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return one answer's count in memory, and in the files that several processes need."""
    ours = Counters()
    theirs = client.Histogram(
        f"{_P}_request_duration_seconds", "Seconds.", ["route", "status"], buckets=BOUNDS
    )
    for route in _ROUTES:
        for status in _STATUSES:
            theirs.labels(route, status).observe(0.001)
    return (
        lambda: ours.answered("/predict", 200, 0.001),
        lambda: theirs.labels("/predict", 200).observe(0.001),
    )


def _writing(client: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return the answer of GET /metrics, and the part of it that is about requests."""
    workers = [_used(), _used()]
    settings = Settings().model_dump(mode="json")
    registry = client.CollectorRegistry()
    registry.register(_Collector(workers))
    return lambda: expose(workers, settings=settings), lambda: client.generate_latest(registry)


class _Collector:
    """A custom collector that reads our counters, for the families of requests."""

    def __init__(self, workers: Sequence[Counters]) -> None:
        self._workers = workers
        self._core = import_module("prometheus_client.core")

    def collect(self) -> Iterable[Any]:
        """Yield the families."""
        labels = ["route", "status"]
        counter = self._core.CounterMetricFamily(f"{_P}_requests", "Answers.", labels=labels)
        histogram = self._core.HistogramMetricFamily(f"{_P}_seconds", "Seconds.", labels=labels)
        for route, by_status in sorted(total([*self._workers]).answers.items()):
            for status, latencies in sorted(by_status.items()):
                bounds = [*map(str, BOUNDS), "+Inf"]
                buckets = [*zip(bounds, accumulate(latencies.buckets), strict=True)]
                counter.add_metric([route, str(status)], sum(latencies.buckets))
                histogram.add_metric([route, str(status)], buckets, latencies.seconds)
        yield counter
        yield histogram


def _used() -> Counters:
    """Return the counters of a worker that has answered on every route."""
    counters = Counters()
    for route in _ROUTES:
        for status in _STATUSES:
            for seconds in _SECONDS:
                counters.answered(route, status, seconds)
    return counters


def _times(*functions: Callable[[], object]) -> list[str]:
    return [f"{_microseconds(each):,.1f} µs" for each in functions]


def _microseconds(function: Callable[[], object]) -> float:
    timer = timeit.Timer(function)
    number, _seconds = timer.autorange()
    return min(timer.repeat(5, number)) / number * 1e6


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
