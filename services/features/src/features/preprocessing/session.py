"""ONNX Runtime session of transform.onnx, which computes all matrices."""

import os

# ONNX Runtime sends telemetry unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from features.data.tensors import Tensors, select_rows

ROWS_PER_CALL = 2_048
"""Rows per call: the words of a text take up to 20 kB per row."""


class Graph:
    """transform.onnx in onnxruntime."""

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # Packing strings takes most of the time, so more threads do not help.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def run(self, tensors: Tensors) -> NDArray[np.float32]:
        """Return the features of a batch."""
        rows = len(next(iter(tensors.values())))
        parts = [
            self._session.run(
                ["features"], dict(select_rows(tensors, slice(start, start + ROWS_PER_CALL)))
            )[0]
            for start in range(0, max(rows, 1), ROWS_PER_CALL)
        ]
        return np.concatenate(parts)
