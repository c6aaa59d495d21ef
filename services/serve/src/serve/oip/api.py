"""The routes of the protocol that need not be fast: health and metadata."""

from typing import Any

from fastapi import APIRouter

from serve.following import Follower
from serve.oip.infer import check_model
from serve.oip.metadata import model_metadata, server_metadata

_METADATA = "Inputs and outputs of the model"
_READY = "Whether the model is live"
_UNREADY = "No model is live; `error` says why."
_OTHER: dict[int | str, dict[str, Any]] = {404: {"description": "Another model is live."}}


def create_router(follower: Follower) -> APIRouter:
    """Return the routes below /v2."""
    router = APIRouter(
        prefix="/v2",
        tags=["Open Inference Protocol V2"],
        responses={503: {"description": _UNREADY}},
    )

    @router.get("", summary="The server")
    async def server() -> dict[str, Any]:
        return server_metadata()

    @router.get("/health/live", summary="Whether the process answers")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", summary="Whether a model is live")
    async def ready() -> dict[str, bool]:
        follower.live()
        return {"ready": True}

    @router.get("/models/{name}", summary=_METADATA, responses=_OTHER)
    @router.get("/models/{name}/versions/{version}", summary=_METADATA, responses=_OTHER)
    async def model(name: str, version: str | None = None) -> dict[str, Any]:
        check_model(follower.live(), name=name, version=version)
        return model_metadata(follower.live())

    @router.get("/models/{name}/ready", summary=_READY, responses=_OTHER)
    @router.get("/models/{name}/versions/{version}/ready", summary=_READY, responses=_OTHER)
    async def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
        check_model(follower.live(), name=name, version=version)
        return {"name": name, "ready": True}

    return router
