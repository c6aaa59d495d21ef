"""Slices: each category of the chosen columns is evaluated separately, in model.json."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from conftest import ANY, LINEAR, TrainStage
from made_data import MadeData, houses, run
from modelling.data.tensors import pack
from pyarrow import parquet
from stage_contract import Progress

TEST_ROWS = 400


def slices(stage: TrainStage, column: str) -> dict[Any, dict[str, Any]]:
    """Return the slices of one column by value."""
    (found,) = (each for each in stage.document()["slices"] if each["column"] == column)
    return {part["value"]: part for part in found["slices"]}


@pytest.fixture
def data() -> MadeData:
    return MadeData(raw_test=houses(TEST_ROWS, seed=2))


def test_each_category_has_its_rows_and_metrics_with_interval_beside_the_baseline(
    stage: TrainStage, data: MadeData
) -> None:
    stage.train(data, f'{LINEAR}\nslices = ["colour"]')

    found = slices(stage, "colour")

    assert set(found) == {"blue", "red", "white", None}
    assert sum(part["rows"] for part in found.values()) == TEST_ROWS
    for part in found.values():
        mae = part["metrics"]["mae"]
        assert mae["low"] <= mae["value"] <= mae["high"] < part["baseline"]["mae"]


def test_the_metrics_of_a_slice_are_those_of_its_rows(stage: TrainStage, data: MadeData) -> None:
    artifact = stage.train(data, f'{LINEAR}\nslices = ["colour"]')
    model = onnx.load_from_string(artifact.file("model.onnx").read_bytes())
    predicted = run(model, pack(data.raw_test, data.rules))["prediction"]
    truth = data.table(data.raw_test)["@target"].to_numpy()
    red = np.array([colour == "red" for colour in data.raw_test["colour"].to_pylist()])

    part = slices(stage, "colour")["red"]

    assert part["rows"] == red.sum()
    assert part["metrics"]["mae"]["value"] == pytest.approx(np.abs(truth - predicted)[red].mean())


def test_columns_are_looked_at_in_the_order_that_is_asked_for_the_largest_slices_first(
    stage: TrainStage, data: MadeData
) -> None:
    stage.train(data, f'{LINEAR}\nslices = ["rooms", "garden"]')

    rooms, garden = stage.document()["slices"]
    assert (rooms["column"], garden["column"]) == ("rooms", "garden")
    counts = [part["rows"] for part in rooms["slices"]]
    assert counts == sorted(counts, reverse=True)
    assert {part["value"] for part in garden["slices"]} == {"true", "false", None}


def test_how_far_it_is_with_the_slices_of_all_columns_is_told(
    stage: TrainStage, data: MadeData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelling.evaluation.slices.Progress", partial(Progress, every_seconds=0))
    stage.train(data, f'{LINEAR}\nslices = ["colour", "garden"]')

    said = stage.printed()

    assert "1 of 7 slices evaluated" in said
    assert "7 of 7 slices evaluated" in said


def test_intervals_of_slices_are_made_of_fewer_resamples(
    stage: TrainStage, data: MadeData, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for count in (5, 50):
        monkeypatch.setattr("modelling.evaluation.slices.RESAMPLES", count)
        stage.train(data, f'{LINEAR}\nslices = ["colour"]{ANY}')
        found.append((stage.document()["metrics"], slices(stage, "colour")["red"]["metrics"]))

    (all_rows, red), (all_again, red_again) = found
    assert all_rows == all_again
    assert red["mae"]["value"] == red_again["mae"]["value"]
    assert red["mae"] != red_again["mae"]


def test_a_category_with_few_rows_is_counted_only(stage: TrainStage, data: MadeData) -> None:
    stage.train(data, f'{LINEAR}\nslices = ["colour"]\nslice_rows = 300')

    (found,) = stage.document()["slices"]
    assert found["slices"] == []
    assert found["left_out"] == {"categories": 4, "rows": TEST_ROWS}


def test_of_many_categories_the_largest_are_told(
    stage: TrainStage, data: MadeData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelling.evaluation.slices.MAX_SLICES", 2)
    stage.train(data, f'{LINEAR}\nslices = ["colour"]')

    (found,) = stage.document()["slices"]
    told = sum(part["rows"] for part in found["slices"])
    assert len(found["slices"]) == found["left_out"]["categories"] == 2
    assert found["left_out"]["rows"] == TEST_ROWS - told


@pytest.mark.parametrize("task", ["binary", "three"])
def test_a_metric_that_a_slice_does_not_define_is_left_out(stage: TrainStage, task: str) -> None:
    raw = houses(TEST_ROWS, seed=2)
    small = pa.array(np.full(TEST_ROWS, 20.0))
    place = raw.column_names.index("size")
    one_class = raw.filter(pa.compute.not_equal(raw["colour"], "red"))
    one_class = one_class.set_column(place, "size", small[: len(one_class)])
    data = MadeData(task, raw_test=pa.concat_tables([one_class, raw]))
    stage.train(data, f'{LINEAR}\nslices = ["colour"]')

    found = slices(stage, "colour")

    assert "accuracy" in found["red"]["metrics"]
    assert all(np.isfinite(m["value"]) for part in found.values() for m in part["metrics"].values())


def test_metrics_that_need_both_classes_are_left_out_of_a_slice_with_one(
    stage: TrainStage,
) -> None:
    raw = houses(TEST_ROWS, seed=2)
    blue = pa.compute.fill_null(pa.compute.equal(raw["colour"], "blue"), fill_value=False)
    size = pa.compute.if_else(blue, 20.0, raw["size"])
    raw = raw.set_column(raw.column_names.index("size"), "size", size)
    stage.train(MadeData("binary", raw_test=raw), f'{LINEAR}\nslices = ["colour"]')

    found = slices(stage, "colour")

    needs_both = {"average_precision", "matthews_corrcoef"}
    assert not needs_both & found["blue"]["metrics"].keys()
    assert needs_both <= found["white"]["metrics"].keys()


def test_without_the_setting_nothing_is_said_of_slices(stage: TrainStage) -> None:
    stage.train(MadeData())

    assert "slices" not in stage.document()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('["color"]', "[train] slices: 'color' is not a column; did you mean colour?"),
        ('["owner"]', "[train] slices: 'owner' is private, and no document may hold its values"),
        ('["size"]', "[train] slices: 'size' is double; expected texts, booleans or integers"),
        ('["sold"]', "[train] slices: 'sold' is timestamp"),
        ('["colour", "colour"]', "expected each column once"),
    ],
)
def test_a_column_that_makes_no_slices_ends_with_78(
    stage: TrainStage, names: str, message: str
) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\nslices = {names}") == 78
    assert message in stage.printed()


def with_large_strings(draft: Path) -> None:
    """Store Arrow's schema with large strings in the files, as polars does."""
    for path in draft.glob("test-rows/*.parquet"):
        rows = parquet.read_table(path)
        kinds = {pa.string(): pa.large_string()}
        large = pa.schema([f.with_type(kinds.get(f.type, f.type)) for f in rows.schema])
        parquet.write_table(rows.cast(large), path)


def test_texts_that_arrow_calls_large_have_slices(stage: TrainStage, data: MadeData) -> None:
    stage.publish(data, change=with_large_strings)

    assert stage.run(f'{LINEAR}\nslices = ["colour"]') == 0, stage.printed()
    assert set(slices(stage, "colour")) == {"blue", "red", "white", None}
