"""A server that watches LATEST, and which of the published models is live."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Example, Model
from conformance.serving.clients import Client, Protocol
from conformance.serving.http_checks import protocols_of
from conformance.serving.made_models import OFFSET
from conformance.serving.model_volume import ModelVolume, writable_model_volume
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server
from conformance.validity.lineage import latest_artifact

SWITCH_SECONDS = 15.0
"""Maximum time until a server on a busy machine has read LATEST, and tested and loaded a model."""
WATCH_SECONDS = 3.0
"""Time to observe a server that can't report which model it refuses."""
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class WatchingServer:
    """A server with the example as its live model, and the volume that it watches."""

    model_volume: ModelVolume
    server: Server
    client: Client
    first: Path
    other: Path
    """A model with other predictions, not yet on the volume."""

    @property
    def example(self) -> Example:
        """The example to request predictions for."""
        return complete_examples(self.client.model)[0]

    @property
    def expected(self) -> dict[str, float]:
        """The prediction of each of the two models for the example."""
        value = self.example.expected
        if isinstance(value, list):
            raise TypeError("the example predicts a number")
        return {self.first.name: value, self.other.name: value + OFFSET}

    def live_model(self, protocol: Protocol) -> str:
        """Return the id of the live model, after checking its predictions."""
        found = self.client.predict([self.example.row], protocol=protocol)
        expected = self.expected.get(found.model)
        if expected is not None and abs(found.numbers[0] - expected) > _TOLERANCE * abs(expected):
            raise Fault(
                f"model {found.model} returns {found.numbers[0]}; expected {expected}",
                "read the live model once per request, for its prediction and its id",
            )
        return found.model

    def serves_other(self, subject: Subject) -> bool:
        """Wait until the server has read LATEST; return whether the other model is live."""
        protocol, end = protocol_of(subject), time.monotonic() + WATCH_SECONDS

        def is_settled() -> bool:
            if self.live_model(protocol) == self.other.name:
                return True
            if subject.api == "oip":
                return time.monotonic() > end
            return self.mentions(self.other.name)

        self.server.wait_until(
            is_settled,
            seconds=SWITCH_SECONDS,
            problem=f"LATEST names {self.other.name}, which is neither served nor refused",
            fix='switch to it, or add to /ready: {"model": …, "refused": {"id": …, "reason": …}}',
        )
        return self.live_model(protocol) == self.other.name

    def mentions(self, model: str) -> bool:
        """Return whether /ready or /model mentions a model."""
        return any(model in self.server.http.get(path).text for path in ("/ready", "/model"))


@contextmanager
def watching_server(
    subject: Subject, make_other: Callable[[Path], Path]
) -> Iterator[WatchingServer]:
    """Yield a server with the example live; `make_other` makes the other model in a folder."""
    folder = EXAMPLES / "model"
    example = latest_artifact(folder)
    other = make_other(subject.scratch())
    with (
        writable_model_volume(subject, folder) as model_volume,
        ready_server(subject, source=model_volume.volume) as server,
    ):
        yield WatchingServer(
            model_volume, server, server.client(Model(example)), example.path, other
        )


def protocol_of(subject: Subject) -> Protocol:
    """Return the protocol of these checks."""
    return protocols_of(subject)[0]
