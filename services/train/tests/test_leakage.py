"""Leaks: a copy of the target among the columns is found and named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import LINEAR, TrainStage
from made_data import CLASSES, MadeData, houses
from modelling.data.feature_data import open_feature_data
from modelling.evaluation.leakage import MIN_LEAK_SHARE, find_leaks
from pyarrow import parquet


def leaking(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Return a change that derives the feature `rooms` from the target."""

    def apply(path: Path) -> None:
        for folder in ("train", "test"):
            file = path / folder / "part-00000.parquet"
            table = parquet.read_table(file)
            values = change(table["@target"].to_numpy().astype(np.float64)).astype(np.float32)
            place = table.column_names.index("rooms")
            parquet.write_table(table.set_column(place, "rooms", pa.array(values)), file)

    return apply


def find(stage: TrainStage, data: MadeData, change: Callable[[Path], None]) -> dict[str, float]:
    """Return the leaks of feature-data, without training a model."""
    leaks = find_leaks(open_feature_data(stage.publish(data, change=change)))
    return {leak["column"]: leak["share"] for leak in leaks}


@pytest.mark.parametrize("task", CLASSES)
def test_a_copy_of_the_target_is_a_leak(stage: TrainStage, task: str) -> None:
    found = find(stage, MadeData(task), leaking(lambda target: target))

    assert found.keys() == {"rooms"}
    assert found["rooms"] >= MIN_LEAK_SHARE


@pytest.mark.parametrize(
    "change",
    [
        lambda target: -np.log(target),
        lambda target: np.round(target, -2),
        lambda target: target + np.random.default_rng(0).normal(0, 20, len(target)),
    ],
    ids=["another scale", "rounded", "with a little noise"],
)
def test_what_is_nearly_a_copy_is_a_leak(
    stage: TrainStage, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    assert find(stage, MadeData(), leaking(change)).keys() == {"rooms"}


def test_a_feature_of_two_columns_is_no_leak_of_one_of_them(stage: TrainStage) -> None:
    def with_both(path: Path) -> None:
        leaking(lambda target: target)(path)
        document = json.loads((path / "features.json").read_text())
        (rooms,) = (each for each in document["features"] if each["name"] == "rooms")
        rooms["other_source"] = "size"
        (path / "features.json").write_text(json.dumps(document))

    assert not find(stage, MadeData(), with_both)


def test_a_column_that_says_much_is_none(stage: TrainStage) -> None:
    def blurred(target: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(0).normal(0, target.std() / 3, len(target))
        return np.asarray(target + noise)

    assert find(stage, MadeData(), leaking(blurred)) == {}


def test_a_target_of_one_value_has_no_leak(stage: TrainStage) -> None:
    def constant(path: Path) -> None:
        file = path / "test/part-00000.parquet"
        table = parquet.read_table(file)
        place = table.column_names.index("@target")
        same = pa.array(np.zeros(len(table)))
        parquet.write_table(table.set_column(place, "@target", same), file)

    assert find(stage, MadeData(), constant) == {}


def test_a_leak_is_warned_about_with_the_remedy_and_stands_in_model_json(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelling.evaluation.leakage.MIN_LEAK_SHARE", 0.5)
    stage.train(MadeData(), LINEAR)

    (leak,) = stage.document()["leaks"]
    assert leak["column"] == "size"
    assert 0.5 < leak["share"] < MIN_LEAK_SHARE
    said = stage.printed()
    assert f"warning: column 'size' alone explains {100 * leak['share']:.1f} % of 'price'" in said
    assert 'add "size" to exclude in [features]' in said


def test_what_is_nearly_a_leak_is_a_warning_and_no_leak(
    stage: TrainStage, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 4,000 rows 1.6 % are wrong, so balanced hits are 0.984 and the share is 0.968."""

    def mostly(target: np.ndarray) -> np.ndarray:
        is_wrong = np.arange(len(target)) % 62 == 0
        return np.where(is_wrong, 1 - target, target)

    data = MadeData("binary", raw_train=houses(4000, seed=1), raw_test=houses(4000, seed=2))
    found = find(stage, data, leaking(mostly))

    assert found == {}
    (warning,) = (r.getMessage() for r in caplog.records if "nearly a leak" in r.getMessage())
    assert warning.startswith("column 'rooms' alone explains 97.0 %")
    assert 'add "rooms" to exclude in [features]' in warning


def test_without_a_leak_nothing_is_said(stage: TrainStage) -> None:
    stage.train(MadeData(), LINEAR)

    assert "leaks" not in stage.document()
    assert "alone explains" not in stage.printed()


@pytest.mark.parametrize(("least", "warns"), [(0.99, True), (1.01, False)])
def test_a_target_that_columns_make_up_together_is_warned_of(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch, least: float, *, warns: bool
) -> None:
    monkeypatch.setattr("modelling.evaluation.leakage.MIN_PERFECT_R2", least)
    stage.train(MadeData(), LINEAR)

    assert ("the columns together determine 'price'" in stage.printed()) == warns
