"""Bins of predictions, by the distribution of training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import Worker
from serve.model.reference import Bins
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, publish_model

QUANTILES = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]


def reference(**distributions: Any) -> str:
    return json.dumps({"columns": [], **distributions})


def bins_of(volume: Path, model: MadeModel) -> Bins | None:
    publish_model(volume, model)
    return Worker(volume).watcher.live().row_counts.bins


def ranges(volume: Path, quantiles: list[float]) -> Bins:
    told = reference(predictions={"rows": 9, "quantiles": quantiles})
    bins = bins_of(volume, DIAMONDS.but(reference=told))
    assert bins is not None
    return bins


def counts(bins: Bins, *predictions: float) -> list[int]:
    return bins.count(np.array(predictions, np.float32)).tolist()


def test_numbers_are_divided_at_the_quantiles_with_open_ends(tmp_path: Path) -> None:
    bins = ranges(tmp_path, QUANTILES)

    assert bins.training == (0.0, 0.05, 0.2, 0.25, 0.25, 0.2, 0.05, 0.0)
    assert bins.bounds == tuple(QUANTILES)
    assert counts(bins, -1, 0, 9, 10, 35, 59, 60, 60.001, np.inf) == [1, 2, 1, 0, 1, 0, 2, 2]


def test_nan_is_in_no_bin(tmp_path: Path) -> None:
    assert counts(ranges(tmp_path, QUANTILES), np.nan, 5) == [0, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("quantiles", "bounds", "training"),
    [
        ([0, 0, 0, 10, 20, 30, 40], (0, 10, 20, 30, 40), (0, 0.5, 0.25, 0.2, 0.05, 0)),
        ([0, 1, 2, 3, 5, 5, 5], (0, 1, 2, 3, 5, 5), (0, 0.05, 0.2, 0.25, 0.25, 0.25, 0)),
        ([7] * 7, (7, 7), (0, 1, 0)),
    ],
    ids=["many zeros", "many at the top", "a single number"],
)
def test_equal_quantiles_are_one_bound(
    tmp_path: Path, quantiles: list[float], bounds: Any, training: Any
) -> None:
    bins = ranges(tmp_path, quantiles)

    assert (bins.bounds, bins.training) == (bounds, training)
    assert len(bins.edges) == len(training) - 1
    assert counts(bins, quantiles[-1])[-2:] == [1, 0]
    assert counts(bins, quantiles[0])[:2] == [0, 1]


def test_classes_are_bins(tmp_path: Path) -> None:
    told = reference(predictions={"rows": 9, "shares": [0.5, 0.25, 0.25]})
    bins = bins_of(tmp_path, PENGUINS.but(reference=told))

    assert bins is not None
    assert bins.training == (0.5, 0.25, 0.25)
    assert bins.count(np.array([2, 0, 2, 2])).tolist() == [1, 0, 3]


def test_without_predictions_the_target_is_compared(tmp_path: Path) -> None:
    told = reference(predictions={"rows": 9}, target={"rows": 9, "quantiles": QUANTILES})
    bins = bins_of(tmp_path, DIAMONDS.but(reference=told))

    assert bins is not None
    assert bins.origin == "target"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (DIAMONDS, {}),
        (DIAMONDS, {"quantiles": [1.0, 2.0]}),
        (DIAMONDS, {"quantiles": QUANTILES[::-1]}),
        (DIAMONDS, {"shares": [1.0]}),
        (PENGUINS, {"shares": [0.5, 0.5]}),
        (FLIGHTS, {"quantiles": QUANTILES}),
    ],
)
def test_another_distribution_gives_no_bins(
    tmp_path: Path, model: MadeModel, told: dict[str, Any]
) -> None:
    assert bins_of(tmp_path, model.but(reference=reference(target=told))) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"predictions": {"quantiles": ["a"]}}', "\x00"])
def test_a_faulty_file_is_logged_and_the_model_is_served(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    publish_model(tmp_path, DIAMONDS.but(reference=content))
    worker = Worker(tmp_path)

    assert worker.predict({"carat": 1, "cut": "Good"}).status_code == 200
    assert worker.watcher.live().row_counts.bins is None
    assert f"model {DIAMONDS.id}: reference.json: " in caplog.text


def test_a_model_with_intervals_is_counted_by_its_predictions(tmp_path: Path) -> None:
    told = reference(predictions={"rows": 9, "quantiles": [0, 500, 900, 1000, 1100, 2000, 3000]})
    publish_model(tmp_path, DIAMONDS.but(reference=told, interval=0.9))
    worker = Worker(tmp_path)
    worker.predict({"carat": 1.05, "depth": 0, "cut": "Good"})

    assert worker.watcher.live().row_counts.totals().predictions.tolist() == [0] * 4 + [1, 0, 0, 0]
