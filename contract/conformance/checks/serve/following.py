"""Serve: it follows LATEST, and keeps its model if the new one must not be served."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Model
from conformance.serving.clients import json_of
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
    hardly_wrong_model,
    lying_model,
    model_of_tomorrow,
    nearly_right_model,
    other_model,
)
from conformance.serving.rows import complete_examples
from conformance.serving.servers import ready_server
from conformance.validity.lineage import latest_artifact

_CHANGE_SECONDS = 4.0


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
        bad["its last example is off by more than 1e-5"] = hardly_wrong_model(subject.scratch())
        bad["a column has a rule that no contract knows"] = model_of_tomorrow(subject.scratch())
        kinds = {artifact.name: about for about, artifact in bad.items()}
        for artifact in bad.values():
            followed.model_volume.publish(artifact)
            check_refused(followed, artifact.name, kinds, subject)
        missing = "0" * 16
        followed.model_volume.point(missing)
        check_refused(followed, missing, kinds | {missing: "there is no such artifact"}, subject)
        followed.model_volume.publish(followed.other)
        _wait_for(followed, followed.other.name, subject)


@http_check(
    "fallback",
    promise="a server that starts with a damaged LATEST serves the newest model that the gate"
    " accepted",
    oip=True,
)
def fallback(subject: Subject) -> None:
    volume = subject.scratch()
    shutil.copytree(EXAMPLES / "model", volume, dirs_exist_ok=True)
    refused = other_model(volume)
    (refused / "verdict.json").write_text('{"accepted": false, "reasons": ["no"]}', "utf-8")
    _check_fallback(subject, volume, "the newest one that the gate accepted")


@http_check(
    "fallback-pinned",
    promise="a server that starts with a damaged LATEST beside PINNED serves the pinned model",
    oip=True,
)
def pinned_fallback(subject: Subject) -> None:
    volume = subject.scratch()
    shutil.copytree(EXAMPLES / "model", volume, dirs_exist_ok=True)
    shutil.copy(volume / "LATEST", volume / "PINNED")
    _check_fallback(subject, volume, "the pinned one")


def _check_fallback(subject: Subject, volume: Path, expected: str) -> None:
    """Damage LATEST, and check that a server serves the example."""
    first = latest_artifact(EXAMPLES / "model")
    damaged = damaged_copy(first.path, volume, DAMAGES["model.onnx is cut off"])
    (volume / "LATEST").write_text(f"{damaged.name}\n", encoding="utf-8")
    with ready_server(subject, source=volume) as server:
        client = server.client(Model(first))
        example = complete_examples(client.model)[0]
        found = client.predict([example.row], protocol=protocol_of(subject)).model
        if found != first.path.name:
            raise Fault(
                "LATEST names a damaged model, and the server that starts does not serve"
                f" {expected}",
                "see 'A new model' in contract/reference/api.md",
                expected=first.path.name,
                found=found,
            )
        if subject.api == "all":
            check_told(json_of(server.http.get("/ready")), damaged.name)


def check_told(ready: Any, refused: str) -> None:
    """Check that /ready says which model is refused, and why."""
    told = ready.get("refused")
    if not isinstance(told, dict) or told.get("id") != refused or not told.get("reason"):
        raise Fault(
            f"/ready does not say that {refused} is not served, and why",
            'report it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
            found=ready,
        )


@http_check(
    "close-examples",
    promise="a model that answers its examples within 1e-5 goes live",
    oip=True,
)
def close_examples(subject: Subject) -> None:
    with following(subject, nearly_right_model) as followed:
        followed.model_volume.publish(followed.other)
        _wait_for(followed, followed.other.name, subject)


@http_check(
    "fast-changes",
    promise="while LATEST changes many times a second, no request fails or mixes two models",
    oip=True,
)
def fast_changes(subject: Subject) -> None:
    with following(subject, other_model) as followed:
        names = (followed.other.name, followed.first.name)
        followed.model_volume.put(followed.other)
        with under_load(
            followed.client, followed.example, followed.expected, protocol_of(subject)
        ) as load:
            followed.model_volume.alternate(names, seconds=_CHANGE_SECONDS)
            followed.model_volume.point(followed.other.name)
            _wait_for(followed, followed.other.name, subject)
        load.check()


def _wait_for(followed: Following, model: str, subject: Subject) -> None:
    followed.server.wait_until(
        lambda: followed.answering(protocol_of(subject)) == model,
        seconds=FOLLOW_SECONDS,
        problem=f"LATEST names {model}, and another model still answers",
        fix="follow LATEST, also to older models, and read it every second",
    )


def check_refused(
    followed: Following, artifact: str, kinds: Mapping[str, str], subject: Subject
) -> None:
    """Check that the first model keeps answering, and that the server says why.

    `kinds` says by id what is wrong with each model: one that was published before this one may
    only go live now.
    """
    end = time.monotonic() + WATCH_SECONDS

    def is_settled() -> bool:
        is_watched = time.monotonic() > end if subject.api == "oip" else followed.tells_of(artifact)
        answered = followed.answering(protocol_of(subject))
        if answered != followed.first.name:
            raise Fault(
                f"model {answered} answers, which must not be served:"
                f" {kinds.get(answered, 'LATEST has not named it')}",
                "check hashes, kind, contract version and the keys of every field, and replay"
                " examples.jsonl, before a model goes live",
                expected=followed.first.name,
                found=answered,
            )
        return is_watched

    followed.server.wait_until(
        is_settled,
        seconds=FOLLOW_SECONDS,
        problem=f"{artifact} ({kinds[artifact]}) is not served, but /ready does not say so",
        fix='report it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
    )
