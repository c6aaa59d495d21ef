"""A loaded model; it is admitted only if it reproduces its examples."""

import json
import os
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

# ONNX Runtime sends telemetry, including model names, unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from stage_contract import Artifact, ContractError

from serve_mlserver.cells import Clean, compile_rules
from serve_mlserver.description import Column, Description, Value, read_description

type Feed = dict[str, NDArray[Any]]

_TOLERANCE = 1e-5
"""Tolerance between hosts, relative to max(1, |y|)."""
_TYPES: dict[str, Any] = {"numbers": np.float64, "strings": np.object_}
_OUTPUTS = {"regression": ["prediction"], "classification": ["probabilities", "label"]}


@dataclass(frozen=True, eq=False)
class Graph:
    """An admitted model; all parts belong to the same artifact."""

    id: str
    description: Description
    rules: dict[str, Clean]
    session: ort.InferenceSession

    def run(self, feed: Feed) -> list[NDArray[Any]]:
        """Return predictions, or probabilities and labels; about 10 µs for one row."""
        outputs: list[NDArray[Any]] = self.session.run(_OUTPUTS[self.description.task], feed)
        return outputs

    def pack(self, columns: dict[str, list[Any]]) -> Feed:
        """Return the graph's inputs for cleaned columns."""
        signature = self.description.signature
        groups = {name: signature.group(name) for name in _TYPES}
        return {
            name: np.array([columns[each.name] for each in group], _TYPES[name]).T
            for name, group in groups.items()
            if group
        }


def load_graph(artifact: Artifact, *, threads: int) -> Graph:
    """Load and test the model of an artifact.

    Raises:
        ContractError: It violates the contract, or does not reproduce its examples.
    """
    artifact.verify()
    description = read_description(artifact.file("model.json").read_bytes())
    signature = description.signature
    try:
        rules = {column.name: compile_rules(column, signature) for column in signature.fields}
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ContractError(f"model.json: {error}; update the image that trains") from None
    session = _load(artifact.file("model.onnx").read_bytes(), threads)
    graph = Graph(artifact.id, description, rules, session)
    lines = artifact.file("examples.jsonl").read_text(encoding="utf-8").splitlines()
    try:
        difference = _replay(graph, [json.loads(line) for line in lines])
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ContractError(f"examples.jsonl: the model fails on them: {reason}") from error
    # The negated form also fails for NaN.
    if not difference <= _TOLERANCE:
        raise ContractError(
            f"examples.jsonl: answers differ by {difference:.2g} from those of training"
        )
    return graph


def _load(content: bytes, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its log lines contain unescaped names of nodes.
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  # its errors share no base class
        reason = str(error).partition("\n")[0]
        raise ContractError(f"model.onnx: does not load: {reason}") from None


def _replay(graph: Graph, examples: list[dict[str, Any]]) -> float:
    """Return the largest difference between the graph's and the expected outputs."""
    columns = {
        column.name: [_cell(graph, column, each["row"]) for each in examples]
        for column in graph.description.signature.fields
    }
    found = graph.run(graph.pack(columns))[0].astype(np.float64)
    expected = np.array([each["expected"] for each in examples], np.float64).reshape(found.shape)
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())


def _cell(graph: Graph, column: Column, row: dict[str, Any]) -> Value:
    # Examples hold no private values, not even required ones.
    return column.absent if column.private else graph.rules[column.name](row.get(column.name))
