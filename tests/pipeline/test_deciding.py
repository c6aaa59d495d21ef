"""Intervals, calibrated probabilities and a threshold: from the settings to the API's answers."""

import csv
import io
import random
from typing import Any

import httpx
import pytest
from conftest import MakePipeline
from support.running import Pipeline
from support.waiting import until

HOUSES = """\
source = "houses.csv"
target = {target}

[features]
exclude = {exclude}

[train]
trials = 1
candidates = ["linear"]
"""
PRICES = HOUSES.format(target='"price"', exclude='["dear"]') + "interval = 0.8\n"
DEAR = HOUSES.format(target='"dear"', exclude='["price"]') + (
    'class_weight = "balanced"\ncalibration = "sigmoid"\n'
    "threshold = {cost = {false_positive = 1, false_negative = 9}}\n"
)
ROWS = 600


def houses() -> list[dict[str, Any]]:
    """Return houses whose price follows from size and colour but for chance; few are dear."""
    chance = random.Random(5)  # noqa: S311  # a table, no secret
    rows = []
    for _ in range(ROWS):
        size, colour = chance.randint(20, 200), chance.choice(["red", "blue"])
        price = round(3000 * size + 50_000 * (colour == "red") + chance.gauss(0, 60_000))
        rows.append({"size": size, "colour": colour, "price": price, "dear": price > 560_000})
    return rows


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    """A pipeline of its own that has learned prices with intervals."""
    made = session_pipelines(name="houses")
    made.provide("houses.csv", as_csv(houses()))
    made.configure(PRICES)
    up = made.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return made


def ask(client: httpx.Client, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    asked = [{"size": row["size"], "colour": row["colour"]} for row in rows]
    answer = client.post("/predict", json={"rows": asked})
    assert answer.status_code == httpx.codes.OK, answer.text
    predictions: list[dict[str, Any]] = answer.json()["predictions"]
    return predictions


def test_prices_come_with_intervals_that_hold_as_many_as_they_promise(pipeline: Pipeline) -> None:
    rows = houses()
    with pipeline.client() as client:
        answers, model = ask(client, rows), client.get("/model").json()

    inside = [
        answer["interval"]["low"] <= row["price"] <= answer["interval"]["high"]
        for row, answer in zip(rows, answers, strict=True)
    ]
    assert 0.75 < sum(inside) / ROWS < 0.87
    assert all(a["interval"]["low"] < a["price"] < a["interval"]["high"] for a in answers)
    assert model["interval"]["coverage"] == 0.8
    assert model["metrics"]["coverage"]["low"] < 0.8 < model["metrics"]["coverage"]["high"]


def test_classes_are_named_by_a_threshold_among_calibrated_probabilities(
    pipeline: Pipeline,
) -> None:
    pipeline.configure(DEAR)
    rerun = pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    rows = houses()
    with pipeline.client() as client:
        until(lambda: client.get("/model").json()["task"] == "classification")
        answers, model = ask(client, rows), client.get("/model").json()

    threshold, losses = model["decision"]["threshold"], model["calibration"]["log_loss"]
    positive = [answer["probabilities"]["true"] for answer in answers]
    assert [answer["dear"] for answer in answers] == [share >= threshold for share in positive]
    assert threshold < 0.4
    # Balanced fits say more than half of the rare class for what are some 10 % of all rows.
    assert losses["sigmoid"] < losses["none"]
    assert sum(positive) / ROWS == pytest.approx(sum(row["dear"] for row in rows) / ROWS, abs=0.03)
    assert model["metrics"]["cost"]["value"] < model["baseline"]["cost"]["value"]
