"""BentoML: a service for the pipeline, one for the graph, and a lean one for the graph."""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from operator import attrgetter
from typing import Any

import bentoml
import joblib
import pandas as pd

from bench.serve.peers.flight import Flight
from bench.serve.peers.model import Graph, is_lean, model_folder, uses_graph

_QUIET: dict[str, Any] = {"logging": {"access": {"enabled": False}}, "metrics": {"enabled": False}}
_service = bentoml.service(workers=1, **(_QUIET if is_lean() else {}))


class _Pipeline:
    def __init__(self) -> None:
        self._pipeline = joblib.load(model_folder() / "pipeline.joblib")

    @bentoml.api
    def predict(self, rows: pd.DataFrame) -> list[float]:
        return self._pipeline.predict_proba(rows)[:, 1].tolist()  # type: ignore[no-any-return]  # scikit-learn ships no types


class _Graph:
    def __init__(self) -> None:
        self._graph = Graph(model_folder())
        self._cells = attrgetter(*self._graph.columns)

    @bentoml.api
    def predict(self, rows: list[Flight]) -> list[float]:
        return self._graph.predict_cells([self._cells(row) for row in rows])


class _LeanGraph:
    def __init__(self) -> None:
        self._graph = Graph(model_folder())

    @bentoml.api
    async def predict(
        self, numbers: list[list[float | None]], strings: list[list[str]]
    ) -> list[float]:
        return self._graph.predict_lists(numbers, strings)


_graph = _LeanGraph if is_lean() else _Graph
Flights = _service(_graph if uses_graph() else _Pipeline)
