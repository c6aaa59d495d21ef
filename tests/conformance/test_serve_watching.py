"""The checks of a switch between models find a server that tells the wrong one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from conformance.checks.serve import model_watching
from conformance.harness.faults import Fault
from conformance.serving import switching
from conformance.serving.servers import Server
from conformance.serving.watching_server import WatchingServer
from support.answering import SUBJECT, client_of


@pytest.mark.parametrize(
    "told", [None, "an-id", {"id": "an-id"}, {"id": "another", "reason": "why"}]
)
def test_a_refused_model_that_is_not_told_with_its_reason_is_found(told: object) -> None:
    model_watching.check_told({"refused": {"id": "an-id", "reason": "why"}}, "an-id")

    with pytest.raises(Fault, match="does not say that an-id is not served, and why"):
        model_watching.check_told({"refused": told}, "an-id")


@pytest.mark.parametrize(
    ("ready", "versions", "live"),
    [
        (200, {"versions": ["new"]}, True),
        (200, {"versions": ["old", "new"]}, True),
        (200, {}, True),
        (200, {"versions": []}, True),
        (200, {"versions": ["old"]}, False),
        (404, {"versions": ["new"]}, False),
    ],
)
def test_a_standard_server_has_switched_once_its_metadata_name_the_version(
    ready: int, versions: Mapping[str, Sequence[str]], *, live: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_ready = request.url.path == "/v2/models/houses/versions/new/ready"
        return httpx.Response(ready) if is_ready else httpx.Response(200, json=versions)

    server = Server(cast(Any, None), client_of(answer).http, "houses", "/v2/health/ready")

    assert switching.is_live(server, "houses", version="new") == live


def watching_with(ids: Sequence[str]) -> WatchingServer:
    """Return a server whose model answers with these ids, one after the other."""
    answered: Iterator[str] = iter(ids)

    def wait_until(condition: Callable[[], bool], **_: object) -> None:
        while not condition():
            pass

    return cast(
        WatchingServer,
        SimpleNamespace(
            first=SimpleNamespace(name="first"),
            server=SimpleNamespace(wait_until=wait_until),
            live_model=lambda _protocol: next(answered),
            mentions=lambda _model: True,
        ),
    )


def answering_ready(documents: Sequence[Mapping[str, object]]) -> Server:
    """Return a server that answers /ready with these, one after the other, and then gives up."""
    answers = iter(documents)

    def wait_until(condition: Callable[[], bool], *, problem: str, fix: str, **_: object) -> None:
        try:
            while not condition():
                pass
        except StopIteration:
            raise Fault(problem, fix) from None

    http = client_of(lambda _request: httpx.Response(200, json=next(answers))).http
    return cast(Server, SimpleNamespace(http=http, wait_until=wait_until))


REFUSAL = {"id": "bad", "reason": "why"}


@pytest.mark.parametrize("live", [{"model": "new"}, {"model": "new", "refused": None}])
def test_a_refusal_that_ends_once_latest_names_the_live_model_is_right(
    live: Mapping[str, object],
) -> None:
    before: list[Mapping[str, object]] = [
        {"model": "old", "refused": None},
        {"model": "new", "refused": REFUSAL},
    ]

    model_watching.check_nothing_refused(answering_ready([*before, live]), "new")


def test_a_refusal_that_stays_after_latest_names_the_live_model_is_found() -> None:
    with pytest.raises(Fault, match=r"LATEST names new, .* but /ready still refuses a model"):
        model_watching.check_nothing_refused(
            answering_ready([{"model": "new", "refused": REFUSAL}]), "new"
        )


def test_a_bad_model_that_goes_live_late_is_named_by_its_own_kind() -> None:
    kinds = {"bad-1": "model.onnx is cut off", "bad-2": "it is of another kind"}

    model_watching.check_refused(watching_with(["first"]), "bad-1", kinds, SUBJECT)
    with pytest.raises(Fault, match=r"bad-1 answers, .*: model.onnx is cut off"):
        model_watching.check_refused(watching_with(["bad-1"]), "bad-2", kinds, SUBJECT)
