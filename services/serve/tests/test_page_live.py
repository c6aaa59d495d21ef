"""GET /page/live: the last hour as the live view shows it."""

import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import Worker
from serve.api.page.live import read_facts
from serve.api.page.live_document import Facts, Live, document_of
from serve.api.worker_state import WorkerState
from serve.runtime.clock import SteadyClock
from serve.runtime.shared_state import SharedState
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model

ROW = {"carat": 1, "cut": "Good", "color": "Fair"}
QUANTILES = [0, 500, 900, 1000, 1100, 2000, 3000]
REFERENCE = json.dumps({"predictions": {"rows": 9, "quantiles": QUANTILES}})


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test take place within one minute."""
    monkeypatch.setattr(SteadyClock, "now", lambda _clock: 1e9)


def worker_of(volume: Path, model: MadeModel = DIAMONDS, **settings: Any) -> Worker:
    publish_model(volume, model)
    return Worker(volume, **settings)


def live(worker: Worker) -> dict[str, Any]:
    """Return the document after the next report of the worker."""
    worker.service.tick(connections=0)
    answer = worker.ask("GET", "/page/live", headers={"x-stagecoach-page": "1"})
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def columns(worker: Worker) -> dict[str, dict[str, Any]]:
    [model] = live(worker)["models"]
    return {column["name"]: column for column in model["columns"]}


def test_before_the_first_request_there_is_a_row_to_try(diamonds: Worker) -> None:
    found = live(diamonds)

    assert json.loads(found["example"]) == diamonds.watcher.live().example
    assert (found["minutes"], found["requests"], found["model"]) == ([], 0, DIAMONDS.id)
    diamonds.predict(ROW)
    assert live(diamonds)["example"] is None


def test_without_a_model_failed_predictions_are_shown(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.predict(ROW)
    found = live(worker)

    assert (found["model"], found["models"], found["swaps"]) == (None, [], [])
    assert found["minutes"][0]["answers"] == {"5xx": 1}
    assert found["minutes"][0]["causes"] == {"503": 1}


def test_the_response_is_never_stored(diamonds: Worker) -> None:
    answer = diamonds.ask("GET", "/page/live")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_without_the_page_there_is_no_live_view(tmp_path: Path) -> None:
    assert worker_of(tmp_path, page=False).ask("GET", "/page/live").status_code == 404


def test_predictions_are_shown_beside_those_of_training(tmp_path: Path) -> None:
    worker = worker_of(tmp_path, DIAMONDS.but(reference=REFERENCE))
    worker.predict(ROW | {"carat": 0.95}, ROW | {"carat": 1.05}, ROW | {"carat": 99})
    [model] = live(worker)["models"]

    assert model["target"] == "price"
    assert model["predictions"] == {
        "origin": "predictions",
        "bins": [
            {"training": 0.0, "count": 0, "high": 0.0},
            {"training": 0.05, "count": 0, "low": 0.0, "high": 500.0},
            {"training": 0.2, "count": 0, "low": 500.0, "high": 900.0},
            {"training": 0.25, "count": 1, "low": 900.0, "high": 1000.0},
            {"training": 0.25, "count": 1, "low": 1000.0, "high": 1100.0},
            {"training": 0.2, "count": 0, "low": 1100.0, "high": 2000.0},
            {"training": 0.05, "count": 0, "low": 2000.0, "high": 3000.0},
            {"training": 0.0, "count": 1, "low": 3000.0},
        ],
    }


def test_classes_are_shown_by_their_values(tmp_path: Path) -> None:
    shares = json.dumps({"predictions": {"rows": 9, "shares": [0.5, 0.25, 0.25]}})
    worker = worker_of(tmp_path, PENGUINS.but(reference=shares))
    worker.predict(*PENGUINS.rows * 3)
    [model] = live(worker)["models"]

    assert model["predictions"]["bins"] == [
        {"training": 0.5, "count": 3, "value": "Adelie"},
        {"training": 0.25, "count": 0, "value": "Chin%strap"},
        {"training": 0.25, "count": 0, "value": 'G"entoo'},
    ]


def test_missing_values_are_shown_beside_those_of_training(diamonds: Worker) -> None:
    diamonds.predict(ROW | {"depth": 50}, ROW | {"color": None}, ROW, ROW | {"color": "NA"})
    found = columns(diamonds)

    assert found["depth"] == {
        "name": "depth",
        "missing": 3,
        "outside": 0,
        "kind": "out_of_range",
        "training_missing": 0.03,
        "series": [[0, 3, 0]],
    }
    assert (found["color"]["missing"], found["color"]["outside"]) == (2, None)


def test_the_columns_that_differ_most_from_training_come_first(diamonds: Worker) -> None:
    rows = [ROW | {"carat": 99, "depth": 50, "cut": cut} for cut in ("Odd", "Good", "Good", "Good")]
    diamonds.predict(*rows)
    [model] = live(diamonds)["models"]

    assert [each["name"] for each in model["columns"]] == ["carat", "cut", "depth", "color"]
    assert [each["outside"] for each in model["columns"]] == [4, 1, 0, None]
    assert model["left_out"] == 0


def test_a_column_as_in_training_is_left_out(tmp_path: Path) -> None:
    worker = worker_of(tmp_path)
    worker.predict(*[ROW | {"depth": 50}] * 97, *[ROW] * 3)

    assert [*columns(worker)] == ["color"]
    [model] = live(worker)["models"]
    assert model["left_out"] == 3


def test_a_private_column_is_counted_without_its_values(tmp_path: Path) -> None:
    worker = worker_of(tmp_path, PENGUINS)
    worker.predict({"bill": 39.1, "year": 2007, "island": "Secret"})
    worker.service.tick(connections=0)
    text = worker.ask("GET", "/page/live").text

    assert '"rows":1' in text
    assert "Secret" not in text
    assert "Biscoe" not in text


def test_a_worker_reads_an_earlier_model_from_the_volume(tmp_path: Path) -> None:
    """Another worker had it live, or the one before this process."""
    worker = worker_of(tmp_path, DIAMONDS.but(reference=REFERENCE))
    worker.predict(ROW | {"carat": 99})
    publish_model(tmp_path, PENGUINS)
    worker.poll()
    worker.predict(*PENGUINS.rows)
    penguins, diamonds = live(worker)["models"]

    assert (penguins["id"], penguins["target"], penguins["rows"]) == (PENGUINS.id, "species", 1)
    assert (diamonds["id"], diamonds["target"], diamonds["rows"]) == (DIAMONDS.id, "price", 1)
    assert diamonds["columns"][0]["name"] == "carat"
    assert diamonds["predictions"]["bins"][-1]["count"] == 1


def test_an_earlier_model_that_was_pruned_keeps_its_numbers(tmp_path: Path) -> None:
    worker = worker_of(tmp_path)
    worker.predict(ROW)
    publish_model(tmp_path, PENGUINS)
    worker.poll()
    shutil.rmtree(tmp_path / DIAMONDS.id)
    _, gone = live(worker)["models"]

    assert gone == {
        "id": DIAMONDS.id,
        "rows": 1,
        "minutes": [[0, 1]],
        "target": None,
        "predictions": None,
        "columns": [],
        "left_out": 0,
    }


def test_an_artifact_that_became_another_one_keeps_its_numbers(tmp_path: Path) -> None:
    worker = worker_of(tmp_path, DIAMONDS.but(reference=REFERENCE))
    worker.predict(ROW | {"carat": 99})
    shutil.rmtree(tmp_path / DIAMONDS.id)
    [field, *_] = DIAMONDS.fields
    narrow = DIAMONDS.but(fields=[field], rows=[{"carat": 1}], numbers=[[1.0]], strings=[])
    publish_model(tmp_path, narrow)
    [model] = live(worker)["models"]

    assert (model["id"], model["rows"], model["target"]) == (DIAMONDS.id, 1, None)
    assert (model["predictions"], model["columns"]) == (None, [])


def test_of_many_models_the_newest_are_shown_and_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_of(tmp_path)
    ids = [f"{number:016x}" for number in range(10)]
    for model in ids:
        publish_model(tmp_path, DIAMONDS.but(id=model))
        worker.poll()
        worker.predict(ROW)
    read: list[str] = []

    def read_counted(path: Path) -> Facts:
        read.append(path.name)
        return read_facts(path)

    monkeypatch.setattr("serve.api.page.live.read_facts", read_counted)
    found = [live(worker), live(worker)]

    newest = ids[:-9:-1]
    assert [[model["id"] for model in each["models"]] for each in found] == [newest, newest]
    assert read == newest
    assert sum(minute["rows"] for minute in found[0]["minutes"]) == 10


def test_requests_between_two_reports_of_a_worker_get_the_same_document(
    diamonds: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(*parts: Any, now: float) -> Live:
        made.append(now)
        return document_of(*parts, now=now)

    monkeypatch.setattr("serve.api.page.live.document_of", make)
    diamonds.service.tick(connections=0)
    with ThreadPoolExecutor(8) as clients:
        same = {*clients.map(lambda _: diamonds.ask("GET", "/page/live").content, range(8))}
    diamonds.predict(ROW)
    before = diamonds.ask("GET", "/page/live").content
    after = live(diamonds)

    assert same == {before}
    assert after["requests"] == 1
    assert len(made) == 2


def test_a_swap_shows_at_once(diamonds: Worker, tmp_path: Path) -> None:
    before = live(diamonds)["model"]
    publish_model(tmp_path, PENGUINS)
    diamonds.poll()

    answer = diamonds.ask("GET", "/page/live")
    assert (before, answer.json()["model"]) == (DIAMONDS.id, PENGUINS.id)


def test_swaps_and_replaced_workers_meanwhile_break_no_response(tmp_path: Path) -> None:
    shared_state = SharedState(2)
    publish_model(tmp_path, DIAMONDS)
    asked, other = (
        Worker(tmp_path, worker_state=WorkerState(shared_state, number)) for number in range(2)
    )
    with ThreadPoolExecutor(4) as clients:
        answers: list[Future[httpx.Response]] = []
        for number in range(6):
            model = (DIAMONDS, PENGUINS)[number % 2].but(id=f"{number:016x}")
            publish_model(tmp_path, model)
            answers += [clients.submit(asked.ask, "GET", "/page/live") for _ in range(4)]
            for worker in (asked, other):
                worker.poll()
                worker.predict(*model.rows)
                worker.service.tick(connections=0)
            if number > 2:
                shutil.rmtree(tmp_path / f"{number - 2:016x}")
            other = Worker(tmp_path, worker_state=WorkerState(shared_state, 1))

    assert {answer.result().status_code for answer in answers} == {200}
    assert live(asked)["model"] == f"{5:016x}"


def test_a_model_that_answered_nothing_is_not_shown_once_it_is_replaced(tmp_path: Path) -> None:
    worker = worker_of(tmp_path)
    publish_model(tmp_path, PENGUINS)
    worker.poll()
    found = live(worker)

    assert [model["id"] for model in found["models"]] == [PENGUINS.id]
    assert [swap["model"] for swap in found["swaps"]] == [DIAMONDS.id, PENGUINS.id]


def test_health_checks_are_counted_apart(diamonds: Worker) -> None:
    diamonds.ask("GET", "/ready")
    diamonds.ask("GET", "/metrics")
    [minute] = live(diamonds)["minutes"]

    assert (minute["answers"], minute["others"]) == ({}, 2)
