"""The application: every route of the API, as FastAPI serves and describes it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.params import Depends
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Lifespan

from serve import __version__, problems
from serve.api import docs, health, mlflow, oip, report
from serve.api.dependencies import context_of, service_of
from serve.api.middleware import AccessCheck, BodyLimit, Cors, RequestContext
from serve.api.openapi.document import complete_routes, describe_keys, describe_predictions
from serve.api.page import form, live
from serve.api.page import routes as page
from serve.api.page.static_files import add_page_assets
from serve.api.predictions import endpoints
from serve.api.predictions.routes import FRAMEWORK
from serve.api.request_bodies import DisconnectedError
from serve.api.service import Service
from serve.model.models import Model
from serve.problems import RequestError, shortened
from serve.runtime.access import public_paths
from serve.settings import Settings

_TITLE = "Stagecoach predictions"
_ROUTERS = (
    health.router,
    oip.router,
    mlflow.router,
    report.router,
    docs.router,
    page.router,
    form.router,
    live.router,
)
_OPERATIONS = (
    frozenset(
        route.operation_id
        for router in _ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.operation_id
    )
    | endpoints.OPERATION_IDS
)
"""Operation ids of this project's routes; other routes were added by an extension."""
_CLIENT_CLOSED_REQUEST = 499
"""The status that web servers log for a client that has disconnected; nobody reads the response."""


class Application(FastAPI):
    """A FastAPI application whose routes share the service of one worker."""

    def __init__(
        self, *, lifespan: Lifespan["Application"], dependencies: Sequence[Depends]
    ) -> None:
        super().__init__(
            title=_TITLE,
            version=__version__,
            # The redirect to the path with a slash would go to any host that the client names.
            redirect_slashes=False,
            # `docs.router` has these routes, because the settings can disable them.
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            lifespan=lifespan,
            dependencies=dependencies,
            exception_handlers={
                RequestError: _answer_request_error,
                HTTPException: _answer_http_error,
                DisconnectedError: _answer_nobody,
                Exception: _answer_bug,
            },
        )
        self._service: Service | None = None
        self._described: Model | None = None
        self._encoded: tuple[dict[str, Any], bytes] | None = None
        endpoints.add_prediction_routes(self)
        for router in _ROUTERS:
            self.include_router(router)
        docs.add_assets(self)
        add_page_assets(self)
        self.own_routes = (*self.router.routes,)
        self.own_exception_handlers = dict(self.exception_handlers)

    @property
    def service(self) -> Service:
        """The service of this worker, which the lifespan sets.

        Raises:
            RuntimeError: The application has not started.
        """
        if self._service is None:
            raise RuntimeError("the application has not started: its lifespan has not run")
        return self._service

    @service.setter
    def service(self, service: Service) -> None:
        self._service = service
        if self.title == _TITLE:
            self.title = f"{service.name} predictions"

    @property
    def has_service(self) -> bool:
        """Whether a service was set."""
        return self._service is not None

    def build_middleware_stack(self) -> ASGIApp:
        """Put ids, counters, CORS, access and limits around all middleware and error handlers."""
        limited = BodyLimit(super().build_middleware_stack())
        return RequestContext(Cors(AccessCheck(limited)))

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description, with the columns of the live model if there is one."""
        settings = self._service.settings if self._service else Settings()
        model = self._service.watcher.model if self._service else None
        if model is not self._described:
            self.openapi_schema, self._described = None, model
        known = self.openapi_schema
        document = super().openapi()
        if document is not known:
            is_public = public_paths(settings.public, settings.static_pages)
            complete_routes(document, _OPERATIONS, is_public=is_public)
            describe_predictions(document, model)
            if settings.api_keys_file is not None:
                describe_keys(document, is_public=is_public)
        return document

    def openapi_json(self) -> bytes:
        """Return the OpenAPI description as JSON, encoded once for each document."""
        document = self.openapi()
        if self._encoded is None or self._encoded[0] is not document:
            self._encoded = document, bytes(JSONResponse(document).body)
        return self._encoded[1]


async def _answer_request_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestError):
        raise error
    service, context = service_of(request.scope), context_of(request.scope)
    status, fields, body = service.error_response(context, error)
    headers = {name.decode(): value.decode() for name, value in fields}
    return Response(body, status, headers)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    see_docs = service_of(request.scope).settings.see_docs
    headers = [(name.encode(), value.encode()) for name, value in (error.headers or {}).items()]
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        detail = f"{shortened(request.scope['path'])}: nothing is here{see_docs}"
    elif status is not HTTPStatus.METHOD_NOT_ALLOWED:
        detail = str(error.detail)
    elif context_of(request.scope).route is not FRAMEWORK:
        detail = f"predictions are asked for with POST{see_docs}"
    else:
        what = f"{request.method} is not allowed"
        detail = f"{shortened(request.scope['path'])}: {what} here{see_docs}"
    return await _answer_request_error(request, RequestError(status, detail, headers=headers))


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _answer_bug(request: Request, _error: Exception) -> Response:
    """Respond to a bug with a problem document; `RequestContext` logs the traceback."""
    return await _answer_request_error(request, problems.bug())
