"""model.onnx: what it declares, and a session that runs it."""

import os
from collections.abc import Mapping

# ONNX Runtime reports to its maker, model names included, unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from stage_contract import ContractError

from serve.codecs.predictions import Prediction
from serve.codecs.rows import Feed
from serve.model.graph.opsets import check_opsets, read_opsets
from serve.model.graph.row_order import FEWEST_ROWS, run_in_order
from serve.model.graph.self_contained import check_self_contained
from serve.runtime.memory import is_out_of_memory
from serve.schema.model_json import INTERVAL, Description

_INPUT_TYPES = {"numbers": "tensor(double)", "strings": "tensor(string)"}
_OUTPUT_TYPES = {
    "regression": {"prediction": "tensor(float)"},
    "interval": dict.fromkeys(INTERVAL, "tensor(float)"),
    "classification": {"probabilities": "tensor(float)", "label": "tensor(int64)"},
}

_NOTHING_LOGGED = 4
"""Its own lines hold names of the model's nodes as they are; what it raises says the same."""
ort.set_default_logger_severity(_NOTHING_LOGGED)


class Graph:
    """A loaded model.onnx whose interface is that of the contract."""

    def __init__(self, graph: bytes, description: Description, *, threads: int = 1) -> None:
        """Load the graph.

        Raises:
            ContractError: it is damaged, or not what model.json says.
        """
        check_opsets(read_opsets(graph), description.opset)
        check_self_contained(graph)
        self._session = _load(graph, threads)
        inputs = {each.name: each.type for each in self._session.get_inputs()}
        outputs = {each.name: each.type for each in self._session.get_outputs()}
        groups = {column.input.group for column in description.signature.fields}
        _check("inputs", inputs, {group: _INPUT_TYPES[group] for group in sorted(groups)})
        self._has_interval = description.interval is not None
        expected = _OUTPUT_TYPES["interval" if self._has_interval else description.task]
        _check("outputs", outputs, expected)
        self._outputs = list(expected)
        self.sorted_by: int | None = None
        """The number in whose order many rows are run; None for their own order."""

    def run(self, feed: Feed) -> Prediction:
        """Predict; some 10 µs for one row, less than handing it to a thread would take."""
        if self.sorted_by is None or len(feed["numbers"]) < FEWEST_ROWS:
            return self._run(feed)
        return run_in_order(self._run, feed, self.sorted_by)

    def _run(self, feed: Feed) -> Prediction:
        found = self._session.run(self._outputs, feed)
        return Prediction(np.stack(found, axis=1)) if self._has_interval else Prediction(*found)


def _load(graph: bytes, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # More threads than processors halve the speed.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work would otherwise keep a processor busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # It would keep the memory of the largest request, and is no faster here.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _NOTHING_LOGGED
    # By its bytes alone it might be taken for ONNX Runtime's own format, which nothing here reads.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class
        if is_out_of_memory(error):
            raise MemoryError from error
        reason = str(error).partition("\n")[0]
        raise ContractError(f"model.onnx: does not load: {reason}") from None


def _check(what: str, found: Mapping[str, str], expected: Mapping[str, str]) -> None:
    if dict(found) != dict(expected):
        raise ContractError(
            f"model.onnx: {what} are {_list(found)}, expected {_list(expected)};"
            " update the image that trains"
        )


def _list(types: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in sorted(types.items()))
