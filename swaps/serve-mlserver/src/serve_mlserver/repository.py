"""The model volume as MLServer's model repository: one model, of which LATEST is the version."""

import asyncio
from http import HTTPStatus
from pathlib import Path

from mlserver import MLModel, ModelSettings
from mlserver.errors import MLServerError, ModelNotFound
from mlserver.repository import ModelRepository
from mlserver.settings import ModelParameters
from stage_contract import ContractError, open_latest

from serve_mlserver.graph import Graph, load_graph
from serve_mlserver.runtime import GraphModel
from serve_mlserver.settings import Settings

type Found = list[ModelSettings]


class Nothing(MLModel):
    """Stands for the model until one is published: without any, MLServer says that it is ready."""

    async def load(self) -> bool:
        """Return that it is not ready."""
        return False


class Repository(ModelRepository):
    """Finds what LATEST names, tried out already, so that loading it takes no time."""

    def __init__(self, root: str, *, name: str, settings: Settings) -> None:
        self._volume = Path(root)
        self._name = name
        self._settings = settings
        self._graph: Graph | None = None

    async def list(self) -> Found:
        """Return what is served now."""
        if self._graph is None:
            return [ModelSettings(name=self._name, implementation=Nothing)]
        parameters = ModelParameters(
            version=self._graph.id,
            extra={"graph": self._graph, "max_rows": self._settings.max_rows},
        )
        return [
            ModelSettings(
                name=self._name,
                implementation=GraphModel,
                platform="onnxruntime_onnx",
                parameters=parameters,
            )
        ]

    async def find(self, name: str) -> Found:
        """Return what LATEST names; if that is not in order, what was served before stays.

        Raises:
            MLServerError: the model is not of this name, or breaks the contract.
        """
        if name != self._name:
            raise ModelNotFound(name)
        try:
            self._graph = await asyncio.to_thread(self._load)
        except ContractError as error:
            raise MLServerError(str(error), HTTPStatus.CONFLICT) from error
        return await self.list()

    def _load(self) -> Graph:
        artifact = open_latest(self._volume, "model")
        with artifact.hold():
            return load_graph(artifact, threads=self._settings.threads)
