"""The routes of the Open Inference Protocol for health and metadata."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from serve import __version__
from serve.api.dependencies import LiveModel, live_model
from serve.api.predictions.infer import check_model
from serve.codecs.oip.datatypes import datatype_of, outputs_of
from serve.model.models import Model

_METADATA = "Inputs and outputs of the model"
_READY = "Whether the model is live"
_UNREADY: dict[int | str, dict[str, Any]] = {
    503: {"description": "No model is live, or too much waits already; `error` says why."}
}
_OTHER = _UNREADY | {404: {"description": "Another model is live."}}


router = APIRouter(prefix="/v2", tags=["Open Inference Protocol V2"])


@router.get("", operation_id="get_server_metadata", summary="The server")
async def _server() -> dict[str, Any]:
    return server_metadata()


@router.get("/health/live", operation_id="get_server_live", summary="Whether the process answers")
async def _live() -> dict[str, bool]:
    return {"live": True}


@router.get(
    "/health/ready",
    operation_id="get_server_ready",
    summary="Whether a model is live",
    responses=_UNREADY,
    dependencies=[Depends(live_model)],
)
async def _ready() -> dict[str, bool]:
    return {"ready": True}


def _add(
    path: str, operation: str, summary: str, answer: Callable[[Model], dict[str, Any]]
) -> None:
    """Add a route for the live model, and the same route with a version."""

    async def of_model(model: LiveModel, name: str) -> dict[str, Any]:
        check_model(model, name=name, version=None)
        return answer(model)

    async def of_version(model: LiveModel, name: str, version: str) -> dict[str, Any]:
        check_model(model, name=name, version=version)
        return answer(model)

    described: dict[str, Any] = {"summary": summary, "responses": _OTHER}
    with_version = f"/models/{{name}}/versions/{{version}}{path}"
    router.get(with_version, operation_id=f"get_model_version_{operation}", **described)(of_version)
    router.get(f"/models/{{name}}{path}", operation_id=f"get_model_{operation}", **described)(
        of_model
    )


def server_metadata() -> dict[str, Any]:
    """Return the answer of GET /v2."""
    return {"name": "stagecoach", "version": __version__, "extensions": ["binary_tensor_data"]}


def model_metadata(model: Model) -> dict[str, Any]:
    """Return the answer of GET /v2/models/{name}: one input for each column."""
    inputs = [
        {
            "name": column.name,
            "datatype": datatype_of(column),
            "shape": [-1, 1],
            "parameters": {"type": column.type, "required": column.is_required},
        }
        for column in model.description.signature.fields
    ]
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, width]}
        for name, (datatype, width) in outputs_of(model.description).items()
    ]
    return {
        "name": model.name,
        "versions": [model.id],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }


_add("", "metadata", _METADATA, model_metadata)
_add("/ready", "ready", _READY, lambda model: {"name": model.name, "ready": True})
