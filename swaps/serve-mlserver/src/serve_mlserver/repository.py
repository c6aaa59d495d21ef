"""The model volume as MLServer's model repository: one model, whose version is LATEST."""

import asyncio
import logging
from http import HTTPStatus
from pathlib import Path

from mlserver import MLModel, ModelSettings
from mlserver.errors import MLServerError, ModelNotFound
from mlserver.repository import ModelRepository
from mlserver.settings import ModelParameters
from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.reading import read_pinned
from stage_contract.artifacts.verdicts import refusal

from serve_mlserver.graph import Graph, load_graph
from serve_mlserver.pointer import Pointer
from serve_mlserver.runtime import GraphModel
from serve_mlserver.settings import Settings

LOGGER = logging.getLogger(__name__)

type Found = list[ModelSettings]


class Nothing(MLModel):
    """Placeholder until a model is published: without any model, MLServer reports ready."""

    async def load(self) -> bool:
        """Return false: not ready."""
        return False


class Repository(ModelRepository):
    """Finds the model in LATEST, already tested, so that loading it takes no time."""

    def __init__(self, root: str, *, name: str, settings: Settings, pointer: Pointer) -> None:
        self._volume = Path(root)
        self._pointer = pointer
        self._name = name
        self._settings = settings
        self._graph: Graph | None = None

    async def list(self) -> Found:
        """Return the served model."""
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
        """Return the model in LATEST; if it is invalid, the previous one stays.

        Without a previous one, it is the newest valid model that the gate accepted.

        Raises:
            MLServerError: The model has another name, or violates the contract.
        """
        if name != self._name:
            raise ModelNotFound(name)
        try:
            self._graph = await asyncio.to_thread(self._find)
        except ContractError as error:
            raise MLServerError(str(error), HTTPStatus.CONFLICT) from error
        return await self.list()

    def _find(self) -> Graph:
        try:
            return self._load(self._pointer.open())
        except ContractError as error:
            other = None if self._graph else self._newest_accepted()
            if other is None:
                raise
            LOGGER.warning("%s; serves model %s until LATEST names a valid one", error, other.id)
            return other

    def _newest_accepted(self) -> Graph | None:
        """Return the newest valid model that the gate accepted, not newer than a pinned one."""
        pinned, is_old_enough = read_pinned(self._volume), False
        for path in newest_first(self._volume):
            is_old_enough = is_old_enough or pinned in (None, path.name)
            if not is_old_enough or refusal(path):
                continue
            try:
                return self._load(open_artifact(path, "model"))
            except ContractError:
                continue
        return None

    def _load(self, artifact: Artifact) -> Graph:
        with artifact.hold():
            return load_graph(artifact, threads=self._settings.threads)
