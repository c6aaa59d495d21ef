"""The routes of MLflow's scoring server beside /invocations."""

from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse

from serve import __version__
from serve.api.dependencies import live_model

_READY: dict[str, Any] = {
    "summary": "Whether a model is live",
    "responses": {503: {"description": "No model is live."}},
    "response_class": PlainTextResponse,
    "dependencies": [Depends(live_model)],
}

router = APIRouter(tags=["MLflow"])


@router.get("/ping", operation_id="ping", **_READY)
@router.get("/health", operation_id="get_health", **_READY)
async def _ping() -> Response:
    # MLflow declares this as JSON, although it is not.
    return PlainTextResponse("\n")


@router.get(
    "/version",
    operation_id="get_version",
    summary="The version of this server",
    response_class=PlainTextResponse,
)
async def _version() -> str:
    return __version__
