"""Serve: it follows LATEST, and keeps what it has when that leads to nothing good."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.checking import Fault
from conformance.models.inputs import latest_of
from conformance.models.model_data import Example, Model
from conformance.serving.clients import Client, Protocol
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.load import under_load
from conformance.serving.made_models import (
    DAMAGES,
    MORE,
    damaged_copy,
    lying_model,
    other_model,
)
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server
from conformance.serving.shelf import Shelf, shelf
from conformance.subject import EXAMPLES, Subject

_FOLLOW_SECONDS = 15.0
"""What it may take on a busy machine to see another pointer, and to load and try a tiny model."""
_CLOSE = 1e-5
_WATCH_SECONDS = 3.0
"""How long a server that can't tell what it refuses is watched."""


@dataclass(frozen=True)
class Following:
    """A server that serves the example, and the volume that it follows."""

    shelf: Shelf
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


@http_check(
    "new-model",
    promise="a new model is live within seconds, and no request fails or mixes two models",
    oip=True,
)
def new_model(subject: Subject) -> None:
    with _following(subject) as it:
        with under_load(it.client, it.example, it.expected, _protocol(subject)) as load:
            it.server.until(
                lambda: it.first.name in load.seen or bool(load.wrong),
                seconds=_FOLLOW_SECONDS,
                lacks="no request was answered",
                mend="see the checks of the API",
            )
            it.shelf.publish(it.other)
            it.server.until(
                lambda: it.other.name in load.seen or bool(load.wrong),
                seconds=_FOLLOW_SECONDS,
                lacks=f"LATEST names {it.other.name}, and {it.first.name} still answers",
                mend="look at LATEST every second and take live what it names",
            )
        load.check()


@http_check(
    "rollback",
    promise="it follows LATEST back to an older model, while PINNED stands beside it, too",
    oip=True,
)
def rollback(subject: Subject) -> None:
    with _following(subject) as it:
        for model in (it.other, it.first):
            if model is it.first:
                it.shelf.point(model.name, name="PINNED")
                it.shelf.point(model.name)
            else:
                it.shelf.publish(model)
            _wait_for(it, model.name, subject)


@http_check(
    "bad-model",
    promise="a damaged model, or one that answers its examples wrongly, is not served; the old one"
    " is",
    oip=True,
)
def bad_model(subject: Subject) -> None:
    with _following(subject) as it:
        folder = subject.scratch()
        bad = {about: damaged_copy(it.other, folder, damage) for about, damage in DAMAGES.items()}
        bad["its examples expect something else"] = lying_model(subject.scratch())
        for about, artifact in bad.items():
            it.shelf.publish(artifact)
            _check_refused(it, artifact, about, subject)
        it.shelf.point("0" * 16)
        _check_refused(it, Path("0" * 16), "there is no such artifact", subject)
        it.shelf.publish(it.other)
        _wait_for(it, it.other.name, subject)


@contextmanager
def _following(subject: Subject) -> Iterator[Following]:
    folder = EXAMPLES / "model"
    example = latest_of(folder)
    other = other_model(subject.scratch())
    with shelf(subject, folder) as place, ready_server(subject, source=place.volume) as server:
        yield Following(place, server, server.client(Model(example)), example.path, other)


def _wait_for(it: Following, model: str, subject: Subject) -> None:
    it.server.until(
        lambda: _answering(it, subject) == model,
        seconds=_FOLLOW_SECONDS,
        lacks=f"LATEST names {model}, and another model still answers",
        mend="follow LATEST wherever it leads, to older models, too, and look at it every second",
    )


def _check_refused(it: Following, artifact: Path, about: str, subject: Subject) -> None:
    """Check that the first model goes on answering, and that the server says why."""
    end = time.monotonic() + _WATCH_SECONDS

    def is_settled() -> bool:
        answered = _answering(it, subject)
        if answered != it.first.name:
            raise Fault(
                f"LATEST names an artifact that must not be served ({about}), and model"
                f" {answered} answers instead of {it.first.name}",
                "check hashes, kind and contract version, and replay examples.jsonl, before a"
                " model goes live",
            )
        if subject.api == "oip":
            return time.monotonic() > end
        return any(artifact.name in it.server.http.get(p).text for p in ("/ready", "/model"))

    it.server.until(
        is_settled,
        seconds=_FOLLOW_SECONDS,
        lacks=f"{artifact.name} ({about}) is not served, but /ready does not say so",
        mend='tell of it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
    )


def _answering(it: Following, subject: Subject) -> str:
    """Return the id of the model that answers; that it predicts as another one is a fault."""
    found = it.client.predict([it.example.row], protocol=_protocol(subject))
    expected = it.expected.get(found.model)
    if expected is not None and abs(found.numbers[0] - expected) > _CLOSE * abs(expected):
        raise Fault(
            f"model {found.model} answers {found.numbers[0]}, and predicts {expected}",
            "let an answer's number and id come from one model, taken once for the request",
        )
    return found.model


def _protocol(subject: Subject) -> Protocol:
    return protocols_of(subject)[0]
