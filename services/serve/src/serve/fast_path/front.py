"""The front: hot routes are answered here, before Starlette's middleware; the rest is FastAPI's.

Whatever holds for every request holds here: ids, keys, CORS, limits, counts, the log.
"""

from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING

from stage_contract import LOGGER
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import problems
from serve.api.error_responses import error_form
from serve.api.prediction_routes import FRAMEWORK, find_route
from serve.api.request_bodies import DisconnectedError, check_length, read_body
from serve.api.requests import SHOWS_DETAILS, Request, begin_request
from serve.codecs.media_types import MODEL_ID, Answer, Field
from serve.fast_path.micro_batching import MicroBatcher
from serve.model.model_watcher import ModelWatcher
from serve.problems import RequestError
from serve.runtime.access import read_keys
from serve.runtime.admission_control import SMALL_BODY_BYTES, AdmissionControl, Kind
from serve.runtime.cors import Cors
from serve.runtime.counters import Counters
from serve.runtime.request_queue import RequestQueue
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.runtime.connection_balancing import Balance

_ON_EVERY_ANSWER = (b"x-content-type-options", b"nosniff")


class Front:
    """The application of one worker."""

    def __init__(
        self, app: ASGIApp, watcher: ModelWatcher, *, settings: Settings, counters: Counters
    ) -> None:
        """Make a front for the framework's application.

        Raises:
            SettingsError: the file of API keys can't be used.
        """
        self.settings = settings
        self.counters = counters
        self.admission = AdmissionControl(
            max_wait_seconds=settings.max_wait_seconds,
            max_waiting_bytes=settings.max_waiting_bytes,
        )
        self.request_queue = RequestQueue(self.admission)
        self.micro_batcher = MicroBatcher(watcher)
        self.balance: Balance | None = None
        """Set where there are several workers."""
        self.keys = read_keys(
            settings.api_keys_file,
            public=settings.public,
            max_header_bytes=settings.max_header_bytes,
            before=counters.key_digests,
        )
        self._cors = Cors(settings.cors_origins) if settings.cors_origins else None
        self._app = app
        self._watcher = watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that comes as ASGI messages."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, headers = scope["path"], dict(scope["headers"])
        route = find_route(path)
        request = begin_request(scope["method"], path, headers=headers, route=route)
        self.admission.requests += 1
        try:
            answer = self.refuse(request)
            if answer is None and route is None:
                if request.method == "HEAD":  # uvicorn leaves the body of the answer out.
                    scope = {**scope, "method": "GET"}
                scope = {**scope, SHOWS_DETAILS: request.shows_details}
                await self._app(scope, receive, self._marked(send, request, scope))
                return
            if answer is None:
                answer = await self._read_and_answer(request, receive)
        except DisconnectedError:
            return
        finally:
            self.admission.requests -= 1
        await _send_answer(send, answer)

    async def _read_and_answer(self, request: Request, receive: Receive) -> Answer:
        held, most = 0, self.settings.max_body_bytes

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self.admission.held_bytes += size
            if held > SMALL_BODY_BYTES:
                self.admission.check_space()

        try:
            body = await read_body(receive, request.headers, most=most, hold=hold)
            return self.answer(request, body)
        except RequestError as error:
            return self.fail(request, error)
        finally:
            self.admission.held_bytes -= held

    def refuse(self, request: Request) -> Answer | None:
        """Return an answer that needs no body: a refusal, mostly."""
        headers = request.headers
        try:
            if self._cors is not None:
                preflight = self._cors.preflight(request.method, headers)
                if preflight is not None:
                    return self.complete(request, preflight)
            if self.keys is not None:
                request.shows_details = self.keys.check(request.path, headers)
            if request.route is not FRAMEWORK:
                self._check_hot(request)
        except RequestError as error:
            return self.fail(request, error)
        return None

    def _check_hot(self, request: Request) -> None:
        if request.method != "POST":
            allow = [(b"allow", b"POST")]
            detail = f"predictions are asked for with POST{self.settings.see_docs}"
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allow)
        self._watcher.live()
        if check_length(request.headers, most=self.settings.max_body_bytes) > SMALL_BODY_BYTES:
            self.admission.check_space()
            self.admission.check_wait()

    def is_measured(self, kind: Kind) -> bool:
        """Return whether the live model has answered a body of a kind."""
        return self.admission.knows(kind, model=self._watcher.model)

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return the answer of a hot route. Nothing in it waits, so it comes from one model."""
        try:
            model = self._watcher.live()
            status, fields, answer = request.route.answer(model, request.headers, body)
        except RequestError as error:
            return self.fail(request, error)
        except Exception:  # noqa: BLE001  # the client gets its answer, the log the traceback
            LOGGER.exception("a request to %r failed", request.path, extra=request.facts())
            return self.fail(request, problems.bug())
        return self.complete_prediction(request, (status, fields, answer), body_bytes=len(body))

    def complete_prediction(self, request: Request, answer: Answer, *, body_bytes: int) -> Answer:
        """Return an answer of the live model with its id, and with what every answer has.

        If there is no room for it, return a refusal.
        """
        status, fields, body = answer
        try:
            self.admission.check_answer(len(body), body_bytes=body_bytes)
        except RequestError as error:
            return self.fail(request, error)
        return self.complete(request, (status, [*fields, *self._model_id()], body))

    def fail(self, request: Request, error: RequestError) -> Answer:
        """Return the answer that says what is wrong with a request."""
        if error.limit is not None:
            self.counters.refuse(error.limit)
        shown = error if request.shows_details else error.without_details()
        media_type, body = error_form(request.path, shown)
        fields = [(b"content-type", media_type), *self._model_id(), *error.headers]
        return self.complete(request, (error.status, fields, body))

    def complete(self, request: Request, answer: Answer) -> Answer:
        """Return an answer with the fields that every one has, counted and logged."""
        status, fields, body = answer
        self._count(request, request.route.name, status)
        length = (b"content-length", b"%d" % len(body))
        return status, [*fields, length, *self._on_every(request)], body

    def _on_every(self, request: Request) -> list[Field]:
        fields = [
            (b"x-request-id", request.id),
            (b"traceresponse", request.trace.response()),
            _ON_EVERY_ANSWER,
        ]
        return fields if self._cors is None else fields + self._cors.fields(request.headers)

    def _count(self, request: Request, name: str, status: int) -> None:
        seconds = monotonic() - request.began
        self.counters.answered(name, status, seconds)
        if self.settings.access_log:
            facts = {"method": request.method, "route": name, "status": int(status)}
            extra = facts | {"seconds": round(seconds, 6)} | request.facts()
            LOGGER.info("%s %s %d", request.method, name, status, extra=extra)

    def _marked(self, send: Send, request: Request, scope: Scope) -> Send:
        """Return a `send` that adds the fields which every answer carries, and counts."""
        is_refused = False

        async def send_marked(message: Message) -> None:
            nonlocal is_refused
            if is_refused:
                return
            if message["type"] == "http.response.start":
                try:
                    self.admission.check_answer(_length_of(message), body_bytes=0)
                except RequestError as error:
                    is_refused = True
                    await _send_answer(send, self.fail(request, error))
                    return
                fields = [_with_head(field) for field in message.get("headers", ())]
                fields += self._on_every(request)
                # What was made in a thread names its model itself, for another may be live by now.
                if not any(name == MODEL_ID for name, _value in fields):
                    fields += self._model_id()
                message = {**message, "headers": fields}
                # The framework's router notes in the scope which route it took.
                name = getattr(scope.get("route"), "path", FRAMEWORK.name)
                self._count(request, name, message["status"])
            await send(message)

        return send_marked

    def _model_id(self) -> list[Field]:
        model = self._watcher.model
        return [(MODEL_ID, model.id.encode())] if model else []


async def _send_answer(send: Send, answer: Answer) -> None:
    status, fields, body = answer
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _length_of(start: Message) -> int:
    """Return the length of an answer that the framework begins, 0 if it does not say."""
    return int(dict(start.get("headers", ())).get(b"content-length", b"0"))


def _with_head(field: Field) -> Field:
    """Return a field that names what a route takes with HEAD beside GET, which the front adds."""
    return (field[0], b"GET, HEAD") if field == (b"allow", b"GET") else field
