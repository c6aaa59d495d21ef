"""One server that is given one model after the other, for checks that need models of their own."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Model
from conformance.serving.clients import Client, json_of
from conformance.serving.model_volume import ModelVolume, writable_model_volume
from conformance.serving.servers import Server, ready_server
from conformance.serving.watching_server import SWITCH_SECONDS
from conformance.validity.lineage import latest_artifact


@dataclass(frozen=True)
class _SwitchingServer:
    model_volume: ModelVolume
    server: Server
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def served(subject: Subject, folder: Path, *, refusal: str = "") -> Iterator[Client]:
    """Yield a client of a server with the model of a folder; other checks wait for their turn.

    `refusal` is the reason to skip if the server refuses the model and says so; without it, the
    model has to be served.
    """
    switching = _switching_server(subject)
    artifact = latest_artifact(folder)
    with switching.lock:
        switching.model_volume.publish(artifact.path)
        server = switching.server
        client = server.client(Model(artifact))
        is_standard = subject.api == "oip"
        server.wait_until(
            lambda: (
                is_live(server, client.name, version=artifact.path.name)
                if is_standard
                else server.names(artifact.path.name)
            ),
            seconds=SWITCH_SECONDS,
            problem=f"LATEST names {artifact.path.name}, which is neither served nor refused",
            fix='switch to it, or add to /ready: {"model": …, "refused": {"id": …, "reason": …}}',
        )
        if is_standard:
            yield client
            return
        ready = json_of(server.http.get("/ready"))
        if ready.get("model") == artifact.path.name:
            yield client
            return
        if refusal:
            raise Skipped(refusal)
        raise Fault(
            "the server refuses a model that keeps the contract",
            "serve every model whose hashes are right and whose graph answers its examples",
            expected=artifact.path.name,
            found=ready,
        )


def is_live(server: Server, name: str, *, version: str) -> bool:
    """Return whether a server of the Open Inference Protocol alone, without /ready, has a version.

    Where the metadata lists versions, it must be there: another one may answer for a moment longer.
    """
    path = f"/v2/models/{name}"
    if server.status(f"{path}/versions/{version}/ready") != HTTPStatus.OK:
        return False
    described = json_of(server.http.get(path))
    return version in (described.get("versions") or [version])


def _switching_server(subject: Subject) -> _SwitchingServer:
    def make() -> _SwitchingServer:
        stack = ExitStack()
        subject.at_end.callback(stack.close)
        volume = stack.enter_context(writable_model_volume(subject, EXAMPLES / "model"))
        server = stack.enter_context(ready_server(subject, source=volume.volume))
        return _SwitchingServer(volume, server)

    try:
        return subject.once("switching server", make)
    except Fault:
        raise Skipped("no server gets ready; see the check `server`") from None
