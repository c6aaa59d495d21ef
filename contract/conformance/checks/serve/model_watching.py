"""Checks of serve: it watches LATEST, and keeps its model if the new one is invalid."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Model
from conformance.serving.clients import json_of
from conformance.serving.http_checks import http_check
from conformance.serving.load import under_load
from conformance.serving.made_models import (
    DAMAGES,
    damaged_copy,
    hardly_wrong_model,
    lying_model,
    nearly_right_model,
    other_model,
)
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server
from conformance.serving.watching_server import (
    SWITCH_SECONDS,
    WATCH_SECONDS,
    WatchingServer,
    protocol_of,
    watching_server,
)
from conformance.validity.lineage import latest_artifact

_CHANGE_SECONDS = 4.0
"""Time during which LATEST alternates between models."""


@http_check(
    "new-model",
    promise="a new model is live within seconds, and no request fails or mixes two models",
    oip=True,
)
def new_model(subject: Subject) -> None:
    with watching_server(subject, other_model) as watching:
        with under_load(
            watching.client, watching.example, watching.expected, protocol_of(subject)
        ) as load:
            watching.server.wait_until(
                lambda: watching.first.name in load.seen or bool(load.wrong),
                seconds=SWITCH_SECONDS,
                problem="no request was answered",
                fix="see the checks of the API",
            )
            watching.model_volume.publish(watching.other)
            watching.server.wait_until(
                lambda: watching.other.name in load.seen or bool(load.wrong),
                seconds=SWITCH_SECONDS,
                problem=f"LATEST names {watching.other.name}, but {watching.first.name} still"
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
    with watching_server(subject, other_model) as watching:
        for model in (watching.other, watching.first):
            if model is watching.first:
                watching.model_volume.point(model.name, name="PINNED")
                watching.model_volume.point(model.name)
            else:
                watching.model_volume.publish(model)
            _wait_for(watching, model.name, subject)


@http_check(
    "bad-model",
    promise="a model that is damaged or answers its examples wrongly is not served; the old one is,"
    " and /ready says why while LATEST names it",
    oip=True,
)
def bad_model(subject: Subject) -> None:
    with watching_server(subject, other_model) as watching:
        folder = subject.scratch()
        bad = {
            about: damaged_copy(watching.other, folder, damage) for about, damage in DAMAGES.items()
        }
        bad["its examples expect something else"] = lying_model(subject.scratch())
        bad["its last example is off by more than 1e-5"] = hardly_wrong_model(subject.scratch())
        kinds = {artifact.name: about for about, artifact in bad.items()}
        for artifact in bad.values():
            watching.model_volume.publish(artifact)
            check_refused(watching, artifact.name, kinds, subject)
        missing = "0" * 16
        watching.model_volume.point(missing)
        check_refused(watching, missing, kinds | {missing: "there is no such artifact"}, subject)
        watching.model_volume.publish(watching.other)
        _wait_for(watching, watching.other.name, subject)
        if subject.api == "all":
            check_nothing_refused(watching.server, watching.other.name)


def check_nothing_refused(server: Server, live: str) -> None:
    """Check that /ready soon refuses nothing once `LATEST` names the live model."""

    def refuses_nothing() -> bool:
        ready = json_of(server.http.get("/ready"))
        return ready.get("model") == live and ready.get("refused") is None

    server.wait_until(
        refuses_nothing,
        seconds=SWITCH_SECONDS,
        problem=f"LATEST names {live}, which is live, but /ready still refuses a model",
        fix="let `refused` be null or absent while LATEST names the live model",
    )


@http_check(
    "fallback",
    promise="a server that starts while LATEST names a damaged model serves the newest one that the"
    " gate accepted",
    oip=True,
)
def fallback(subject: Subject) -> None:
    volume = subject.scratch()
    shutil.copytree(EXAMPLES / "model", volume, dirs_exist_ok=True)
    refused_by_gate = other_model(volume)
    (refused_by_gate / "verdict.json").write_text('{"accepted": false, "reasons": ["no"]}', "utf-8")
    _check_fallback(subject, volume, "the newest one that the gate accepted")


@http_check(
    "fallback-pinned",
    promise="a server that starts while LATEST names a damaged model serves the one of PINNED",
    oip=True,
)
def pinned_fallback(subject: Subject) -> None:
    volume = subject.scratch()
    shutil.copytree(EXAMPLES / "model", volume, dirs_exist_ok=True)
    shutil.copy(volume / "LATEST", volume / "PINNED")
    _check_fallback(subject, volume, "the pinned one")


def _check_fallback(subject: Subject, volume: Path, expected: str) -> None:
    """Let LATEST name a damaged model, and check that a server serves the example."""
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
    with watching_server(subject, nearly_right_model) as watching:
        watching.model_volume.publish(watching.other)
        _wait_for(watching, watching.other.name, subject)


@http_check(
    "fast-changes",
    promise="while LATEST changes many times a second, no request fails or mixes two models",
    oip=True,
)
def fast_changes(subject: Subject) -> None:
    with watching_server(subject, other_model) as watching:
        names = (watching.other.name, watching.first.name)
        watching.model_volume.put(watching.other)
        with under_load(
            watching.client, watching.example, watching.expected, protocol_of(subject)
        ) as load:
            watching.model_volume.alternate(names, seconds=_CHANGE_SECONDS)
            watching.model_volume.point(watching.other.name)
            _wait_for(watching, watching.other.name, subject)
        load.check()


def _wait_for(watching: WatchingServer, model: str, subject: Subject) -> None:
    watching.server.wait_until(
        lambda: watching.live_model(protocol_of(subject)) == model,
        seconds=SWITCH_SECONDS,
        problem=f"LATEST names {model}, and another model still answers",
        fix="follow LATEST, also to older models, and read it every second",
    )


def check_refused(
    watching: WatchingServer, artifact: str, kinds: Mapping[str, str], subject: Subject
) -> None:
    """Check that the first model keeps answering, and that the server says why.

    `kinds` says by id what is wrong with each model: one that was published before this one may
    only go live now.
    """
    end = time.monotonic() + WATCH_SECONDS

    def is_settled() -> bool:
        is_watched = time.monotonic() > end if subject.api == "oip" else watching.mentions(artifact)
        answered = watching.live_model(protocol_of(subject))
        if answered != watching.first.name:
            raise Fault(
                f"model {answered} answers, which must not be served:"
                f" {kinds.get(answered, 'LATEST has not named it')}",
                "check hashes, kind, contract version and the keys of every field, and replay"
                " examples.jsonl, before a model goes live",
                expected=watching.first.name,
                found=answered,
            )
        return is_watched

    watching.server.wait_until(
        is_settled,
        seconds=SWITCH_SECONDS,
        problem=f"{artifact} ({kinds[artifact]}) is not served, but /ready does not say so",
        fix='report it in /ready: {"model": …, "refused": {"id": …, "reason": …}}',
    )
