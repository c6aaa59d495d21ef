"""The form, the report and the live view when files change after a model was loaded."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Worker
from serve.api.page.live import read_facts
from serve.api.page.live_document import Facts
from serve.schema.model_json import read_description
from serve_testing.made_models import DIAMONDS, PENGUINS, publish_model
from stage_contract import ContractError

ROW = {"carat": 1, "cut": "Good", "color": "Fair"}
REPORTED = DIAMONDS.but(report="<p>a report")


def gone(path: Path) -> None:
    path.unlink()


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked(path: Path) -> None:
    other = path.parent.parent / "elsewhere"
    path.rename(other)
    path.symlink_to(other)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def malformed(path: Path) -> None:
    path.write_bytes(b"{")


def enlarged(path: Path) -> None:
    os.truncate(path, 3 << 30)


def replaced(path: Path) -> None:
    path.write_text('{"row": {"carat": 1, "cut": "INJECTED"}, "expected": 1}\n')


CHANGES = [gone, piped, linked, emptied, malformed, enlarged, replaced]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("/page/form", "examples.jsonl"),
        ("/page/form", "reference.json"),
        ("/report", "report.html"),
        ("/page/form", "manifest.json"),
    ],
)
def test_a_changed_file_is_named_and_never_shown(
    tmp_path: Path, change: Callable[[Path], None], route: str, name: str
) -> None:
    model = tmp_path / publish_model(tmp_path, REPORTED)
    worker = Worker(tmp_path)
    assert worker.ask("GET", route).status_code == 200
    change(model / name)
    answer = worker.ask("GET", route)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert name in answer.json()["detail"]
    assert str(tmp_path) not in answer.text
    assert "INJECTED" not in answer.text
    assert worker.predict(ROW).status_code == 200


def test_another_model_of_the_same_id_is_not_shown_as_the_live_one(tmp_path: Path) -> None:
    live = tmp_path / publish_model(tmp_path, REPORTED)
    worker = Worker(tmp_path)
    live.rename(tmp_path / "before")
    publish_model(tmp_path, REPORTED.but(report="<p>INJECTED"))

    for route in ("/page/form", "/report"):
        answer = worker.ask("GET", route)
        assert answer.status_code == 503
        assert "not that of the live model" in answer.json()["detail"]


@pytest.mark.parametrize("column", [[1], {}, 5, None])
def test_a_target_of_another_form_has_no_distribution(tmp_path: Path, column: object) -> None:
    target = {"name": "price", "type": "number", "column": column}
    quantiles = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    reference = json.dumps({"target": {"rows": 90, "quantiles": quantiles}})
    publish_model(tmp_path, DIAMONDS.but(changes=(("target", target),), reference=reference))
    answer = Worker(tmp_path).ask("GET", "/page/form")

    assert answer.status_code == 200
    assert answer.json()["predictions"] is None


@pytest.mark.parametrize("change", CHANGES)
def test_an_earlier_model_that_was_changed_has_no_facts_and_is_read_once(
    tmp_path: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    worker.predict(ROW)
    publish_model(tmp_path, PENGUINS)
    worker.poll()
    change(path / "model.json")
    read: list[Path] = []

    def count(path: Path) -> Facts:
        read.append(path)
        return read_facts(path)

    monkeypatch.setattr("serve.api.page.live.read_facts", count)
    answers = []
    for _ in range(2):
        # The worker's report makes the counts of the next document.
        worker.service.tick(connections=0)
        answers.append(worker.ask("GET", "/page/live"))

    assert [answer.status_code for answer in answers] == [200, 200]
    [target] = [each["target"] for each in answers[0].json()["models"] if each["id"] == DIAMONDS.id]
    assert target is None
    assert len(read) == len({*read})


def test_a_number_of_too_many_digits_is_a_damaged_model_json() -> None:
    document = json.dumps(DIAMONDS.document())[:-1] + ', "x": ' + "9" * 5000 + "}"
    with pytest.raises(ContractError, match=r"model\.json"):
        read_description(document.encode())
