"""LitServe: an API for the pipeline and one for the graph."""
# mypy: disable-error-code="import-not-found, misc"

import os
from typing import Any

import joblib
import litserve
import pandas as pd

from bench.serve.peers.model import Graph, is_lean, model_folder, uses_graph


class PipelineApi(litserve.LitAPI):
    """Decodes, predicts and encodes as LitServe's examples do."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's
        self._pipeline = joblib.load(model_folder() / "pipeline.joblib")

    def decode_request(self, request: dict[str, Any]) -> pd.DataFrame:
        return pd.DataFrame(request["rows"])

    def predict(self, rows: pd.DataFrame) -> list[float]:
        return self._pipeline.predict_proba(rows)[:, 1].tolist()  # type: ignore[no-any-return]  # scikit-learn ships no types

    def encode_response(self, probabilities: list[float]) -> dict[str, list[float]]:
        return {"probabilities": probabilities}


class GraphApi(litserve.LitAPI):
    """The same for the graph."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's
        self._graph = Graph(model_folder())

    def decode_request(self, request: dict[str, Any]) -> dict[str, Any]:
        return request

    def predict(self, request: dict[str, Any]) -> list[float]:
        if "rows" in request:
            return self._graph.predict_rows(request["rows"])
        return self._graph.predict_lists(**request)

    def encode_response(self, probabilities: list[float]) -> dict[str, list[float]]:
        return {"probabilities": probabilities}


def main() -> None:
    """Serve until SIGTERM."""
    api = GraphApi() if uses_graph() else PipelineApi()
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=is_lean())
    port = int(os.environ["BENCH_PORT"])
    server.run(
        host="127.0.0.1",
        port=port,
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
