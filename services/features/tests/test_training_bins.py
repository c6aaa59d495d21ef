"""bins.json: the edges and values of the bins, and the counts of all training rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from diamonds import DIAMONDS, ROWS, Make, with_cells
from features.feature_data.training_bins import ColumnBins

VECTORS = json.loads(
    (Path(__file__).parents[3] / "contract/examples/vectors/monitoring.json").read_bytes()
)


def bins_of(made: Any) -> dict[str, Any]:
    document = json.loads((made.draft.path / "bins.json").read_bytes())
    return {column["name"]: column["bins"] for column in document["columns"]}


def training_values(made: Any, cells: Any, column: str) -> Sequence[Any]:
    """Return a column of the rows that are not held out; `price` tells rows apart."""
    held_out = set(made.table("test-rows")["price"].to_pylist())
    pairs = zip(cells["price"][1], cells[column][1], strict=True)
    return [value for price, value in pairs if price not in held_out]


@pytest.mark.parametrize("case", VECTORS["columns"], ids=lambda case: case["about"])
def test_a_value_is_in_the_bin_that_the_vectors_say(case: dict[str, Any]) -> None:
    kind = pa.string() if case["group"] == "strings" else pa.float64()
    told = case["bins"]
    width = len(told["training"])
    found = []
    for value in case["values"]:
        bins = ColumnBins(
            np.zeros(width, np.int64),
            edges=np.array(told["edges"], float) if "edges" in told else None,
            values=pa.array(told["values"], pa.string()) if "values" in told else None,
        )
        bins.add(pa.array([value], kind))
        found.append(bins.counts.tolist().index(1))

    assert found == case["places"]


def test_every_input_has_bins_that_count_each_training_row(make: Make) -> None:
    made = make(DIAMONDS, target="price")
    bins = bins_of(made)

    rows = made.features["split"]["train_rows"]
    assert [*bins] == [*made.fields] == ["carat", "cut", "sold"]
    assert {sum(each["training"]) for each in bins.values()} == {rows}
    carats = training_values(made, DIAMONDS, "carat")
    assert bins["carat"]["training"][-1] == carats.count(None)
    cuts = training_values(made, DIAMONDS, "cut")
    assert bins["cut"]["training"] == [*(cuts.count(v) for v in bins["cut"]["values"]), 0, 0]


def test_the_edges_are_nine_values_of_training_rows(make: Make) -> None:
    made = make(DIAMONDS, target="price")
    edges = bins_of(made)["carat"]["edges"]

    assert len(edges) == 9
    assert set(edges) <= set(training_values(made, DIAMONDS, "carat"))


def test_a_boolean_has_its_two_numbers_as_edges(make: Make) -> None:
    cells = with_cells(gift=("boolean", [row % 2 == 0 for row in range(ROWS)]))
    made = make(cells, target="price")

    gifts = training_values(made, cells, "gift")
    assert bins_of(made)["gift"] == {
        "edges": [0.0, 1.0],
        "training": [gifts.count(False), gifts.count(True), 0, 0],
    }


def test_rare_texts_share_a_bin_and_twenty_at_most_have_their_own(make: Make) -> None:
    towns = [f"town {row % 25}" for row in range(200)]
    rare = ["common" if row % 10 else f"rare {row}" for row in range(200)]
    cells = {
        "price": ("number", [float(row) for row in range(200)]),
        "town": ("string", [town if row % 2 else "capital" for row, town in enumerate(towns)]),
        "rare": ("string", rare),
    }
    bins = bins_of(make(cells, target="price"))

    assert bins["rare"]["values"] == ["common"]
    assert bins["rare"]["training"][1] > 0
    assert bins["town"]["values"][0] == "capital"
    assert len(bins["town"]["values"]) <= 20


def test_the_bins_of_a_private_column_hold_no_value(make: Make) -> None:
    private = {"private": True}
    made = make(DIAMONDS, {"cut": private, "carat": private}, target="price")
    bins = bins_of(made)

    carats = training_values(made, DIAMONDS, "carat")
    assert bins["carat"] == {"training": [len(carats) - carats.count(None), carats.count(None)]}
    assert bins["cut"] == {"training": [len(carats), 0]}


def test_all_training_rows_are_counted_if_fewer_are_fitted(make: Make) -> None:
    made = make(DIAMONDS, target="price", fit_rows=20)

    rows = made.features["split"]["train_rows"]
    assert made.features["fit"]["rows"] < rows
    assert {sum(each["training"]) for each in bins_of(made).values()} == {rows}
