"""The front: hot routes are answered here, before Starlette's middleware; the rest is FastAPI's."""

import itertools
import re
import secrets
from http import HTTPStatus

from stage_contract import LOGGER
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import problems
from serve.bodies import DisconnectedError, read_body
from serve.following import Follower
from serve.media import Answer, Field, Headers
from serve.problems import RequestError
from serve.routes import Route, find_route

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


class Front:
    """The ASGI application of one worker."""

    def __init__(self, app: ASGIApp, follower: Follower, *, max_body_bytes: int) -> None:
        self._app = app
        self._follower = follower
        self._max_body_bytes = max_body_bytes
        # A prefix of this process and a number: ids differ, and cost less than a UUID each.
        self._prefix = secrets.token_hex(6).encode()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        request_id = self._request_id(headers)
        route = find_route(scope["path"])
        if route is None:
            await self._app(scope, receive, self._marked(send, request_id))
            return
        try:
            status, fields, body = await self._answer(route, scope, headers, receive)
        except DisconnectedError:
            return
        fields += [(b"content-length", b"%d" % len(body)), (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, route: Route, scope: Scope, headers: Headers, receive: Receive
    ) -> Answer:
        try:
            _check_method(scope["method"])
            self._follower.live()
            body = await read_body(receive, headers, most=self._max_body_bytes)
            # From here to the answer nothing waits, so it comes from one model.
            model = self._follower.live()
            status, fields, answer = route(model, headers, body)
        except RequestError as error:
            return self._fail(error)
        except DisconnectedError:
            raise
        except Exception:  # noqa: BLE001  # the client gets its answer, the log the traceback
            LOGGER.exception("a request to %s failed", scope["path"])
            return self._fail(problems.bug())
        return status, [*fields, (b"x-model-id", model.id.encode())], answer

    def _fail(self, error: RequestError) -> Answer:
        fields = [(b"content-type", problems.MEDIA_TYPE.encode()), *self._model_id()]
        return error.status, [*fields, *error.headers], error.document()

    def _marked(self, send: Send, request_id: bytes) -> Send:
        """Return a `send` that adds the headers which every answer carries."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(b"x-request-id", request_id), *self._model_id()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        return send_marked

    def _model_id(self) -> list[Field]:
        model = self._follower.model
        return [(b"x-model-id", model.id.encode())] if model else []

    def _request_id(self, headers: Headers) -> bytes:
        """Return the client's id of a request if it has a fit one, else a new one."""
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        return b"%b-%x" % (self._prefix, next(self._numbers))


def _check_method(method: str) -> None:
    if method != "POST":
        allow = [(b"allow", b"POST")]
        detail = "predictions are asked for with POST, see /docs"
        raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allow)
