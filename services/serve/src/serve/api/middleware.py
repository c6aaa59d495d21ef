"""The middleware around every route: ids, counters and the log, CORS, and API keys."""

from copy import copy
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.api.dependencies import context_of, service_of
from serve.api.predictions.routes import FRAMEWORK, find_route
from serve.api.request_bodies import too_long
from serve.api.requests import IN_SCOPE, begin_request
from serve.api.requests import Request as Context
from serve.api.service import Service
from serve.codecs.media_types import MODEL_ID, Answer, Field
from serve.problems import RequestError


class RequestContext:
    """Gives every request an id and a trace, and counts and marks every answer.

    It is the outermost layer, so that the answers of middleware and of bugs are counted, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, path = service_of(scope), scope["path"]
        request = begin_request(
            scope["method"], path, headers=dict(scope["headers"]), route=find_route(path)
        )
        scope = {**scope, IN_SCOPE: request}
        if request.method == "HEAD" and request.route is FRAMEWORK:
            scope["method"] = "GET"  # uvicorn, by its own scope, leaves the body of the answer out.
        answer = _MarkedAnswer(service, request, scope, send)
        if b"expect" in request.headers:
            receive = answer.listening(receive)
        service.admission.requests += 1
        try:
            await self._app(scope, receive, answer)
        except Exception:
            if not answer.has_begun:
                raise
            service.log_bug(request)
        finally:
            service.admission.requests -= 1
            service.release_body(request)


class _MarkedAnswer:
    """A `send` that adds the fields which every answer carries, and counts."""

    def __init__(self, service: Service, request: Context, scope: Scope, send: Send) -> None:
        self._service = service
        self._request = request
        self._scope = scope
        self._send = send
        self._is_refused = False
        self._is_body_awaited = b"expect" in request.headers
        """Whether the client waits for a word before it sends the body."""
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if self._is_refused:
            return
        if message["type"] == "http.response.start":
            self.has_begun = True
            fields = [*message.get("headers", ())]
            try:
                self._service.admission.check_answer(
                    _length_of(fields), body_bytes=self._request.held_bytes
                )
            except RequestError as error:
                self._is_refused = True
                await _send_answer(self._send, self._service.fail(self._request, error))
                return
            message = {**message, "headers": self._marked(fields)}
            if not self._request.is_abandoned:
                self._service.count(self._request, self._route_name(), message["status"])
        await self._send(message)

    def listening(self, receive: Receive) -> Receive:
        """Return a `receive` that notes that the body was asked for."""

        async def receive_body() -> Message:
            self._is_body_awaited = False
            return await receive()

        return receive_body

    def _marked(self, fields: list[Field]) -> list[Field]:
        fields = [_with_head(field) for field in fields]
        fields += self._service.common_fields(self._request)
        if self._is_body_awaited and not any(name == b"connection" for name, _value in fields):
            fields.append((b"connection", b"close"))  # Whether the body still comes is open.
        # What was made in a thread names its model itself, for another may be live by now.
        if not any(name == MODEL_ID for name, _value in fields):
            fields += self._service.model_id()
        return fields

    def _route_name(self) -> str:
        if self._request.route is not FRAMEWORK:
            return self._request.route.name
        # The framework's router notes in the scope which route it took.
        name: str = getattr(self._scope.get("route"), "path", FRAMEWORK.name)
        return name


class Cors:
    """Starlette's CORS middleware, made once the settings are known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cors: CORSMiddleware | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, and tell pages of other origins what they may read."""
        policy = service_of(scope).cors if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return
        if self._cors is None:
            self._cors = copy(policy)
            self._cors.app = self._app
        await self._cors(scope, receive, send)


class BodyLimit:
    """Bounds the bodies that added routes read; prediction routes bound theirs by themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a route fail with 413 once it reads more than `max_body_bytes`."""
        if scope["type"] == "http" and context_of(scope).route is FRAMEWORK:
            receive = _bounded(receive, service_of(scope).settings.max_body_bytes)
        await self._app(scope, receive, send)


def _bounded(receive: Receive, most: int) -> Receive:
    size = 0

    async def receive_part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            # FastAPI takes any other error of a body for one that can't be parsed.
            raise HTTPException(HTTPStatus.CONTENT_TOO_LARGE, too_long(most).detail)
        return message

    return receive_part


class Keys:
    """Refuses requests without an accepted API key, if keys are set; unknown paths included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request with an accepted key pass."""
        try:
            if scope["type"] == "http":
                service_of(scope).check_key(context_of(scope))
            elif scope["type"] == "websocket":
                headers = dict(scope["headers"])
                service_of(scope).check_key(begin_request("GET", scope["path"], headers=headers))
        except RequestError as error:
            await _refuse(error, scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _refuse(error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    answer = scope["app"].exception_handlers[RequestError]
    response = await answer(Request(scope, receive), error)
    await response(scope, receive, send)


async def _send_answer(send: Send, answer: Answer) -> None:
    status, fields, body = answer
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _length_of(fields: list[Field]) -> int:
    """Return the length of an answer that begins, 0 if it is not said."""
    return int(dict(fields).get(b"content-length", b"0"))


def _with_head(field: Field) -> Field:
    """Return a field that names what a route takes with HEAD beside GET."""
    return (field[0], b"GET, HEAD") if field == (b"allow", b"GET") else field
