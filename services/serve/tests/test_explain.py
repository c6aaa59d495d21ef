"""POST /predict with `explain=true`."""

import csv
import io
import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import CSV, Worker, errors
from serve.api.predictions.routes import find_route
from serve.api.requests import begin_request
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, field, publish_model

CONTRACT = Path(__file__).parents[3] / "contract"
HOUSES = CONTRACT / "examples/model"
PENGUIN = {"bill": 39.1, "year": 2007, "island": "Biscoe"}
STONE = {"carat": 1, "depth": 60, "cut": "Good", "color": None}


def ask(worker: Worker, *rows: Any, query: str = "explain=true") -> httpx.Response:
    return worker.ask("POST", f"/predict?{query}", json={"rows": rows})


def explain(worker: Worker, *rows: Any) -> list[dict[str, Any]]:
    answer = ask(worker, *rows)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["explanations"]
    return found


def table(worker: Worker, body: str, query: str = "explain=true") -> list[dict[str, str]]:
    answer = worker.ask("POST", f"/predict?{query}", content=body.encode(), headers=CSV)
    assert answer.status_code == 200, answer.text
    return [*csv.DictReader(io.StringIO(answer.text))]


def total(explanation: dict[str, Any]) -> float:
    private = explanation.get("private_columns", 0)
    return float(explanation["base_value"] + sum(explanation["contributions"].values()) + private)


def examples(volume: Path) -> list[dict[str, Any]]:
    [file] = volume.glob("*/examples.jsonl")
    return [json.loads(line)["row"] for line in file.read_text(encoding="utf-8").splitlines()]


def by_definition(
    worker: Worker, row: dict[str, Any], background: list[dict[str, Any]], output: Any
) -> dict[str, float]:
    """Return the Shapley values, from the predictions for all orders of the columns."""
    orders = [*itertools.permutations(row)]
    values = dict.fromkeys(row, 0.0)
    for start, order in itertools.product(background, orders):
        mixed, rows = dict(start), [dict(start)]
        for column in order:
            mixed[column] = row[column]
            rows.append(dict(mixed))
        found = [output(each) for each in worker.predict(*rows).json()["predictions"]]
        for column, (before, after) in zip(order, itertools.pairwise(found), strict=True):
            values[column] += (after - before) / len(orders) / len(background)
    return values


def test_a_number_is_the_base_value_and_the_contributions_of_the_columns(
    diamonds: Worker,
) -> None:
    [found] = explain(diamonds, STONE)

    background = [dict(row) for row in DIAMONDS.rows]
    expected = by_definition(diamonds, STONE, background, lambda each: each["price"])
    bases = [each["price"] for each in diamonds.predict(*background).json()["predictions"]]
    assert found == {
        "base_value": pytest.approx(sum(bases) / 2, rel=1e-6),
        "contributions": pytest.approx(expected, rel=1e-4),
    }
    # 1000 carat + depth + 10 cut + color, against the mean of both examples.
    assert found["contributions"]["carat"] == pytest.approx(1000 * (1 - (0.23 + 1.5) / 2), rel=1e-4)


def test_the_probability_of_the_predicted_class_is_explained(flights: Worker) -> None:
    row = {**FLIGHTS.rows[0]}
    answer = ask(flights, row).json()

    [prediction], [found] = answer["predictions"], answer["explanations"]
    assert found["class"] is prediction[FLIGHTS.target]
    name = json.dumps(found["class"])
    assert total(found) == pytest.approx(prediction["probabilities"][name], rel=1e-6)


def test_each_class_of_several_is_explained_by_the_definition(tmp_path: Path) -> None:
    fields = [*PENGUINS.fields[:2], PENGUINS.fields[2] | {"private": False}]
    rows = [PENGUIN, {"bill": 50.0, "year": 2009, "island": "Dream"}]
    publish_model(tmp_path, PENGUINS.but(fields=fields, rows=rows))
    worker = Worker(tmp_path)
    row = {"bill": 1.0, "year": 2000, "island": "Dream"}

    [found] = explain(worker, row)

    name = found["class"]
    expected = by_definition(worker, row, rows, lambda each: each["probabilities"][name])
    assert found["contributions"] == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_a_trained_model_adds_up_for_missing_unseen_and_dated_values() -> None:
    worker, rows = Worker(HOUSES), examples(HOUSES)
    unseen = rows[0] | {"size": 1e9, "colour": "no such colour", "sold": "2099-01-01T00:00:00Z"}
    asked = [*rows[:3], unseen]
    answer = ask(worker, *asked).json()

    for prediction, found in zip(answer["predictions"], answer["explanations"], strict=True):
        [target] = prediction.values()
        assert total(found) == pytest.approx(target, rel=1e-6)
        assert [*found["contributions"]] == [*rows[0]]
    assert answer["predictions"] == worker.predict(*asked).json()["predictions"]
    assert answer["explanation_method"] == {
        "method": "exact_shapley",
        "background_rows": 15,
        "runs_per_row": 960,
    }


def test_the_explanation_of_a_row_does_not_depend_on_other_rows() -> None:
    worker, rows = Worker(HOUSES), examples(HOUSES)
    together = explain(worker, *rows[:4])

    assert [explain(worker, row)[0] for row in rows[:4]] == together
    assert explain(worker, *rows[:4]) == together


@pytest.fixture
def wide(tmp_path: Path) -> Worker:
    """Return a worker with a sum of 12 numbers, of which the last has no weight."""
    names = [f"n{place}" for place in range(12)]
    fields = [field(name, "number", f"numbers {place}") for place, name in enumerate(names)]
    rows = [
        {name: float((place * 7 + number) % 5) for place, name in enumerate(names)}
        for number in range(20)
    ]
    weights = [[float(place)] for place in range(1, 12)] + [[0.0]]
    model = DIAMONDS.but(fields=fields, rows=rows, numbers=weights, strings=(), ignored=())
    publish_model(tmp_path, model)
    return Worker(tmp_path)


def test_more_columns_are_sampled_and_still_add_up(wide: Worker) -> None:
    answer = ask(wide, {f"n{place}": place * 1.1 for place in range(12)}).json()

    assert answer["explanation_method"]["method"] == "permutation_shapley"
    [found], [prediction] = answer["explanations"], answer["predictions"]
    assert total(found) == pytest.approx(prediction["price"], rel=1e-6)
    assert found["contributions"]["n11"] == 0


def test_a_number_with_an_interval_is_explained_without_its_ends(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS.but(interval=0.9))
    answer = ask(Worker(tmp_path), STONE).json()

    [found] = answer["explanations"]
    assert total(found) == pytest.approx(answer["predictions"][0]["price"], rel=1e-6)


def test_private_columns_have_one_contribution_without_a_name(penguins: Worker) -> None:
    answer = ask(penguins, PENGUIN).json()

    [found], [prediction] = answer["explanations"], answer["predictions"]
    assert [*found["contributions"]] == ["bill", "year"]
    assert total(found) == pytest.approx(prediction["probabilities"][found["class"]], rel=1e-6)
    assert "island" not in json.dumps(answer)
    assert "Biscoe" not in json.dumps(answer)


def test_the_base_value_tells_nothing_of_a_private_value(tmp_path: Path) -> None:
    fields = [*DIAMONDS.fields[:2], DIAMONDS.fields[2] | {"private": True}, DIAMONDS.fields[3]]
    rows = [{"carat": 1, "depth": 60, "cut": None, "color": None}]
    publish_model(tmp_path, DIAMONDS.but(fields=fields, rows=rows))
    found = explain(Worker(tmp_path), STONE | {"cut": "Good"}, STONE | {"cut": "Ideal"})

    assert found[0]["base_value"] == found[1]["base_value"]
    assert found[0]["contributions"] == pytest.approx(found[1]["contributions"])
    assert found[0]["private_columns"] != found[1]["private_columns"]


def test_two_private_columns_are_one_player(tmp_path: Path) -> None:
    private = [each | {"private": True} for each in DIAMONDS.fields[1:3]]
    fields = [DIAMONDS.fields[0], *private, DIAMONDS.fields[3]]
    rows = [{"carat": 1, "depth": None, "cut": None, "color": None}]
    publish_model(tmp_path, DIAMONDS.but(fields=fields, rows=rows))

    [found] = explain(Worker(tmp_path), STONE)

    assert [*found] == ["base_value", "contributions", "private_columns"]
    assert found["private_columns"] == pytest.approx(60 + 10 * (2 - 0.5), rel=1e-4)


def test_a_model_with_only_private_columns_is_explained_by_their_contribution(
    tmp_path: Path,
) -> None:
    fields = [each | {"private": True} for each in PENGUINS.fields]
    publish_model(tmp_path, PENGUINS.but(fields=fields, rows=[dict.fromkeys(PENGUIN)]))
    answer = ask(Worker(tmp_path), PENGUIN).json()

    [found] = answer["explanations"]
    assert found["contributions"] == {}
    expected = answer["predictions"][0]["probabilities"][found["class"]]
    assert total(found) == pytest.approx(expected, rel=1e-6)


def test_a_table_has_a_column_for_the_base_value_and_each_contribution(diamonds: Worker) -> None:
    [found] = explain(diamonds, STONE)
    [row] = table(diamonds, "carat,depth,cut\n1,60,Good\n")

    assert [*row][3:] == [
        "predicted_price",
        "base_value",
        *(f"contribution_{name}" for name in ("carat", "depth", "cut", "color")),
    ]
    assert float(row["base_value"]) == found["base_value"]
    assert float(row["contribution_carat"]) == found["contributions"]["carat"]


def test_a_table_has_the_contribution_of_private_columns_last(penguins: Worker) -> None:
    [found] = explain(penguins, PENGUIN)
    [row] = table(penguins, "bill,year,island\n39.1,2007,Biscoe\n")

    assert [*row][-3:] == [
        "contribution_bill",
        "contribution_year",
        "contribution_private_columns",
    ]
    assert float(row["contribution_private_columns"]) == found["private_columns"]


def test_columns_of_a_table_have_names_of_their_own(tmp_path: Path) -> None:
    renamed = {"depth": "contribution_carat", "color": "base_value"}
    fields = [each | {"name": renamed.get(each["name"], each["name"])} for each in DIAMONDS.fields]
    rows = [{renamed.get(name, name): value for name, value in DIAMONDS.rows[0].items()}]
    publish_model(tmp_path, DIAMONDS.but(fields=fields, rows=rows))

    [row] = table(Worker(tmp_path), "carat,contribution_carat,cut\n1,60,Good\n")

    assert [*row][-5:-3] == ["base_value_", "contribution_carat_"]
    assert row["contribution_carat"] == "60"


def test_skipped_rows_have_no_explanation(diamonds: Worker) -> None:
    rows = [STONE, STONE | {"carat": "big"}]
    answer = ask(diamonds, *rows, query="explain=true&on_error=skip&outside_training=true").json()

    assert [each is None for each in answer["explanations"]] == [False, True]
    found = table(diamonds, "carat,cut\n1,Good\nbig,Good\n", "explain=true&on_error=skip")
    assert [row["contribution_cut"] == "" for row in found] == [False, True]
    none = ask(diamonds, rows[1], query="explain=true&on_error=skip").json()
    assert none["explanations"] == [None]
    [empty] = table(diamonds, "carat,cut\nbig,Good\n", "explain=true&on_error=skip")
    assert empty["base_value"] == ""


def test_only_rows_of_clients_are_counted(diamonds: Worker) -> None:
    ask(diamonds, STONE, STONE)

    assert diamonds.watcher.live().row_counts.rows == 2


def test_an_output_that_is_not_finite_has_no_contributions(diamonds: Worker) -> None:
    [found] = explain(diamonds, STONE | {"carat": 1e300})

    assert found["contributions"]["carat"] is None
    [row] = table(diamonds, "carat,cut\n1e300,Good\n")
    assert (row["predicted_price"], row["contribution_carat"]) == ("", "")


def test_a_request_explains_as_many_rows_as_max_rows_allows(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=100)  # A row takes 2 · 2⁴ runs.

    assert ask(worker, STONE, STONE, STONE).status_code == 200
    refused = ask(worker, STONE, STONE, STONE, STONE)
    assert refused.status_code == 413
    assert refused.json()["detail"] == (
        "explain takes 32 runs of the model for each row, and a request may take 100 (max_rows);"
        " send at most 3 rows in a request, or score a file with EXPLAIN=1"
    )
    assert worker.predict(*[STONE] * 4).status_code == 200


def test_a_limit_below_one_row_names_the_setting(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    refused = ask(Worker(tmp_path, max_rows=10), STONE)

    assert refused.status_code == 413
    assert "set max_rows to at least 32, or score" in refused.json()["detail"]


def test_without_it_nothing_is_explained(diamonds: Worker) -> None:
    plain = diamonds.predict(STONE)

    assert ask(diamonds, STONE, query="explain=false").content == plain.content


def test_a_wrong_value_or_a_typo_is_refused(diamonds: Worker) -> None:
    [error] = errors(ask(diamonds, STONE, query="explain=yes"))
    assert (error["parameter"], error["expected"]) == ("explain", "true or false")

    [error] = errors(ask(diamonds, STONE, query="explains=true"))
    assert error["did_you_mean"] == "explain"


@pytest.mark.parametrize("query", ["explain=true", "e%78plain=tru%65", "top_k=1&explain=true"])
def test_a_small_body_waits_in_the_queue_if_it_is_explained(diamonds: Worker, query: str) -> None:
    ask(diamonds, STONE)
    route = find_route("/predict", b"explain=true")
    headers = {b"content-type": b"application/json"}
    slow = begin_request("POST", "/predict", headers=headers, route=route).kind
    diamonds.service.admission.queue(slow, 10**12)

    refused = ask(diamonds, STONE, query=query)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert diamonds.predict(STONE).status_code == 200


def test_other_forms_of_a_request_ignore_it(diamonds: Worker) -> None:
    body = {"dataframe_records": [STONE]}
    plain = diamonds.ask("POST", "/invocations", json=body)

    assert diamonds.ask("POST", "/invocations?explain=true", json=body).content == plain.content


def test_all_numbers_are_finite_or_null(diamonds: Worker) -> None:
    [found] = explain(diamonds, STONE)

    assert all(math.isfinite(each) for each in found["contributions"].values())


def test_a_copy_of_an_example_with_fewer_values_is_no_background(tmp_path: Path) -> None:
    rows = [*DIAMONDS.rows, {**DIAMONDS.rows[0], "depth": None}]
    publish_model(tmp_path, replace(DIAMONDS, rows=rows))
    publish_model(tmp_path / "plain", DIAMONDS)

    with_copy = explain(Worker(tmp_path), STONE)
    plain = explain(Worker(tmp_path / "plain"), STONE)

    assert with_copy == plain
