"""The service of one worker: shared by all routes, with or without the fast path."""

import asyncio
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from stage_contract import LOGGER

from serve import problems
from serve.api.cors import cors_fields, cors_policy
from serve.api.error_responses import error_form
from serve.api.metrics import expose
from serve.api.predictions.batching import BatchedRequest, Batcher
from serve.api.predictions.micro_batching import MicroBatcher
from serve.api.predictions.routes import FRAMEWORK
from serve.api.request_bodies import check_length
from serve.api.requests import Request
from serve.api.worker_state import WorkerState
from serve.codecs.media_types import MODEL_ID, Field, RawResponse
from serve.model.admission import Bounds
from serve.model.model_watcher import ModelWatcher
from serve.model.models import Model, load_admitted
from serve.problems import RequestError
from serve.runtime.access import KEY_LIMIT, read_keys, sends_key
from serve.runtime.admission_control import SMALL_BODY_BYTES, AdmissionControl, Kind
from serve.runtime.hosts import host_check
from serve.runtime.request_queue import RequestQueue
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.runtime.connection_balancing import Balance

_ON_EVERY_ANSWER = (b"x-content-type-options", b"nosniff")


class Service:
    """Settings, the live model, keys, limits and counters of one worker."""

    def __init__(
        self, worker_state: WorkerState, settings: Settings, *, name: str, volume: Path
    ) -> None:
        """Prepare a worker; `name` is the pipeline's name, `volume` holds its models.

        Raises:
            SettingsError: The file of API keys can't be read, or is invalid.
        """
        self.settings = settings
        self.name = name
        self.volume = volume
        self.worker_state = worker_state
        self.counters = worker_state.counters
        self.admission = AdmissionControl(
            max_wait_seconds=settings.max_wait_seconds,
            max_waiting_bytes=settings.max_waiting_bytes,
        )
        self.request_queue = RequestQueue(self.admission)
        load = partial(
            load_admitted,
            name=name,
            max_rows=settings.max_rows,
            bounds=Bounds.of(settings),
            with_report=settings.docs,
            is_monitored=worker_state.is_monitored,
        )
        self.watcher = ModelWatcher(
            worker_state.shared_state,
            volume,
            load,
            poll_seconds=settings.poll_seconds,
            on_swap=worker_state.observe,
        )
        self.micro_batcher = MicroBatcher(self.watcher)
        self.keys = read_keys(
            settings.api_keys_file,
            public=settings.public,
            pages=settings.static_pages,
            max_header_bytes=settings.max_header_bytes,
            before=self.counters.key_digests,
        )
        self._check_host = host_check(settings.allowed_hosts)
        self.cors = cors_policy(settings.cors_origins)
        """Starlette's CORS middleware; None if no origin is allowed."""
        self.balance: Balance | None = None
        """Balances connections between the workers; None with a single worker."""
        self.connections = 0

    def metrics(self) -> bytes:
        """Return the body of GET /metrics: this worker now, other workers as last reported."""
        self.tick(connections=self.connections)
        return expose(self.worker_state.all(), settings=self.settings.model_dump(mode="json"))

    def tick(self, *, connections: int) -> None:
        """Run the periodic work, once a second."""
        self.connections = connections
        if self.keys is not None:
            self.keys.follow()
            self.counters.key_digests = self.keys.digests
        if self.balance is not None:
            self.balance.correct(connections)
        self.worker_state.report(self.watcher, self.admission, connections=connections)

    def check_access(self, request: Request) -> None:
        """Refuse a request to another host, or without an accepted key, if hosts or keys are set.

        Raises:
            RequestError: The host is not allowed, or the key is missing or wrong.
        """
        self._check_host(request.headers)
        if self.keys is not None:
            request.shows_details = self.keys.check(request.path, request.headers)

    def check_prediction(self, request: Request) -> None:
        """Refuse a prediction that can't be answered now, before its body is read.

        Raises:
            RequestError: No model is live, the body is too long, or too much waits already.
        """
        self.watcher.live()
        declared = check_length(request.headers, max_bytes=self.settings.max_body_bytes)
        if not request.is_quick(declared):
            self.admission.check_space()
            self.admission.check_wait()

    def is_measured(self, kind: Kind) -> bool:
        """Return whether the live model has answered a body of this kind before."""
        return self.admission.knows(kind, model=self.watcher.model)

    def predict(self, request: Request, body: bytes) -> RawResponse:
        """Return a prediction. It does not await, so a single model answers it.

        Raises:
            RequestError: The request is invalid, or too many bytes are held for the response.
        """
        response = request.route.answer(self._live(request), request.headers, body)
        return self.with_model(response, body_bytes=len(body))

    def answer(self, request: Request, body: bytes) -> RawResponse:
        """Return the complete response to a prediction request, also for an invalid request."""
        try:
            response = request.route.answer(self._live(request), request.headers, body)
        except RequestError as error:
            return self.fail(request, error)
        except Exception:  # noqa: BLE001  # the client gets its answer, the log the traceback
            return self.bug(request)
        return self.complete_prediction(request, response, body_bytes=len(body))

    def complete_prediction(
        self, request: Request, response: RawResponse, *, body_bytes: int
    ) -> RawResponse:
        """Return the complete response for a prediction; a refusal if too many bytes are held."""
        try:
            return self.complete(request, self.with_model(response, body_bytes=body_bytes))
        except RequestError as error:
            return self.fail(request, error)

    def _live(self, request: Request) -> Model:
        model = self.watcher.live()
        return model.for_page if request.is_of_page else model

    def find_batcher(self, request: Request) -> Batcher | None:
        """Return the function that answers a request as a part of a batch, if there is one.

        Rows of a batch are counted together, so a request of the page is answered alone.
        """
        return None if request.is_of_page else request.route.find_batcher(request.headers)

    async def predict_queued(self, request: Request, body: bytes) -> RawResponse:
        """Return a prediction: small requests are batched, large ones are queued.

        Raises:
            RequestError: The request is invalid, or would wait too long.
        """
        if request.is_quick(len(body)):
            return await self._predict_small(request, body)
        response: asyncio.Future[RawResponse] = asyncio.get_running_loop().create_future()

        def work() -> None:
            if response.cancelled():
                return
            try:
                response.set_result(self.predict(request, body))
            except Exception as error:  # noqa: BLE001  # it is raised where the answer is awaited
                response.set_exception(error)

        if self.is_measured(request.kind):
            self.admission.check_wait()
            self.request_queue.add(work, kind=request.kind, size=len(body))
        else:
            self.request_queue.measure(work, kind=request.kind, size=len(body))
        return await response

    async def _predict_small(self, request: Request, body: bytes) -> RawResponse:
        batcher = self.find_batcher(request)
        response = batcher and await self.micro_batcher.answer(
            BatchedRequest(request.path, request.headers, body),
            batcher,
            complete=partial(self.with_model, body_bytes=len(body)),
        )
        return response or self.predict(request, body)

    def hold(self, request: Request, size: int) -> None:
        """Count a part of a body that has arrived.

        Raises:
            RequestError: Too many bytes are held already.
        """
        request.held_bytes += size
        self.admission.held_bytes += size
        if request.held_bytes > SMALL_BODY_BYTES:
            self.admission.check_space()

    def release_body(self, request: Request) -> None:
        """Stop counting the body of a request."""
        self.admission.held_bytes -= request.held_bytes
        request.held_bytes = 0

    def with_model(self, response: RawResponse, *, body_bytes: int) -> RawResponse:
        """Return a response of the live model with its id.

        Raises:
            RequestError: Too many bytes are held for the response.
        """
        status, fields, body = response
        self.admission.check_answer(len(body), body_bytes=body_bytes)
        return status, [*fields, *self.model_id()], body

    def error_response(self, request: Request, error: RequestError) -> RawResponse:
        """Return the error response for a request, and count the limit that refused it."""
        # A wrong key always counts: a client that guesses keys may send the page's header.
        is_guess = error.limit == KEY_LIMIT and sends_key(request.headers)
        if is_guess or not request.is_of_page:
            self._count_error(request, error)
        shown = error if request.shows_details else error.without_details()
        media_type, body = error_form(request.path, shown)
        return error.status, [(b"content-type", media_type), *error.headers], body

    def _count_error(self, request: Request, error: RequestError) -> None:
        if error.limit is not None:
            self.counters.refuse(error.limit)
        elif request.route is not FRAMEWORK:
            self.counters.fail(error.status)

    def fail(self, request: Request, error: RequestError) -> RawResponse:
        """Return the complete error response for a request."""
        status, fields, body = self.error_response(request, error)
        return self.complete(request, (status, [*fields, *self.model_id()], body))

    def bug(self, request: Request) -> RawResponse:
        """Return the complete response to a request that hit a bug; logs the traceback."""
        self.log_bug(request)
        return self.fail(request, problems.bug())

    def log_bug(self, request: Request) -> None:
        """Log the traceback of the current exception."""
        LOGGER.exception("a request to %r failed", request.path, extra=request.facts())

    def complete(self, request: Request, response: RawResponse) -> RawResponse:
        """Return a response with the common header fields; counts and logs it."""
        status, fields, body = response
        self.count(request, request.route.name, status)
        length = (b"content-length", b"%d" % len(body))
        complete = [*fields, length, *self.common_fields(request)]
        if self.cors is not None:
            complete += cors_fields(self.cors, request.headers)
        return status, complete, body

    def common_fields(self, request: Request) -> list[Field]:
        """Return the header fields of every response."""
        return [
            (b"x-request-id", request.id),
            (b"traceresponse", request.trace.response()),
            _ON_EVERY_ANSWER,
        ]

    def model_id(self) -> list[Field]:
        """Return the header field with the id of the live model."""
        model = self.watcher.model
        return [(MODEL_ID, model.id.encode())] if model else []

    def count(self, request: Request, name: str, status: int) -> None:
        """Count a response of a route, and log it if access logs are enabled."""
        seconds = monotonic() - request.began
        if request.is_of_page:
            self.counters.answered_page(name, status)
        else:
            self.counters.answered(name, status, seconds)
        if self.settings.access_log:
            facts = {"method": request.method, "route": name, "status": int(status)}
            extra = facts | {"seconds": round(seconds, 6)} | request.facts()
            LOGGER.info("%s %s %d", request.method, name, status, extra=extra)
