"""Serve: it follows LATEST, and keeps its model if the new one must not be served."""

import time
from pathlib import Path

from conformance.harness.faults import Fault
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
    with following(subject, other_model) as followed:
        with under_load(
            followed.client, followed.example, followed.expected, protocol_of(subject)
        ) as load:
            followed.server.wait_until(
                lambda: followed.first.name in load.seen or bool(load.wrong),
                seconds=FOLLOW_SECONDS,
                problem="no request was answered",
                fix="see the checks of the API",
            )
            followed.model_volume.publish(followed.other)
            followed.server.wait_until(
                lambda: followed.other.name in load.seen or bool(load.wrong),
                seconds=FOLLOW_SECONDS,
                problem=f"LATEST names {followed.other.name}, but {followed.first.name} still"
                " answers",
                fix="read LATEST every second and switch to the model that it names",
            )
        load.check()


@http_check(
    "rollback",
    promise="it follows LATEST back to an older model, also while PINNED exists",
    oip=True,
)
def rollback(subject: Subject) -> None:
    with following(subject, other_model) as followed:
        for model in (followed.other, followed.first):
            if model is followed.first:
                followed.model_volume.point(model.name, name="PINNED")
                followed.model_volume.point(model.name)
            else:
                followed.model_volume.publish(model)
            _wait_for(followed, model.name, subject)


@http_check(
    "bad-model",
    promise="a model that is damaged, answers its examples wrongly or has an unknown rule is not"
    " served; the old one is",
    oip=True,
)
def bad_model(subject: Subject) -> None:
    with following(subject, other_model) as followed:
        folder = subject.scratch()
        bad = {
            about: damaged_copy(followed.other, folder, damage) for about, damage in DAMAGES.items()
        }
        bad["its examples expect something else"] = lying_model(subject.scratch())
        bad["a column has a rule that no contract knows"] = model_of_tomorrow(subject.scratch())
        for about, artifact in bad.items():
            followed.model_volume.publish(artifact)
            _check_refused(followed, artifact, about, subject)
        followed.model_volume.point("0" * 16)
        _check_refused(followed, Path("0" * 16), "there is no such artifact", subject)
        followed.model_volume.publish(followed.other)
        _wait_for(followed, followed.other.name, subject)


def _wait_for(followed: Following, model: str, subject: Subject) -> None:
    followed.server.wait_until(
        lambda: followed.answering(protocol_of(subject)) == model,
        seconds=FOLLOW_SECONDS,
        problem=f"LATEST names {model}, and another model still answers",
        fix="follow LATEST, also to older models, and read it every second",
    )


def _check_refused(followed: Following, artifact: Path, about: str, subject: Subject) -> None:
    """Check that the first model keeps answering, and that the server says why."""
    end = time.monotonic() + WATCH_SECONDS

    def is_settled() -> bool:
        answered = followed.answering(protocol_of(subject))
        if answered != followed.first.name:
            raise Fault(
                f"LATEST names an artifact that must not be served ({about}), and model"
                f" {answered} answers instead of {followed.first.name}",
                "check hashes, kind, contract version and the keys of every field, and replay"
                " examples.jsonl, before a model goes live",
            )
        if subject.api == "oip":
            return time.monotonic() > end
        return followed.tells_of(artifact.name)

    followed.server.wait_until(
        is_settled,
        seconds=FOLLOW_SECONDS,
        problem=f"{artifact.name} ({about}) is not served, but /ready does not say so",
        fix='report it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
    )
