"""Everything but the hot routes: health, the model, and the docs, as a FastAPI application."""

import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from serve import __version__, problems
from serve.error_forms import error_form
from serve.exposition import CONTENT_TYPE
from serve.following import Follower
from serve.mlflow import api as mlflow
from serve.models import Model
from serve.oip import api as oip
from serve.openapi.document import describe
from serve.problems import RequestError

_ASSETS = "docs/assets"


def create_api(
    follower: Follower, *, name: str, docs: bool, metrics: Callable[[], bytes]
) -> FastAPI:
    """Return the application for the routes that need not be fast."""

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncIterator[None]:
        async with follower.following():
            yield

    api = FastAPI(
        title=f"{name} predictions",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            RequestError: _answer_request_error,
            HTTPException: _answer_http_error,
            Exception: _answer_bug,
        },
    )
    _add_health(api, follower)
    _add_metrics(api, metrics)
    api.include_router(oip.create_router(follower))
    api.include_router(mlflow.create_router(follower))
    if docs:
        _add_docs(api, follower)
    return api


def _add_health(api: FastAPI, follower: Follower) -> None:
    unready: dict[int | str, dict[str, Any]] = {
        503: {"description": "No model is live; `detail` says why."}
    }

    @api.get("/live", tags=["health"], summary="Whether the process answers")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @api.get("/ready", tags=["health"], summary="Whether a model is live", responses=unready)
    async def ready() -> dict[str, Any]:
        model = follower.live()
        refused = follower.refused
        return {
            "status": "ready",
            "model": model.id,
            "name": model.name,
            "since": model.since.isoformat(timespec="seconds"),
            "refused": refused.facts() if refused else None,
            "outside_training": model.outside_training.totals(),
        }

    @api.get("/model", tags=["model"], summary="The live model", responses=unready)
    async def model() -> Response:
        """Signature, metrics and baseline, the gate's verdict, and the lineage to the source."""
        return Response(follower.live().about, media_type="application/json")


def _add_metrics(api: FastAPI, metrics: Callable[[], bytes]) -> None:
    @api.get(
        "/metrics",
        tags=["health"],
        summary="What all workers have counted",
        response_class=PlainTextResponse,
    )
    async def expose() -> Response:
        """Prometheus' text format."""
        return Response(metrics(), headers={"content-type": CONTENT_TYPE.decode()})


def _add_docs(api: FastAPI, follower: Follower) -> None:
    made: tuple[Model | None, bytes] | None = None

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        nonlocal made
        if made is None or made[0] is not follower.model:
            document = _openapi(api, follower.model)
            made = follower.model, msgspec.json.encode(document)
        return Response(made[1], media_type="application/json")

    @api.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=api.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
            swagger_ui_parameters={"tryItOutEnabled": True},
        )

    @api.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("docs")

    api.mount(f"/{_ASSETS}", StaticFiles(directory=_swagger_ui()))


def _openapi(api: FastAPI, model: Model | None) -> dict[str, Any]:
    document = get_openapi(title=api.title, version=api.version, routes=api.routes)
    if model is not None:
        describe(document, model)
    return document


def _swagger_ui() -> Path:
    """Return where the package has its files, without importing it."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_offline, which is in requirements.lock")
    return Path(found.origin).parent / "static"


async def _answer_request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101  # Starlette declares any Exception
    media_type, body = error_form(request.url.path, error)
    headers = {name.decode(): value.decode() for name, value in error.headers}
    return Response(body, error.status, headers | {"content-type": media_type.decode()})


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # Starlette declares any Exception
    headers = [(name.encode(), value.encode()) for name, value in (error.headers or {}).items()]
    status = HTTPStatus(error.status_code)
    what = "nothing is" if status is HTTPStatus.NOT_FOUND else f"{request.method} is not allowed"
    detail = f"{request.url.path}: {what} here, see /docs"
    problem = RequestError(status, detail, headers=headers)
    return await _answer_request_error(request, problem)


async def _answer_bug(request: Request, _error: Exception) -> Response:
    """Answer in our form; Starlette has the traceback logged."""
    return await _answer_request_error(request, problems.bug())
