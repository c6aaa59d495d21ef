"""What GET /metrics answers: Prometheus' text format 0.0.4.

Its own few lines instead of prometheus_client. Its mode for several processes counts an answer in
5.6 µs instead of 0.6, a twelfth of a prediction, and needs a writable folder. A custom collector
would save a dozen lines, write every number as a float, and take 1 MB, 70 ms of the start and half
as much time again for each scrape. The command is in bench/serve/alternatives/metrics.py;
`promtool check metrics` is part of the tests.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from serve.runtime.counters import BOUNDS, Counters, Latencies, total

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

type Labels = Mapping[str, object]
type Sample = tuple[Labels, float]

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_P = "stagecoach_"


def expose(workers: Sequence[Counters], *, settings: Mapping[str, Any]) -> bytes:
    """Return the summed metrics of all workers, and those of each worker that can't be summed."""
    whole = total([*workers])
    lines: list[str] = []
    lines += _of_requests(whole)
    lines += _of_values(whole)
    lines += _of_workers(workers)
    lines += _of_settings(settings)
    return "".join(f"{line}\n" for line in lines).encode()


def _of_requests(whole: Counters) -> Iterable[str]:
    answers = [
        ({"route": route, "status": status}, latencies)
        for route, by_status in sorted(whole.answers.items())
        for status, latencies in sorted(by_status.items())
    ]
    counts = [(labels, sum(latencies.buckets)) for labels, latencies in answers]
    yield from _family("requests_total", "Answered requests.", "counter", counts)
    name = f"{_P}request_duration_seconds"
    yield from _head(name, "From a request's last header field to its answer.", "histogram")
    for labels, latencies in answers:
        yield from _histogram(name, labels, latencies)
    refused = [({"limit": limit}, count) for limit, count in sorted(whole.refused.items())]
    yield from _family("refused_requests_total", "Refused by a limit.", "counter", refused)
    page = [
        ({"route": route, "status": status}, count)
        for route, by_status in sorted(whole.page_answers.items())
        for status, count in sorted(by_status.items())
    ]
    what = "Requests of the page, which no other metric counts."
    yield from _family("page_requests_total", what, "counter", page)


def _of_values(whole: Counters) -> Iterable[str]:
    yield from _family("rows_total", "Rows that were answered.", "counter", [({}, whole.rows)])
    what = "Rows that were answered to the page."
    yield from _family("page_rows_total", what, "counter", [({}, whole.page_rows)])
    what = "Rows that could not be recorded for monitoring."
    samples: list[Sample] = [({}, whole.traffic_dropped_rows)]
    yield from _family("traffic_dropped_rows_total", what, "counter", samples)
    for kind, what in (
        ("out_of_range", "Values beyond those of training."),
        ("unknown_category", "Texts that training had not seen, where all that it saw are listed."),
    ):
        columns = sorted(whole.outside_training.get(kind, {}).items())
        samples = [({"column": column}, count) for column, count in columns]
        yield from _family(f"{kind}_values_total", what, "counter", samples)


def _of_settings(settings: Mapping[str, Any]) -> Iterable[str]:
    samples = [({"setting": key, "value": json.dumps(value)}, 1) for key, value in settings.items()]
    yield from _family("setting_info", "The settings since the start, as JSON.", "gauge", samples)


def _of_workers(workers: Sequence[Counters]) -> Iterable[str]:
    live = [({"worker": number}, each) for number, each in enumerate(workers)]
    models = [({**labels, "id": each.model}, 1) for labels, each in live if each.model]
    yield from _family("model_info", "The live model.", "gauge", models)
    for name, what, kind in (
        ("model_age_seconds", "Since the live model went live.", "gauge"),
        ("model_refused", "1 while LATEST names a model that is not served.", "gauge"),
        ("swaps_total", "Models that went live.", "counter"),
        ("requests", "Requests under way.", "gauge"),
        ("connections", "Open connections.", "gauge"),
    ):
        samples = [(labels, getattr(each, name.removesuffix("_total"))) for labels, each in live]
        yield from _family(name, what, kind, samples)
    refused = [
        ({**labels, "cause": cause}, count)
        for labels, each in live
        for cause, count in sorted(each.refused_models.items())
    ]
    yield from _family("refused_models_total", "Models not admitted.", "counter", refused)
    memory = [(labels, each.resident_bytes) for labels, each in live]
    yield from _family("process_resident_memory_bytes", "Memory.", "gauge", memory, prefix="")
    cpu = [(labels, each.cpu_seconds) for labels, each in live]
    yield from _family("process_cpu_seconds_total", "CPU time.", "counter", cpu, prefix="")


def _family(
    name: str, what: str, kind: str, samples: Iterable[Sample], *, prefix: str = _P
) -> Iterable[str]:
    yield from _head(prefix + name, what, kind)
    for labels, value in samples:
        yield _sample(prefix + name, labels, value)


def _head(name: str, what: str, kind: str) -> Iterable[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"


def _histogram(name: str, labels: Labels, latencies: Latencies) -> Iterable[str]:
    counts = [*accumulate(latencies.buckets)]
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], counts, strict=True):
        yield _sample(f"{name}_bucket", {**labels, "le": bound}, count)
    yield _sample(f"{name}_sum", labels, latencies.seconds)
    yield _sample(f"{name}_count", labels, counts[-1])


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{str(text).translate(_ESCAPES)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {+value}" if inside else f"{name} {+value}"
