"""ONNX Runtime sessions, configured as in a server."""

import os

# ONNX Runtime sends telemetry unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from modelling.data.tensors import Tensors

_ERRORS_ONLY = 3

type Outputs = dict[str, NDArray[Any]]
"""Outputs by name: `prediction` float32[N], and with an interval also `low` and `high`, or with
quantiles `quantiles` float32[N,Q]; or `label` int64[N] and `probabilities` float32[N,C]."""


class Graph:
    """A loaded graph; one thread, because the number of threads may change the order of a sum."""

    def __init__(self, model: ModelProto, *, output: str) -> None:
        self.output = output
        self.bytes = model.SerializeToString(deterministic=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(
            self.bytes, options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, tensors: Tensors) -> NDArray[np.float32]:
        """Return the main output."""
        return np.asarray(self._session.run([self.output], tensors)[0])

    def run_all(self, tensors: Tensors) -> Outputs:
        """Return all outputs."""
        return dict(zip(self._outputs, self._session.run(self._outputs, tensors), strict=True))


def concatenate(parts: Iterable[Outputs]) -> Outputs:
    """Return the outputs of several batches as one."""
    first, *others = parts
    return {
        name: np.concatenate([first[name], *(outputs[name] for outputs in others)])
        for name in first
    }
