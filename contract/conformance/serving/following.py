"""A server that follows LATEST, and which of the published models answers."""

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
from conformance.serving.made_models import MORE
from conformance.serving.model_volume import ModelVolume, writable_model_volume
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server
from conformance.validity.lineage import latest_artifact

FOLLOW_SECONDS = 15.0
"""Maximum wait until a server on a busy machine has read LATEST, and tried and loaded a model."""
WATCH_SECONDS = 3.0
"""How long a server that can't tell what it refuses is watched."""
_CLOSE = 1e-5


@dataclass(frozen=True)
class Following:
    """A server that serves the example, and the volume that it follows."""

    model_volume: ModelVolume
    server: Server
    client: Client
    first: Path
    other: Path
    """A model that predicts otherwise, not yet on the volume."""

    @property
    def example(self) -> Example:
        """A row to ask for."""
        return complete_examples(self.client.model)[0]

    @property
    def expected(self) -> dict[str, float]:
        """What each of the two models predicts for it."""
        value = self.example.expected
        if isinstance(value, list):
            raise TypeError("the example predicts a number")
        return {self.first.name: value, self.other.name: value + MORE}

    def answering(self, protocol: Protocol) -> str:
        """Return the id of the live model, after checking its predictions."""
        found = self.client.predict([self.example.row], protocol=protocol)
        expected = self.expected.get(found.model)
        if expected is not None and abs(found.numbers[0] - expected) > _CLOSE * abs(expected):
            raise Fault(
                f"model {found.model} answers {found.numbers[0]}, and predicts {expected}",
                "let an answer's number and id come from one model, taken once for the request",
            )
        return found.model

    def serves_other(self, subject: Subject) -> bool:
        """Wait until LATEST, which names the other model, was seen; return whether that is live."""
        protocol, end = protocol_of(subject), time.monotonic() + WATCH_SECONDS

        def is_settled() -> bool:
            if self.answering(protocol) == self.other.name:
                return True
            if subject.api == "oip":
                return time.monotonic() > end
            return self.tells_of(self.other.name)

        self.server.wait_until(
            is_settled,
            seconds=FOLLOW_SECONDS,
            problem=f"LATEST names {self.other.name}, which is neither served nor refused",
            fix='switch to it, or add to /ready: {"model": …, "refused": {"id": …, "reason": …}}',
        )
        return self.answering(protocol) == self.other.name

    def tells_of(self, model: str) -> bool:
        """Return whether /ready or /model mentions a model."""
        return any(model in self.server.http.get(path).text for path in ("/ready", "/model"))


@contextmanager
def following(subject: Subject, make_other: Callable[[Path], Path]) -> Iterator[Following]:
    """Yield a server that serves the example; `make_other` makes the other model in a folder."""
    folder = EXAMPLES / "model"
    example = latest_artifact(folder)
    other = make_other(subject.scratch())
    with (
        writable_model_volume(subject, folder) as model_volume,
        ready_server(subject, source=model_volume.volume) as server,
    ):
        yield Following(model_volume, server, server.client(Model(example)), example.path, other)


def protocol_of(subject: Subject) -> Protocol:
    """Return how the checks of following ask."""
    return protocols_of(subject)[0]
