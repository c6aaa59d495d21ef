"""Servers of the image under check: started as compose starts it, on a free port."""

import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Unpack

import httpx

from conformance.harness.concurrency import run_concurrently
from conformance.harness.containers import PIPELINE, Options
from conformance.harness.faults import Fault, Skipped
from conformance.harness.running_container import RunningContainer
from conformance.harness.runs import last_lines
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Model
from conformance.serving.clients import Client
from conformance.validity.lineage import latest_artifact

PORT = 8000
READY_SECONDS = 60.0
"""Maximum wait until a server on a busy machine is ready; its own time is measured elsewhere."""
_REQUEST_SECONDS = 30.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """A running server."""

    container: RunningContainer
    http: httpx.Client
    name: str
    """Of the model: that of the pipeline."""
    ready_path: str

    def client(self, model: Model) -> Client:
        """Return what asks it about a model."""
        return Client(self.http, self.name, model)

    def status(self, path: str) -> int | None:
        """Return the status of a route, or None while nothing answers."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return None

    def names(self, model: str) -> bool:
        """Return whether /ready mentions a model, as the live one or as one that is refused."""
        try:
            return model in self.http.get("/ready").text
        except httpx.TransportError:
            return False

    def is_ready(self) -> bool:
        """Return whether it says that it is ready."""
        return self.status(self.ready_path) == 200

    def wait_until(
        self, condition: Callable[[], bool], *, seconds: float, problem: str, fix: str
    ) -> None:
        """Wait for a condition; it is a fault if it takes too long, or if the server ends."""
        end = time.monotonic() + seconds
        while not condition():
            if not self.container.is_running:
                said = last_lines(self.container.log)
                raise Fault(f"the server has ended; its log ends with:\n{said}", "see its log")
            if time.monotonic() > end:
                raise Fault(f"{problem} after {seconds:.0f} s", fix)
            time.sleep(_POLL_SECONDS)


@contextmanager
def started_server(subject: Subject, **options: Unpack[Options]) -> Iterator[Server]:
    """Yield a server that was started and need not be ready."""
    published: Options = {**options, "ports": [PORT]}
    with subject.started(**published) as container:
        base = f"http://{container.address(PORT)}"
        with httpx.Client(base_url=base, timeout=_REQUEST_SECONDS) as http:
            yield Server(container, http, model_name(subject), ready_path_of(subject))


@contextmanager
def ready_server(subject: Subject, **options: Unpack[Options]) -> Iterator[Server]:
    """Yield a server that is ready."""
    with started_server(subject, **options) as server:
        server.wait_until(
            server.is_ready,
            seconds=READY_SECONDS,
            problem=f"GET {server.ready_path} is not 200",
            fix=f"listen on 0.0.0.0:{PORT}, load the model that LATEST names in /data/in, and then"
            " say so; see the log of the container",
        )
        yield server


def model_name(subject: Subject) -> str:
    """Return what the model is called: `name` of the pipeline, else that of its file."""
    return str(tomllib.loads(subject.settings).get("name", PIPELINE))


def ready_path_of(subject: Subject) -> str:
    """Return the route that says whether it is ready, in the API that the image offers."""
    return "/v2/health/ready" if subject.api == "oip" else "/ready"


def shared_client(subject: Subject, example: str = "model") -> Client:
    """Return a client of a server on one of the examples, started once and ended at the end."""
    folder = EXAMPLES / example

    def make() -> Client:
        stack = ExitStack()
        subject.at_end.callback(stack.close)
        server = stack.enter_context(ready_server(subject, source=folder))
        return server.client(Model(latest_artifact(folder)))

    return subject.once(f"server of {example}", make)


def ready_client(subject: Subject, example: str = "model") -> Client:
    """Return the same for checks of something else than whether it gets ready."""
    try:
        return shared_client(subject, example)
    except Fault:
        raise Skipped("no server gets ready; see the check `server`") from None


def example_clients(subject: Subject) -> list[Client]:
    """Return clients of a server that predicts a number, and of one that predicts a class."""
    return run_concurrently(
        lambda: ready_client(subject), lambda: ready_client(subject, "penguins/model")
    )
