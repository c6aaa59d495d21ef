"""The routes of MLflow's scoring server that need not be fast."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from serve import __version__
from serve.model.model_watcher import ModelWatcher

_READY = "Whether a model is live"


def create_router(watcher: ModelWatcher) -> APIRouter:
    """Return /ping, /health and /version."""
    unready: dict[int | str, dict[str, Any]] = {503: {"description": "No model is live."}}
    router = APIRouter(tags=["MLflow"])

    described: dict[str, Any] = {
        "summary": _READY,
        "responses": unready,
        "response_class": PlainTextResponse,
    }

    @router.get("/ping", operation_id="ping", **described)
    @router.get("/health", operation_id="get_health", **described)
    async def ping() -> Response:
        watcher.live()
        # MLflow says that this is JSON, which it is not.
        return PlainTextResponse("\n")

    @router.get(
        "/version",
        operation_id="get_version",
        summary="The version of this server",
        response_class=PlainTextResponse,
    )
    async def version() -> str:
        return __version__

    return router
