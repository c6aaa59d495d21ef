"""Following LATEST: what is taken live, what is refused, and that the old model serves on."""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asking import Worker
from made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve.board import Board
from serve.models import Model
from serve.refusals import Cause, RefusedError
from serve.seats import Seat
from serve.tallies import Tallies
from stage_contract import Artifact
from stage_contract.publishing import prune

ROW = {"carat": 1, "cut": "Good"}
ANY = [1.0, 2.0]
NEXT = DIAMONDS.but(id="d" * 16, bias=(5000.0,))
FIELDS = DIAMONDS.document()["signature"]["fields"]


def price(worker: Worker) -> tuple[str, float]:
    """Return which model answers, and what."""
    answer = worker.predict(ROW).json()
    return answer["model"], answer["predictions"][0]["price"]


def refused(worker: Worker) -> Any:
    return worker.ask("GET", "/ready").json()["refused"]


def test_a_model_that_appears_later_goes_live(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    assert worker.ask("GET", "/ready").status_code == 503

    publish_model(tmp_path, DIAMONDS)
    worker.look()

    assert worker.ask("GET", "/ready").json()["model"] == DIAMONDS.id
    assert price(worker) == (DIAMONDS.id, 1020.5)


def test_without_a_model_it_says_that_the_gate_refused_one(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    (tmp_path / "LATEST").rename(tmp_path / "REFUSED")
    verdict = {"accepted": False, "reasons": ["r2 0.2, expected 0.9 at least"]}
    (tmp_path / DIAMONDS.id / "verdict.json").write_text(json.dumps(verdict))

    answer = Worker(tmp_path).ask("GET", "/ready")

    assert answer.status_code == 503
    assert answer.json()["detail"] == (
        f"no model is live: the gate of train refused model {DIAMONDS.id} (r2 0.2, expected 0.9 at"
        f" least); mend the cause, or accept it all the same: make accept ID={DIAMONDS.id}"
    )


def test_another_model_replaces_the_live_one_and_back(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    diamonds.look()
    after = price(diamonds)
    (tmp_path / "LATEST").write_text(DIAMONDS.id)
    diamonds.look()

    assert after == (NEXT.id, 6020.5)
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_a_model_with_other_columns_replaces_the_live_one(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS)
    diamonds.look()

    assert diamonds.predict(ROW).status_code == 422
    assert diamonds.predict({"island": "Dream"}).json()["model"] == PENGUINS.id


def damage_bytes(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"!")


def tear(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:100])


def add_file(artifact: Path) -> None:
    (artifact / "extra.bin").write_bytes(b"")


def link(artifact: Path) -> None:
    (artifact / "reference.json").unlink()
    (artifact / "reference.json").symlink_to("/etc/passwd")


def remove(artifact: Path) -> None:
    shutil.rmtree(artifact)


def change_manifest(**facts: Any) -> Callable[[Path], None]:
    def change(artifact: Path) -> None:
        path = artifact / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_bytes()) | facts))

    return change


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_bytes, "model.onnx does not match its SHA-256"),
        (tear, "model.onnx has 100 bytes"),
        (add_file, "extra.bin is not in the manifest"),
        (link, "reference.json is a link"),
        (remove, "no manifest.json"),
        (change_manifest(contract="2.0"), "written for contract 2.0"),
        (change_manifest(kind="clean-data"), "holds clean-data, expected model"),
        (change_manifest(content="0" * 64), "content is not the digest"),
    ],
)
def test_a_damaged_artifact_is_refused_while_the_old_model_serves_on(
    diamonds: Worker, tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    publish_model(tmp_path, NEXT)
    damage(tmp_path / NEXT.id)
    diamonds.look()

    assert price(diamonds) == (DIAMONDS.id, 1020.5)
    assert refused(diamonds)["id"] == NEXT.id
    assert reason in refused(diamonds)["reason"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (NEXT.but(expected=[5322.0, 0.0]), "line 2 of 2 gives 6521.0 here, expected 0.0"),
        (NEXT.but(rows=[], expected=[]), "examples.jsonl: empty"),
        (NEXT.but(rows=[{"carat": 1}], expected=[1]), "line 1, column cut: expected a text"),
        (NEXT.but(expected=[[1.0], [2.0, 3.0]]), "fails on its examples"),
        (NEXT.but(expected=["high", "low"]), "examples.jsonl: Expected `float | array`"),
        (NEXT.but(opset=22), "uses ai.onnx 22, expected at most 21"),
        (NEXT.but(numbers=[[1.0]], expected=ANY), "fails on its examples"),
        (NEXT.but(numbers=(), expected=ANY), "inputs are strings tensor(string), expected numbers"),
        (NEXT.but(fields=FIELDS[:2], expected=ANY), "inputs are numbers tensor(double), strings"),
        (NEXT.but(changes=(("classes", ["a", "b"]),)), "does not go with classes"),
        (NEXT.but(changes=(("opset", 21),)), "model.json: Expected `object`, got `int`"),
        (NEXT.but(ignored=["cut"]), "column cut is there twice"),
        (NEXT.but(fields=FIELDS[1:], expected=ANY), "columns of numbers are not numbered 0 to 0"),
        (NEXT.but(timezone="Nowhere"), "'Nowhere' is no time zone"),
    ],
)
def test_a_model_that_does_not_hold_what_it_promises_is_refused(
    diamonds: Worker, tmp_path: Path, model: MadeModel, reason: str
) -> None:
    publish_model(tmp_path, model)
    diamonds.look()

    assert price(diamonds) == (DIAMONDS.id, 1020.5)
    assert reason in refused(diamonds)["reason"]


def test_a_graph_that_is_none_is_refused(diamonds: Worker, tmp_path: Path) -> None:
    class Noise:
        def SerializeToString(self) -> bytes:  # noqa: N802  # as in onnx
            return b"not a graph"

    class Broken(MadeModel):
        def graph(self) -> Any:
            return Noise()

    publish_model(tmp_path, Broken(**vars(NEXT.but(expected=[1, 2]))))
    diamonds.look()

    assert "model.onnx: not an ONNX file" in refused(diamonds)["reason"]


@pytest.mark.parametrize("text", [b"../../etc", b"\xff\xfe", b""])
def test_a_wrong_pointer_is_refused(diamonds: Worker, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "LATEST").write_bytes(text)
    diamonds.look()

    assert "is not an id of 16 hex digits" in refused(diamonds)["reason"]
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_a_refusal_is_logged_once_and_looked_at_again_when_the_files_change(
    diamonds: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_model(tmp_path, NEXT)
    graph = (tmp_path / NEXT.id / "model.onnx").read_bytes()
    tear(tmp_path / NEXT.id)
    with caplog.at_level(logging.ERROR):
        diamonds.look()
        diamonds.look()
    (tmp_path / NEXT.id / "model.onnx").write_bytes(graph)
    diamonds.look()

    [record] = caplog.records
    assert record.getMessage().startswith("refused: ")
    assert record.getMessage().endswith(f"{DIAMONDS.id} serves on")
    assert price(diamonds) == (NEXT.id, 6020.5)
    assert refused(diamonds) is None


def pass_time(worker: Worker, seconds: float) -> None:
    """Let a refusal be so much older."""
    refusal = worker.follower.refused
    assert refusal is not None
    worker.follower.refused = replace(refusal, tried=refusal.tried - seconds)


def fail_twice(worker: Worker, monkeypatch: pytest.MonkeyPatch, cause: Cause) -> list[str]:
    """Let the next two models be refused; return the models that are tried from now on."""
    load, tried = worker.follower._load, list[str]()  # noqa: SLF001  # to fail within it

    def refuse(artifact: Artifact, before: Model | None) -> Model:
        tried.append(artifact.id)
        if len(tried) <= 2:
            raise RefusedError(cause, f"try {len(tried)}")
        return load(artifact, before)

    monkeypatch.setattr(worker.follower, "_load", refuse)
    return tried


@pytest.mark.parametrize("cause", ["latency", "memory"])
def test_what_was_measured_is_tried_again_after_pauses_that_grow_and_logged_once(
    diamonds: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    cause: Cause,
) -> None:
    tried = fail_twice(diamonds, monkeypatch, cause)
    publish_model(tmp_path, NEXT)
    diamonds.look()
    first = diamonds.follower.refused
    counts = []
    for seconds in (29, 2, 31, 30):
        pass_time(diamonds, seconds)
        diamonds.look()
        counts.append(len(tried))
        if diamonds.follower.refused is not None:
            assert first is not None
            assert diamonds.follower.refused.since is first.since
            assert refused(diamonds)["reason"] == f"try {len(tried)}"

    assert counts == [1, 2, 2, 3]
    assert caplog.text.count("refused: ") == 1
    assert diamonds.follower.refusals == {cause: 1}
    assert price(diamonds) == (NEXT.id, 6020.5)


def test_what_was_not_measured_is_not_tried_again(
    diamonds: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = fail_twice(diamonds, monkeypatch, "examples")
    publish_model(tmp_path, NEXT)
    diamonds.look()
    pass_time(diamonds, 86_400)
    diamonds.look()

    assert tried == [NEXT.id]


def seat_of_two(*, told: int, model: str) -> Seat:
    """Return the first of two seats, at one of which a worker has told its model."""
    board = Board(2)
    board.write(told, msgspec.msgpack.encode(Tallies(model=model)))
    return Seat(board, 0)


@pytest.mark.parametrize("told", [0, 1])
@pytest.mark.parametrize(
    ("offered", "cause"),
    [
        (NEXT.but(expected=ANY), "examples"),
        (NEXT.but(ignored=["price"]), "signature"),
    ],
)
def test_a_worker_that_starts_anew_serves_what_its_seat_or_another_served_and_compares_with_it(
    tmp_path: Path, told: int, offered: MadeModel, cause: Cause
) -> None:
    publish_model(tmp_path, DIAMONDS)
    publish_model(tmp_path, offered)
    seat = seat_of_two(told=told, model=DIAMONDS.id)
    worker = Worker(tmp_path, seat=seat, signature="compatible")
    worker.look()

    assert price(worker) == (DIAMONDS.id, 1020.5)
    assert (refused(worker)["id"], refused(worker)["cause"]) == (NEXT.id, cause)


def test_a_worker_that_starts_anew_goes_on_to_the_latest_model(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    publish_model(tmp_path, NEXT)
    worker = Worker(tmp_path, seat=seat_of_two(told=0, model=DIAMONDS.id))
    worker.look()

    assert price(worker) == (NEXT.id, 6020.5)


def test_a_worker_that_starts_anew_does_without_a_model_that_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_model(tmp_path, NEXT)
    worker = Worker(tmp_path, seat=seat_of_two(told=1, model=DIAMONDS.id))

    assert price(worker) == (NEXT.id, 6020.5)
    assert f"model {DIAMONDS.id} is not taken over: " in caplog.text


def test_without_a_live_model_the_reason_of_the_refusal_is_the_answer(tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    tear(tmp_path / NEXT.id)
    worker = Worker(tmp_path)

    answer = worker.predict(ROW)

    assert answer.status_code == 503
    assert "model.onnx has 100 bytes" in answer.json()["detail"]


def test_a_withdrawn_refused_model_is_forgotten(diamonds: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path, NEXT)
    tear(tmp_path / NEXT.id)
    diamonds.look()
    (tmp_path / "LATEST").write_text(DIAMONDS.id)
    diamonds.look()

    assert refused(diamonds) is None


def test_the_live_model_is_kept_from_pruning_and_the_one_before_is_not(
    diamonds: Worker, tmp_path: Path
) -> None:
    publish_model(tmp_path, NEXT)
    kept = prune(tmp_path, keep=1)
    diamonds.look()

    assert kept == []
    assert prune(tmp_path, keep=1) == [DIAMONDS.id]


def test_an_artifact_that_goes_away_while_it_is_read_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    publish_model(tmp_path, NEXT)
    load = worker.follower._load  # noqa: SLF001  # to fail within it

    def vanish(artifact: Any, before: Any) -> Any:
        shutil.rmtree(tmp_path / NEXT.id)
        return load(artifact, before)

    monkeypatch.setattr(worker.follower, "_load", vanish)
    worker.look()

    assert price(worker) == (DIAMONDS.id, 1020.5)


def test_a_bug_while_loading_is_logged_and_does_not_end_the_following(
    diamonds: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_artifact: object, _before: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(diamonds.follower, "_load", fail)
    publish_model(tmp_path, NEXT)
    diamonds.look()

    assert "ZeroDivisionError" in caplog.text
    assert price(diamonds) == (DIAMONDS.id, 1020.5)


def test_following_looks_at_once_and_then_again_and_again(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.follower._poll_seconds = 0.001  # noqa: SLF001  # so that the test need not wait
    publish_model(tmp_path, DIAMONDS)

    async def until_live() -> list[str]:
        seen = []
        async with asyncio.timeout(10), worker.follower.following():
            seen.append(worker.follower.live().id)
            publish_model(tmp_path, NEXT)
            while worker.follower.live().id != NEXT.id:
                await asyncio.sleep(0)
            seen.append(worker.follower.live().id)
        return seen

    assert asyncio.run(until_live()) == [DIAMONDS.id, NEXT.id]
