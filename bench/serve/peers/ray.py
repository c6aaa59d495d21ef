"""Ray Serve: deployments behind FastAPI for the pipeline and the graph, and lean ones."""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

import os
from operator import attrgetter
from typing import Any

import joblib
import pandas as pd
import ray
from fastapi import FastAPI
from pydantic import BaseModel
from ray import serve
from starlette.requests import Request

from bench.serve.peers.flight import Flight
from bench.serve.peers.model import Graph, is_lean, model_folder, uses_graph

_OPTIONS: dict[str, Any] = {"num_replicas": 1, "max_ongoing_requests": 32}
_QUIET: dict[str, Any] = {"logging_config": {"enable_access_log": False}}


class Flights(BaseModel):
    """The body of a request."""

    rows: list[Flight]


pipeline_app = FastAPI()


@serve.deployment(**_OPTIONS)
@serve.ingress(pipeline_app)
class PipelineDeployment:
    """A deployment as in Ray's examples for scikit-learn models."""

    def __init__(self) -> None:
        self._pipeline = joblib.load(model_folder() / "pipeline.joblib")

    @pipeline_app.post("/predict")
    def predict(self, flights: Flights) -> list[float]:
        rows = pd.DataFrame([row.model_dump() for row in flights.rows])
        return self._pipeline.predict_proba(rows)[:, 1].tolist()  # type: ignore[no-any-return]  # scikit-learn ships no types


graph_app = FastAPI()


@serve.deployment(**_OPTIONS)
@serve.ingress(graph_app)
class GraphDeployment:
    """The same for the graph."""

    def __init__(self) -> None:
        self._graph = Graph(model_folder())
        self._cells = attrgetter(*self._graph.columns)

    @graph_app.post("/predict")
    async def predict(self, flights: Flights) -> list[float]:
        return self._graph.predict_cells([self._cells(row) for row in flights.rows])


@serve.deployment(**_OPTIONS, **_QUIET)
class LeanPipeline:
    """A deployment without FastAPI and pydantic."""

    def __init__(self) -> None:
        self._pipeline = joblib.load(model_folder() / "pipeline.joblib")

    async def __call__(self, request: Request) -> list[float]:
        rows = pd.DataFrame((await request.json())["rows"])
        return self._pipeline.predict_proba(rows)[:, 1].tolist()  # type: ignore[no-any-return]  # scikit-learn ships no types


@serve.deployment(**_OPTIONS, **_QUIET)
class LeanGraph:
    """The same for the graph."""

    def __init__(self) -> None:
        self._graph = Graph(model_folder())

    async def __call__(self, request: Request) -> list[float]:
        return self._graph.predict_lists(**await request.json())


def main() -> None:
    """Serve until SIGTERM."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=200_000_000,
    )
    port = int(os.environ["BENCH_PORT"])
    quiet = _QUIET if is_lean() else {}
    serve.start(http_options={"host": "127.0.0.1", "port": port}, **quiet)
    deployments: dict[tuple[bool, bool], Any] = {
        (False, False): PipelineDeployment,
        (False, True): LeanPipeline,
        (True, False): GraphDeployment,
        (True, True): LeanGraph,
    }
    serve.run(deployments[uses_graph(), is_lean()].bind(), blocking=True)


if __name__ == "__main__":
    main()
