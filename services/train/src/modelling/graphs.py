"""Running ONNX graphs the way a server does."""

import os

# ONNX Runtime reports to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from modelling.tensors import Tensors

_ERRORS_ONLY = 3


class Graph:
    """A graph that was loaded; one thread, since a sum's order may depend on their number."""

    def __init__(self, model: ModelProto, *, output: str) -> None:
        self.bytes = model.SerializeToString(deterministic=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(
            self.bytes, options, providers=["CPUExecutionProvider"]
        )
        self._output = output

    def run(self, tensors: Tensors) -> NDArray[np.float32]:
        """Return the output that this graph was loaded for."""
        return np.asarray(self._session.run([self._output], tensors)[0])
