"""The model of every peer: the scikit-learn pipeline, or our graph."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray


def model_folder() -> Path:
    """Return the folder with the models."""
    return Path(os.environ["BENCH_MODEL"])


def uses_graph() -> bool:
    """Return whether this server uses our graph."""
    return os.environ["BENCH_ENGINE"] == "graph"


def is_lean() -> bool:
    """Return whether this server uses its lean setting."""
    return os.environ["BENCH_SETTING"] == "lean"


class Graph:
    """Our graph: two tensors in, the probability of a late arrival out."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        self.columns: list[str] = columns["numbers"] + columns["strings"]
        self._numbers = len(columns["numbers"])
        self._cells = itemgetter(*self.columns)

    def predict_rows(self, rows: Iterable[Mapping[str, Any]]) -> list[float]:
        """Return the probability for each row, given as a mapping of columns."""
        return self.predict_cells([self._cells(row) for row in rows])

    def predict_cells(self, rows: Sequence[Sequence[Any]]) -> list[float]:
        """Return the probability for each row, given as cells in the order of `columns`."""
        numbers = [row[: self._numbers] for row in rows]
        return self.predict_lists(
            numbers, [[text or "" for text in row[self._numbers :]] for row in rows]
        )

    def predict_lists(
        self, numbers: Sequence[Sequence[float | None]], strings: Sequence[Sequence[str]]
    ) -> list[float]:
        """Return the probability for each row, given as two nested lists."""
        probabilities: list[float] = self.predict(
            np.array(numbers, np.float64), np.array(strings, np.object_)
        ).tolist()
        return probabilities

    def predict(self, numbers: NDArray[Any], strings: NDArray[Any]) -> NDArray[Any]:
        """Return the probability for each row, given as two tensors."""
        feed = {"numbers": numbers, "strings": strings}
        probabilities: NDArray[Any] = self._session.run(["probabilities"], feed)[0]
        return probabilities[:, 1]
