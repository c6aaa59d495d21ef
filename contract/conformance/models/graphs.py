"""The graphs of an artifact: which operators they need, what they take, and what they answer."""

import os

# ONNX Runtime reports to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from conformance.harness.faults import Fault
from conformance.models.tensors import Feed, rows_in

NEWEST = {"": 21, "ai.onnx.ml": 3}
"""Newest versions of operator sets that every reader of a model supports."""

_LOG_FATAL = 4


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a graph as ONNX Runtime sees it."""

    kind: str
    """Type, such as `tensor(double)`."""
    shape: tuple[int | str | None, ...]
    """A number for a fixed dimension; a name or None for a dynamic one."""


@dataclass(frozen=True)
class Graph:
    """A loaded graph."""

    name: str
    """Name of its file."""
    opsets: Mapping[str, int]
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    _session: Any

    def run(self, feed: Feed, output: str) -> NDArray[Any]:
        """Return one output.

        Raises:
            Fault: ONNX Runtime fails on the rows.
        """
        try:
            return np.asarray(self._session.run([output], dict(feed))[0])
        except Exception as error:  # noqa: BLE001  # ONNX Runtime's exceptions have no narrower base class
            raise Fault(
                f"{self.name} fails on {rows_in(feed):,} rows: {_first_line(error)}",
                "run the graph in onnxruntime on such rows before you publish it",
            ) from None


def open_graph(path: Path) -> Graph:
    """Load a graph.

    Raises:
        Fault: The file is missing or is not a valid graph.
    """
    if not path.is_file():
        raise Fault(f"there is no {path.name}", "write it into the artifact")
    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = _LOG_FATAL
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  # from protobuf, onnx or ONNX Runtime
        raise Fault(
            f"{path.name} can't be loaded: {_first_line(error)}",
            "check it with onnx.checker.check_model and load it in onnxruntime before publishing",
        ) from None
    if model.training_info:
        raise Fault(
            f"{path.name} has training_info, which serving does not use",
            "export the graph without it",
        )
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    inputs, outputs = _tensors(session.get_inputs()), _tensors(session.get_outputs())
    return Graph(path.name, opsets, inputs, outputs, session)


def check_opsets(graph: Graph, *, named: Collection[str] = ()) -> None:
    """Check that every reader of a model supports the operator sets."""
    for domain, version in graph.opsets.items():
        name = domain or "ai.onnx"
        newest = NEWEST.get(domain, version if domain in named else None)
        if newest is None:
            raise Fault(
                f"{graph.name} imports the operators of {name}, which model.json does not name",
                "use ONNX's own operators, drop the import if no node needs it, or name the domain"
                " in model.json under opset",
            )
        if version > newest:
            raise Fault(
                f"{graph.name} imports {name} {version}; expected at most {newest}",
                f"export with a target opset of {newest} or lower",
            )


def check_inputs(graph: Graph, widths: Mapping[str, int]) -> None:
    """Check that a graph takes `numbers` and `strings` of these widths, and any number of rows."""
    expected = {group: width for group, width in widths.items() if width}
    fix = "see 'Inputs and outputs' in contract/reference/graph.md; an empty group is left out"
    if set(graph.inputs) != set(expected):
        raise Fault(
            f"{graph.name} takes {_listed(graph.inputs)}; expected {_listed(expected)}", fix
        )
    for group, width in expected.items():
        kind = {"numbers": "tensor(double)", "strings": "tensor(string)"}[group]
        check_tensor(graph.name, group, graph.inputs[group], kind, widths=(width,))


def check_tensor(
    graph: str, name: str, tensor: TensorInfo, kind: str, *, widths: tuple[int, ...] = ()
) -> None:
    """Check the type of an input or output, and its shape as far as the graph fixes it."""
    fix = "see 'Inputs and outputs' in contract/reference/graph.md"
    if tensor.kind != kind:
        raise Fault(f"{name} of {graph} is a {tensor.kind}; expected {kind}", fix)
    shape = f"[{', '.join('N' if size is None else str(size) for size in tensor.shape)}]"
    expected = f"[{', '.join(['N', *map(str, widths)])}]"
    fits = len(tensor.shape) == 1 + len(widths) and all(
        size == width
        for size, width in zip(tensor.shape[1:], widths, strict=True)
        if isinstance(size, int)
    )
    if not fits:
        raise Fault(f"{name} of {graph} has the shape {shape}; expected {expected}", fix)
    if isinstance(tensor.shape[0], int):
        raise Fault(
            f"{name} of {graph} has the shape {shape}: always {tensor.shape[0]} rows",
            "make the first dimension dynamic when you export",
        )


def _tensors(nodes: Any) -> dict[str, TensorInfo]:
    return {node.name: TensorInfo(node.type, tuple(node.shape)) for node in nodes}


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
