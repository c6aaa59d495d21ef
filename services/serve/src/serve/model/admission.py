"""What a model must show before it goes live, besides its examples: that it is small and fast."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from stage_contract import Artifact

from serve.codecs.rows import Feed
from serve.model.examples import run_examples
from serve.model.graph.session import Graph
from serve.model.refusals import RefusedError
from serve.model.report_page import MOST_PAGE_BYTES, PAGE
from serve.model.signature_changes import Changes
from serve.runtime.memory import anonymous_bytes, give_back

if TYPE_CHECKING:
    from serve.settings import Settings

_ROWS_TIMED: Final = 5
_TRIES: Final = 3
_HOPELESS: Final = 10
"""Times what is allowed: that a model takes, and no request that is answered meanwhile."""
_MB: Final = 1_000_000
_TIMES_OF_TREES: Final = 10
"""Times their part of the file is what trees take once they are loaded: 9 to 16 times, by measure
of forests and boosting with thresholds in float and double, and up to 17 times while they are."""


@dataclass(frozen=True)
class Bounds:
    """What a model may take, and whether it may ask otherwise than the one before it."""

    max_latency_ms: float = 50.0
    max_model_mb: float = 100.0
    seconds: float = 30.0
    """To be loaded, and to answer the examples."""
    signature: Literal["any", "compatible"] = "any"
    threads: int = 1

    @classmethod
    def of(cls, settings: "Settings") -> "Bounds":
        """Return what the settings say."""
        return cls(
            max_latency_ms=settings.max_latency_ms,
            max_model_mb=settings.max_model_mb,
            seconds=settings.max_admission_seconds,
            signature=settings.signature,
            threads=settings.threads(),
        )


def check_size(artifact: Artifact, bounds: Bounds) -> None:
    """Refuse a model.onnx or a page that is too large, before a byte of it is read."""
    sizes = {entry["path"]: entry["bytes"] for entry in artifact.manifest["files"]}
    _check_memory(sizes.get("model.onnx", 0) / _MB, bounds, what="has")
    if sizes.get(PAGE, 0) > MOST_PAGE_BYTES:
        raise RefusedError(
            "artifact",
            f"{PAGE}: has {sizes[PAGE]:,} bytes, expected at most {MOST_PAGE_BYTES:,};"
            " run train again",
        )


def check_trees(trees: int, bounds: Bounds) -> None:
    """Refuse too many bytes of trees before ONNX Runtime takes the memory for them."""
    _check_memory(trees * _TIMES_OF_TREES / _MB, bounds, what="has trees, which take")


class Footprint:
    """Measures what a model that is being loaded takes of this process's memory."""

    def __init__(self) -> None:
        # What is free already would be used first, and the model would seem to take less.
        give_back()
        self.before = anonymous_bytes()

    def kept(self) -> int:
        """Return how many bytes it takes by now."""
        return max(0, anonymous_bytes() - self.before)

    def check(self, bounds: Bounds) -> None:
        """Refuse a model that has taken too much since this object was made."""
        _check_memory(self.kept() / _MB, bounds, what="takes")


def check_latency(feed: Feed, graph: Graph, bounds: Bounds) -> None:
    """Refuse a model that takes too long for one row: all other requests would wait for it.

    A row counts by the fastest of a few tries, since this process answers requests meanwhile. The
    first row that is too slow ends it: a model that takes seconds keeps the next one waiting.
    """
    for place in range(min(_ROWS_TIMED, *map(len, feed.values()))):
        row = {group: values[place : place + 1] for group, values in feed.items()}
        fastest = _fastest_milliseconds(graph, row, bounds)
        if fastest > bounds.max_latency_ms:
            raise RefusedError(
                "latency",
                f"model.onnx: takes {fastest:.3g} ms for one row, expected at most"
                f" {bounds.max_latency_ms:g}; train a smaller model, or raise max_latency_ms in"
                " [serve]",
            )


def check_signature(changes: Changes | None, bounds: Bounds) -> None:
    """Refuse a signature that today's clients may fail on, if the settings say so."""
    if bounds.signature == "any" or changes is None or not changes.breaking:
        return
    raise RefusedError(
        "signature",
        f"model.json: not compatible with {changes.since}: {', '.join(changes.breaking)};"
        ' with signature = "any" in [serve] it goes live all the same',
    )


def _fastest_milliseconds(graph: Graph, row: Feed, bounds: Bounds) -> float:
    """Return what the fastest try takes; no other one is made where it would change nothing."""
    fastest = math.inf
    for _ in range(_TRIES):
        fastest = min(fastest, _milliseconds(graph, row))
        if not bounds.max_latency_ms < fastest < _HOPELESS * bounds.max_latency_ms:
            break
    return fastest


def _milliseconds(graph: Graph, row: Feed) -> float:
    started = time.perf_counter()
    run_examples(row, graph)
    return (time.perf_counter() - started) * 1000


def _check_memory(megabytes: float, bounds: Bounds, *, what: str) -> None:
    if megabytes <= bounds.max_model_mb:
        return
    raise RefusedError(
        "memory",
        f"model.onnx: {what} {megabytes:,.1f} MB, expected at most {bounds.max_model_mb:g}; train a"
        " smaller model, or raise max_model_mb in [serve] and SERVE_MEMORY",
    )
