"""Routes for health, the live model and metrics."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from serve.api.dependencies import LiveModel, LiveService, context_of
from serve.api.metrics import CONTENT_TYPE

_UNREADY: dict[int | str, dict[str, Any]] = {
    503: {"description": "No model is live, or too much waits already; `detail` says why."}
}

router = APIRouter()


@router.get(
    "/live", operation_id="get_live", tags=["health"], summary="Whether the process answers"
)
async def _live() -> dict[str, str]:
    return {"status": "live"}


@router.get(
    "/ready",
    operation_id="get_ready",
    tags=["health"],
    summary="Whether a model is live",
    responses=_UNREADY,
)
async def ready(request: Request, model: LiveModel, service: LiveService) -> dict[str, Any]:
    """Names the live model and a refused one, without name and whole reason if a key is missing."""
    refused = service.watcher.refused
    with_details = context_of(request.scope).shows_details
    return {
        "status": "ready",
        "model": model.id,
        **({"name": model.name} if with_details else {}),
        "since": model.since.isoformat(timespec="seconds"),
        "refused": refused.facts(with_details=with_details) if refused else None,
    }


@router.get(
    "/model",
    operation_id="get_model",
    tags=["model"],
    summary="The live model",
    responses=_UNREADY,
)
async def model(model: LiveModel) -> Response:
    """Signature, metrics and baseline, the gate's verdict, and the lineage to the source."""
    return Response(model.about, media_type="application/json")


@router.get(
    "/metrics",
    operation_id="get_metrics",
    tags=["health"],
    summary="What all workers have counted",
    response_class=PlainTextResponse,
)
async def metrics(service: LiveService) -> Response:
    """Prometheus' text format."""
    return Response(service.metrics(), headers={"content-type": CONTENT_TYPE.decode()})
