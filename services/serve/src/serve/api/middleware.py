"""ASGI middleware around every route: ids, counters, logging, CORS, body limit, hosts, API keys."""

from copy import copy
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.api.dependencies import context_of, service_of
from serve.api.predictions.routes import FRAMEWORK, find_route
from serve.api.request_bodies import too_long
from serve.api.requests import SCOPE_KEY, begin_request
from serve.api.requests import Request as Context
from serve.api.service import Service
from serve.codecs.media_types import MODEL_ID, Field, RawResponse
from serve.problems import RequestError


class RequestContext:
    """Gives every request an id and a trace; counts responses, and adds common header fields.

    It is the outermost layer, so that responses of other middleware and to bugs are counted, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other scopes, such as websocket, pass unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, path = service_of(scope), scope["path"]
        route = find_route(path, scope["query_string"])
        request = begin_request(scope["method"], path, headers=dict(scope["headers"]), route=route)
        scope = {**scope, SCOPE_KEY: request}
        if request.method == "HEAD" and request.route is FRAMEWORK:
            scope["method"] = "GET"  # uvicorn still drops the body: its own scope says HEAD.
        response = _ResponseSender(service, request, scope, send)
        if b"expect" in request.headers:
            receive = response.watch_body(receive)
        service.admission.requests += 1
        try:
            await self._app(scope, receive, response)
        except Exception:
            if not response.has_begun:
                raise
            service.log_bug(request)
        finally:
            service.admission.requests -= 1
            service.release_body(request)


class _ResponseSender:
    """A `send` that adds the common header fields to each response, and counts it."""

    def __init__(self, service: Service, request: Context, scope: Scope, send: Send) -> None:
        self._service = service
        self._request = request
        self._scope = scope
        self._send = send
        self._is_replaced = False
        """Whether an error was sent in place of a response that is too large."""
        self._is_body_awaited = b"expect" in request.headers
        """Whether the client waits for "100 Continue" before it sends the body."""
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if self._is_replaced:
            return
        if message["type"] == "http.response.start":
            self.has_begun = True
            fields = [*message.get("headers", ())]
            try:
                self._service.admission.check_answer(
                    _length_of(fields), body_bytes=self._request.held_bytes
                )
            except RequestError as error:
                self._is_replaced = True
                await _send_response(self._send, self._service.fail(self._request, error))
                return
            message = {**message, "headers": self._add_fields(fields)}
            if not self._request.is_abandoned:
                self._service.count(self._request, self._route_name(), message["status"])
        await self._send(message)

    def watch_body(self, receive: Receive) -> Receive:
        """Return a `receive` that records that the body was requested."""

        async def receive_body() -> Message:
            self._is_body_awaited = False
            return await receive()

        return receive_body

    def _add_fields(self, fields: list[Field]) -> list[Field]:
        fields = [_with_head(field) for field in fields]
        fields += self._service.common_fields(self._request)
        if self._is_body_awaited and not any(name == b"connection" for name, _value in fields):
            fields.append((b"connection", b"close"))  # The client may still send the body.
        # A response from a thread has its model id already: another model may be live by now.
        if not any(name == MODEL_ID for name, _value in fields):
            fields += self._service.model_id()
        return fields

    def _route_name(self) -> str:
        if self._request.route is not FRAMEWORK:
            return self._request.route.name
        # The framework's router records the matched route in the scope.
        name: str = getattr(self._scope.get("route"), "path", FRAMEWORK.name)
        return name


class Cors:
    """Starlette's CORS middleware, created when the settings are known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cors: CORSMiddleware | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflight requests; add header fields that name the origins allowed to read."""
        policy = service_of(scope).cors if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return
        if self._cors is None:
            self._cors = copy(policy)
            self._cors.app = self._app
        await self._cors(scope, receive, send)


class BodyLimit:
    """Limits request bodies of routes added by the user; prediction routes have their own limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 if the route reads more than `max_body_bytes`."""
        if scope["type"] == "http" and context_of(scope).route is FRAMEWORK:
            receive = _limit_body(receive, service_of(scope).settings.max_body_bytes)
        await self._app(scope, receive, send)


def _limit_body(receive: Receive, max_bytes: int) -> Receive:
    size = 0

    async def receive_part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > max_bytes:
            # FastAPI reports any other exception from reading a body as a parsing error.
            raise HTTPException(HTTPStatus.CONTENT_TOO_LARGE, too_long(max_bytes).detail)
        return message

    return receive_part


class AccessCheck:
    """Rejects requests to other hosts or without a valid API key; on unknown paths, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests to an allowed host with a valid key."""
        try:
            if scope["type"] == "http":
                service_of(scope).check_access(context_of(scope))
            elif scope["type"] == "websocket":
                headers = dict(scope["headers"])
                service_of(scope).check_access(begin_request("GET", scope["path"], headers=headers))
        except RequestError as error:
            await _reject(error, scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _reject(error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    handle_error = scope["app"].exception_handlers[RequestError]
    response = await handle_error(Request(scope, receive), error)
    await response(scope, receive, send)


async def _send_response(send: Send, response: RawResponse) -> None:
    status, fields, body = response
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _length_of(fields: list[Field]) -> int:
    """Return the Content-Length of a response, 0 if it is not set."""
    return int(dict(fields).get(b"content-length", b"0"))


def _with_head(field: Field) -> Field:
    """Return a header field; an Allow field with GET gets HEAD, too."""
    return (field[0], b"GET, HEAD") if field == (b"allow", b"GET") else field
