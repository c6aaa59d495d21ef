"""The bins of reference.json: which bin a value is in, and counts of rows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TrainStage
from made_data import FIELDS, Change, MadeData
from modelling.data.tensors import pack
from modelling.evaluation.bins import Bins, describe_classes, describe_numbers

VECTORS = json.loads(
    (Path(__file__).parents[3] / "contract/examples/vectors/monitoring.json").read_bytes()
)
OWN: Mapping[str, Mapping[str, Any]] = {
    "size": {"edges": [50.0, 100.0, 150.0]},
    "rooms": {"edges": [2, 4, 7]},
    "garden": {"edges": [0, 1]},
    "sold": {"edges": []},
    "colour": {"values": ["red", "blue"]},
    "owner": {},
}


def with_bins(data: MadeData, **changes: dict[str, Any]) -> Change:
    """Return a change that writes bins.json, as features would have counted it."""
    tensors = pack(data.raw_train, data.rules)
    columns = []
    for field in FIELDS:
        place = field["input"]
        bins = Bins(**OWN[field["name"]], training=[])
        places = bins.places(tensors[place["group"]][:, place["index"]])
        training = np.bincount(places, minlength=bins.width).tolist()
        told = {**OWN[field["name"]], "training": training} | changes.get(field["name"], {})
        columns.append({"name": field["name"], "bins": told})

    def write(draft: Path) -> None:
        (draft / "bins.json").write_text(json.dumps({"columns": columns}), encoding="utf-8")

    return write


@pytest.mark.parametrize("case", VECTORS["columns"], ids=lambda case: case["about"])
def test_a_value_is_in_the_bin_that_the_vectors_say(case: dict[str, Any]) -> None:
    is_text = case["group"] == "strings"
    values = [("" if is_text else np.nan) if v is None else v for v in case["values"]]
    bins = Bins(**case["bins"])

    assert bins.places(np.array(values, object if is_text else float)).tolist() == case["places"]
    assert bins.width == len(case["bins"]["training"])


@pytest.mark.parametrize("case", VECTORS["predictions"], ids=lambda case: case["about"])
def test_predictions_have_as_many_bins_as_the_vectors_say(case: dict[str, Any]) -> None:
    bins = case["bins"]
    if "edges" in bins:
        places = np.searchsorted(bins["edges"], np.array(case["values"], np.float32)).tolist()
        assert len(bins["held_out"]) == len(bins["edges"]) + 1
    else:
        places = [bins["values"].index(value) for value in case["values"]]
        assert len(bins["held_out"]) == len(bins["values"])

    assert places == case["places"]


def test_equal_predictions_share_a_bin_and_an_edge_is_in_the_bin_below() -> None:
    numbers = np.array([1, 1, 1, 1, 1, 1, 1, 2, 3, 4], np.float32)

    assert describe_numbers(numbers) == {"edges": [1.0, 2.0, 3.0], "held_out": [7, 1, 1, 1]}


def test_a_class_that_is_never_predicted_has_a_bin() -> None:
    assert describe_classes(np.array([2, 0, 2]), ["a", "b", "c"]) == {
        "values": ["a", "b", "c"],
        "held_out": [1, 0, 2],
    }


def test_reference_json_counts_training_and_held_out_rows(stage: TrainStage) -> None:
    data = MadeData("binary")
    stage.publish(data, change=with_bins(data))
    assert stage.run('candidates = ["linear"]\ntrials = 1') == 0, stage.printed()
    reference = stage.document("reference.json")
    bins = {column["name"]: column["bins"] for column in reference["columns"]}

    sizes = data.raw_test["size"].to_pylist()
    colours = data.raw_test["colour"].to_pylist()
    present = [size for size in sizes if size is not None]
    assert bins["size"]["edges"] == [50, 100, 150]
    assert bins["size"]["held_out"] == [
        sum(size <= 50 for size in present),
        sum(50 < size <= 100 for size in present),
        sum(100 < size <= 150 for size in present),
        sum(size > 150 for size in present),
        sizes.count(None),
    ]
    assert bins["colour"]["values"] == ["red", "blue"]
    expected = [colours.count(colour) for colour in ("red", "blue", "white", None)]
    assert bins["colour"]["held_out"] == expected
    assert bins["owner"] == {"training": [120, 0], "held_out": [40, 0]}
    assert {sum(each["training"]) for each in bins.values()} == {120}
    assert {sum(each["held_out"]) for each in bins.values()} == {40}
    assert reference["predictions"]["bins"]["values"] == [False, True]
    assert sum(reference["predictions"]["bins"]["held_out"]) == 40


def test_feature_data_without_bins_gives_bins_of_predictions_alone(stage: TrainStage) -> None:
    stage.train(MadeData())
    reference = stage.document("reference.json")

    assert [column.get("bins") for column in reference["columns"]] == [None] * len(FIELDS)
    predicted = reference["predictions"]["bins"]
    assert len(predicted["held_out"]) == len(predicted["edges"]) + 1 == 10
    assert sum(predicted["held_out"]) == 40


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("owner", {"values": ["owner 1"]}, "it is private, so its bins must have no edges"),
        ("size", {"edges": [3.0, 1.0, 2.0]}, "expected edges in ascending order"),
        ("size", {"edges": None}, "expected edges, since it goes to numbers"),
        ("colour", {"edges": [1.0], "values": None}, "expected values, since it goes to strings"),
        ("rooms", {"training": [120, 0]}, "2 counts of training rows; expected 5"),
        ("rooms", {"training": [1, 2, 3, 4, 5]}, "15 rows in its bins; expected 120 as in train/"),
    ],
)
def test_bins_that_contradict_the_feature_data_are_refused(
    stage: TrainStage, column: str, change: dict[str, Any], message: str
) -> None:
    data = MadeData()
    stage.publish(data, change=with_bins(data, **{column: change}))

    assert stage.run('candidates = ["linear"]\ntrials = 1') == 65
    assert f"bins.json: column '{column}': {message}" in stage.printed()
