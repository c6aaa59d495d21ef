"""The shipped pipelines are as good as the README says, on rows that no stage has trained on."""

import gzip
import json
from typing import Any

from conftest import MakePipeline
from support.running import ROOT, Pipeline


def model_of(pipeline: Pipeline) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(pipeline.latest("model").file("model.json").read_bytes())
    return model


def test_diamonds_explains_the_price(diamonds: Pipeline) -> None:
    model = model_of(diamonds)

    assert model["metrics"]["r2"]["value"] >= 0.978
    assert model["baseline"]["r2"]["value"] < 0.01


def test_penguins_tells_the_species_apart(penguins: Pipeline) -> None:
    model = model_of(penguins)

    assert model["metrics"]["balanced_accuracy"]["value"] >= 0.97
    assert model["classes"] == ["Adelie", "Chinstrap", "Gentoo"]


def test_flights_sees_late_arrivals_of_the_future_before_departure(flights: Pipeline) -> None:
    model = model_of(flights)
    inputs = {field["name"] for field in model["signature"]["fields"]}

    assert model["metrics"]["roc_auc"]["value"] >= 0.60
    assert model["split"]["kind"] == "time"
    assert inputs.isdisjoint({"dep_delay", "dep_time", "arr_time", "arr_delay", "air_time"})
    assert model["classes"] == [False, True]


def test_cancelled_flights_are_kept_aside_for_lack_of_a_target(flights: Pipeline) -> None:
    features = flights.latest("feature-data")

    with features.file("rejects/part-00000.jsonl").open(encoding="utf-8") as lines:
        reasons = [json.loads(line)["reason"] for line in lines]
    assert len(reasons) == features.manifest["metrics"]["rejected"] == 9_430
    assert set(reasons) == {"target missing"}


def test_diamonds_without_size_are_kept_aside(diamonds: Pipeline) -> None:
    clean = diamonds.latest("clean-data")

    assert clean.manifest["metrics"]["rejected"] == 20
    raw = diamonds.latest("raw-data")
    assert raw.rows == clean.rows + 20 + clean.manifest["metrics"]["duplicates"]


def test_a_random_split_with_the_dates_left_in_flatters_flights(
    make_pipeline: MakePipeline,
) -> None:
    pipeline = make_pipeline(name="flights")
    header, *rows = gzip.decompress((ROOT / "data/flights.csv.gz").read_bytes()).splitlines(
        keepends=True
    )
    pipeline.provide("flights.csv", b"".join([header, *rows[::6]]))
    pipeline.configure("""
        source = "flights.csv"
        target = {column = "arr_delay", above = 15, name = "late"}
        [features]
        exclude = ["dep_time", "dep_delay", "arr_time", "air_time"]
        [train]
        candidates = ["gradient-boosting"]
        trials = 1
    """)

    assert pipeline.make("rerun").returncode == 0

    assert model_of(pipeline)["metrics"]["roc_auc"]["value"] >= 0.72
