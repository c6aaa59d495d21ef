"""The routes of MLflow's scoring server that need not be fast."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from serve import __version__
from serve.following import Follower


def create_router(follower: Follower) -> APIRouter:
    """Return /ping, /health and /version."""
    router = APIRouter(tags=["MLflow"])

    @router.get("/ping", summary="Whether a model is live")
    @router.get("/health", summary="Whether a model is live")
    async def ping() -> Response:
        follower.live()
        return Response(b"\n", media_type="application/json")

    @router.get("/version", summary="The version of this server", response_class=PlainTextResponse)
    async def version() -> str:
        return __version__

    return router
