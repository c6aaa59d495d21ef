"""Everything but the hot routes: health, the model, and the docs, as a FastAPI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from serve import __version__, problems
from serve.api import mlflow, oip
from serve.api.docs import add_docs
from serve.api.error_responses import error_form
from serve.api.metrics import CONTENT_TYPE
from serve.api.report import add_report
from serve.api.requests import SHOWS_DETAILS
from serve.model.model_watcher import ModelWatcher
from serve.problems import RequestError, shortened
from serve.runtime.access import public_paths
from serve.settings import Settings


def create_api(
    watcher: ModelWatcher, settings: Settings, *, name: str, metrics: Callable[[], bytes]
) -> FastAPI:
    """Return the application for the routes that need not be fast."""

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncIterator[None]:
        async with watcher.watching():
            yield

    api = FastAPI(
        title=f"{name} predictions",
        version=__version__,
        # A redirect to the path with a slash would go to whatever host the client names.
        redirect_slashes=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            RequestError: _answer_request_error,
            HTTPException: partial(_answer_http_error, see_docs=settings.see_docs),
            Exception: _answer_bug,
        },
    )
    _add_health(api, watcher)
    _add_metrics(api, metrics)
    api.include_router(oip.create_router(watcher))
    api.include_router(mlflow.create_router(watcher))
    if settings.docs:
        add_report(api, watcher)
        add_docs(
            api,
            watcher,
            with_keys=settings.api_keys_file is not None,
            is_public=public_paths(settings.public),
        )
    return api


def _add_health(api: FastAPI, watcher: ModelWatcher) -> None:
    unready: dict[int | str, dict[str, Any]] = {
        503: {"description": "No model is live, or too much waits already; `detail` says why."}
    }

    @api.get(
        "/live", operation_id="get_live", tags=["health"], summary="Whether the process answers"
    )
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @api.get(
        "/ready",
        operation_id="get_ready",
        tags=["health"],
        summary="Whether a model is live",
        responses=unready,
    )
    async def ready(request: Request) -> dict[str, Any]:
        """Names the live model and a refused one; a client with a key reads the whole reason."""
        model, refused = watcher.live(), watcher.refused
        with_details = shows_details(request)
        return {
            "status": "ready",
            "model": model.id,
            **({"name": model.name} if with_details else {}),
            "since": model.since.isoformat(timespec="seconds"),
            "refused": refused.facts(with_details=with_details) if refused else None,
        }

    @api.get(
        "/model",
        operation_id="get_model",
        tags=["model"],
        summary="The live model",
        responses=unready,
    )
    async def model() -> Response:
        """Signature, metrics and baseline, the gate's verdict, and the lineage to the source."""
        return Response(watcher.live().about, media_type="application/json")


def _add_metrics(api: FastAPI, metrics: Callable[[], bytes]) -> None:
    @api.get(
        "/metrics",
        operation_id="get_metrics",
        tags=["health"],
        summary="What all workers have counted",
        response_class=PlainTextResponse,
    )
    async def expose() -> Response:
        """Prometheus' text format."""
        return Response(metrics(), headers={"content-type": CONTENT_TYPE.decode()})


def shows_details(request: Request) -> bool:
    """Return whether the client may read names of columns and paths."""
    return bool(request.scope.get(SHOWS_DETAILS, True))


async def _answer_request_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestError):
        raise error
    if not shows_details(request):
        error = error.without_details()
    media_type, body = error_form(request.scope["path"], error)
    headers = {name.decode(): value.decode() for name, value in error.headers}
    return Response(body, error.status, headers | {"content-type": media_type.decode()})


async def _answer_http_error(request: Request, error: Exception, *, see_docs: str) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = [(name.encode(), value.encode()) for name, value in (error.headers or {}).items()]
    status = HTTPStatus(error.status_code)
    what = "nothing is" if status is HTTPStatus.NOT_FOUND else f"{request.method} is not allowed"
    detail = f"{shortened(request.scope['path'])}: {what} here{see_docs}"
    problem = RequestError(status, detail, headers=headers)
    return await _answer_request_error(request, problem)


async def _answer_bug(request: Request, _error: Exception) -> Response:
    """Answer in our form; Starlette has the traceback logged."""
    return await _answer_request_error(request, problems.bug())
