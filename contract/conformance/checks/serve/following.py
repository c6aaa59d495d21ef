"""Serve: it follows LATEST, and keeps its model if the new one must not be served."""

import time
from pathlib import Path

from conformance.harness.checking import Fault
from conformance.harness.subject import Subject
from conformance.serving.following import (
    FOLLOW_SECONDS,
    WATCH_SECONDS,
    Following,
    following,
    protocol_of,
)
from conformance.serving.http_checks import http_check
from conformance.serving.load import under_load
from conformance.serving.made_models import (
    DAMAGES,
    damaged_copy,
    lying_model,
    model_of_tomorrow,
    other_model,
)


@http_check(
    "new-model",
    promise="a new model is live within seconds, and no request fails or mixes two models",
    oip=True,
)
def new_model(subject: Subject) -> None:
    with following(subject, other_model) as it:
        with under_load(it.client, it.example, it.expected, protocol_of(subject)) as load:
            it.server.until(
                lambda: it.first.name in load.seen or bool(load.wrong),
                seconds=FOLLOW_SECONDS,
                lacks="no request was answered",
                fix="see the checks of the API",
            )
            it.shelf.publish(it.other)
            it.server.until(
                lambda: it.other.name in load.seen or bool(load.wrong),
                seconds=FOLLOW_SECONDS,
                lacks=f"LATEST names {it.other.name}, and {it.first.name} still answers",
                fix="read LATEST every second and switch to the model that it names",
            )
        load.check()


@http_check(
    "rollback",
    promise="it follows LATEST back to an older model, also while PINNED exists",
    oip=True,
)
def rollback(subject: Subject) -> None:
    with following(subject, other_model) as it:
        for model in (it.other, it.first):
            if model is it.first:
                it.shelf.point(model.name, name="PINNED")
                it.shelf.point(model.name)
            else:
                it.shelf.publish(model)
            _wait_for(it, model.name, subject)


@http_check(
    "bad-model",
    promise="a model that is damaged, answers its examples wrongly or has an unknown rule is not"
    " served; the old one is",
    oip=True,
)
def bad_model(subject: Subject) -> None:
    with following(subject, other_model) as it:
        folder = subject.scratch()
        bad = {about: damaged_copy(it.other, folder, damage) for about, damage in DAMAGES.items()}
        bad["its examples expect something else"] = lying_model(subject.scratch())
        bad["a column has a rule that no contract knows"] = model_of_tomorrow(subject.scratch())
        for about, artifact in bad.items():
            it.shelf.publish(artifact)
            _check_refused(it, artifact, about, subject)
        it.shelf.point("0" * 16)
        _check_refused(it, Path("0" * 16), "there is no such artifact", subject)
        it.shelf.publish(it.other)
        _wait_for(it, it.other.name, subject)


def _wait_for(it: Following, model: str, subject: Subject) -> None:
    it.server.until(
        lambda: it.answering(protocol_of(subject)) == model,
        seconds=FOLLOW_SECONDS,
        lacks=f"LATEST names {model}, and another model still answers",
        fix="follow LATEST, also to older models, and read it every second",
    )


def _check_refused(it: Following, artifact: Path, about: str, subject: Subject) -> None:
    """Check that the first model keeps answering, and that the server says why."""
    end = time.monotonic() + WATCH_SECONDS

    def is_settled() -> bool:
        answered = it.answering(protocol_of(subject))
        if answered != it.first.name:
            raise Fault(
                f"LATEST names an artifact that must not be served ({about}), and model"
                f" {answered} answers instead of {it.first.name}",
                "check hashes, kind, contract version and the keys of every field, and replay"
                " examples.jsonl, before a model goes live",
            )
        if subject.api == "oip":
            return time.monotonic() > end
        return it.tells_of(artifact.name)

    it.server.until(
        is_settled,
        seconds=FOLLOW_SECONDS,
        lacks=f"{artifact.name} ({about}) is not served, but /ready does not say so",
        fix='report it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
    )
