"""The admission test, besides the examples: limits of size, memory and latency."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from stage_contract import Artifact

from serve.codecs.rows import Feed
from serve.model.artifact_files import MAX_PAGE_BYTES, PAGE
from serve.model.examples import run_examples
from serve.model.graph.session import Graph
from serve.model.refusals import RefusedError
from serve.model.signature_changes import Changes
from serve.runtime.memory import anonymous_bytes, give_back

if TYPE_CHECKING:
    from serve.settings import Settings

_ROWS_TIMED: Final = 5
_TRIES: Final = 3
_HOPELESS: Final = 10
"""A try that takes this many times the limit is not repeated: other requests do not explain it."""
_MB: Final = 1_000_000
_TIMES_OF_TREES: Final = 10
"""Memory of loaded trees relative to their bytes in the file: 9 to 16 by measurements on forests
and boosting, with thresholds in float and double; up to 17 while they are loading."""


@dataclass(frozen=True)
class Bounds:
    """The limits of a model, and whether its signature may change."""

    max_latency_ms: float = 50.0
    max_model_mb: float = 100.0
    seconds: float = 30.0
    """Time to load and to answer the examples, in seconds."""
    signature: Literal["any", "compatible"] = "any"
    threads: int = 1

    @classmethod
    def of(cls, settings: "Settings") -> "Bounds":
        """Return the limits in the settings."""
        return cls(
            max_latency_ms=settings.max_latency_ms,
            max_model_mb=settings.max_model_mb,
            seconds=settings.max_admission_seconds,
            signature=settings.signature,
            threads=settings.threads(),
        )


def check_size(artifact: Artifact, bounds: Bounds) -> None:
    """Refuse a model.onnx or a page that is too large, before reading it."""
    sizes = {entry["path"]: entry["bytes"] for entry in artifact.manifest["files"]}
    _check_memory(sizes.get("model.onnx", 0) / _MB, bounds, what="has")
    if sizes.get(PAGE, 0) > MAX_PAGE_BYTES:
        raise RefusedError(
            "artifact",
            f"{PAGE}: has {sizes[PAGE]:,} bytes, expected at most {MAX_PAGE_BYTES:,};"
            " run train again",
        )


def check_trees(trees: int, bounds: Bounds) -> None:
    """Refuse too many bytes of trees before ONNX Runtime allocates memory for them."""
    _check_memory(trees * _TIMES_OF_TREES / _MB, bounds, what="has trees, which take")


class Footprint:
    """Measures the memory that a model takes while it is loaded."""

    def __init__(self) -> None:
        # Free memory of the allocator would be used first, and hide a part of the model's size.
        give_back()
        self.before = anonymous_bytes()

    def kept(self) -> int:
        """Return the number of bytes taken so far."""
        return max(0, anonymous_bytes() - self.before)

    def check(self, bounds: Bounds) -> None:
        """Refuse a model that has taken too much memory since this object was created."""
        _check_memory(self.kept() / _MB, bounds, what="takes")


def check_latency(feed: Feed, graph: Graph, bounds: Bounds) -> None:
    """Refuse a model that is too slow for one row: all other requests would wait for it.

    The latency of a row is the fastest of a few tries, because this process also answers requests.
    The first row above the limit ends the test, so that a model that takes seconds does not delay
    the next one.
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
    """Refuse a signature that may break existing clients, if the settings say so."""
    if bounds.signature == "any" or changes is None or not changes.breaking:
        return
    raise RefusedError(
        "signature",
        f"model.json: not compatible with {changes.since}: {', '.join(changes.breaking)};"
        ' with signature = "any" in [serve] it goes live all the same',
    )


def _fastest_milliseconds(graph: Graph, row: Feed, bounds: Bounds) -> float:
    """Return the fastest of a few tries; stops early if another try can't change the result."""
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
