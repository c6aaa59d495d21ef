"""A model artifact, opened: its documents, its graph, and what the graph predicts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.harness.faults import Fault
from conformance.models.graphs import Graph, open_graph
from conformance.models.tensors import Feed, Field, Row, pack
from conformance.validity.published import Published

TOLERANCE = 1e-5
"""Between two runs of one graph: of a probability, or of a number relative to max(1, |y|)."""


@dataclass(frozen=True)
class Example:
    """A line of examples.jsonl."""

    row: Row
    expected: float | list[float]
    interval: list[float] | None = None
    """Both ends, where the model has intervals."""
    quantiles: list[float] | None = None
    """In the order of the levels, where the model has quantiles."""


@dataclass(frozen=True)
class Model:
    """What is in one model artifact; each part is read when it is asked for."""

    artifact: Published

    @cached_property
    def document(self) -> dict[str, Any]:
        """model.json."""
        document: dict[str, Any] = self.artifact.document("model.json")
        return document

    @cached_property
    def graph(self) -> Graph:
        return open_graph(self.artifact.path / "model.onnx")

    @property
    def fields(self) -> Sequence[Field]:
        """The columns of the signature."""
        fields: Sequence[Field] = self.document["signature"]["fields"]
        return fields

    @property
    def classes(self) -> list[Any] | None:
        classes: list[Any] | None = self.document["classes"]
        return classes

    @property
    def has_interval(self) -> bool:
        """Whether model.json says that numbers have intervals."""
        return self.document.get("interval") is not None

    @property
    def levels(self) -> list[float]:
        """The levels of the quantiles in model.json; empty without quantiles."""
        return list((self.document.get("quantiles") or {}).get("levels", []))

    @property
    def output(self) -> str:
        """Name of the output that scores and examples use."""
        return "prediction" if self.classes is None else "probabilities"

    @cached_property
    def examples(self) -> Sequence[Example]:
        """The examples in examples.jsonl."""
        path = self.artifact.path / "examples.jsonl"
        fix = 'write lines like {"row": {column: value}, "expected": …}, at least one'
        try:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            examples = [
                Example(e["row"], e["expected"], e.get("interval"), e.get("quantiles"))
                for e in lines
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Fault(f"examples.jsonl can't be read: {error!r}", fix) from None
        if not examples:
            raise Fault("examples.jsonl is empty", fix)
        return examples

    def pack(self, rows: Sequence[Row]) -> Feed:
        """Return the graph's inputs for rows of Parquet or JSON."""
        return pack(rows, self.fields)

    def interval_bounds(self, feed: Feed) -> NDArray[np.float32]:
        """Return low, prediction and high [N,3] of a model with intervals."""
        names = ("low", "prediction", "high")
        return np.stack([self.graph.run(feed, name) for name in names], axis=1)

    def quantiles(self, feed: Feed) -> NDArray[np.float32]:
        """Return the quantiles [N,Q] of a model with quantiles."""
        return self.graph.run(feed, "quantiles")

    def predict(self, feed: Feed) -> NDArray[np.float32]:
        """Return numbers [N], or probabilities [N,C]."""
        return self.graph.run(feed, self.output)


def number_of(example: Example) -> float:
    """Return the expected number of a regression example."""
    if isinstance(example.expected, list):
        raise TypeError("the example predicts a class")
    return example.expected


def largest_difference(found: NDArray[Any], expected: NDArray[Any]) -> tuple[int, float]:
    """Return the row in which two predictions differ most, and their distance by the contract.

    The distance from a value that is not finite is infinite.
    """
    scale = np.maximum(1.0, np.abs(expected)) if expected.ndim == 1 else 1.0
    distances = np.abs(found.astype(np.float64) - expected) / scale
    distances = np.where(np.isnan(distances), np.inf, distances).reshape(len(expected), -1)
    row = int(distances.max(axis=1).argmax())
    return row, float(distances[row].max())
