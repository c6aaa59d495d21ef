"""The kit on bins of reference.json: each fault is found; no container is started."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from conformance.checks.model.bins import count_values, reference_bins
from conformance.checks.model.runs import PENGUINS, ModelRun
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import EXAMPLES, Subject
from conformance.validity.lineage import latest_artifact

VECTORS = json.loads((EXAMPLES / "vectors/monitoring.json").read_bytes())
INNER: dict[str, dict[str, Any]] = {
    "size": {"edges": [60.5, 120]},
    "garden": {"edges": [0]},
    "sold": {"edges": [1714521600]},
    "colour": {"values": ["blue", "red"]},
}


class Trained:
    """Stands for a subject that published the examples with bins."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(EXAMPLES / "feature-data", folder / "features")
        self.runs = {
            "model": _copy("model", folder / "houses", source=folder / "features"),
            "model of penguins": _copy("penguins/model", folder / "penguins", source=PENGUINS),
        }

    def once(self, name: str, _make: object) -> ModelRun:
        return self.runs[name]

    def edit(self, name: str, change: Any) -> None:
        """Change reference.json."""
        path = self.runs[name].artifact.path / "reference.json"
        document = json.loads(path.read_bytes())
        change({c["name"]: c for c in document["columns"]} | {"": document["predictions"]})
        path.write_text(json.dumps(document), encoding="utf-8")

    def check(self) -> None:
        reference_bins(cast("Subject", self))


def _copy(model: str, folder: Path, *, source: Path) -> ModelRun:
    shutil.copytree(EXAMPLES / model, folder)
    return ModelRun("", source, latest_artifact(folder))


@pytest.fixture
def bare(tmp_path: Path) -> Trained:
    return Trained(tmp_path)


@pytest.fixture
def trained(bare: Trained) -> Trained:
    houses, penguins = bare.runs["model"], bare.runs["model of penguins"]

    def of_houses(parts: dict[str, Any]) -> None:
        rows = houses.feature_data.train.num_rows
        for name, inner in INNER.items():
            group = "strings" if "values" in inner else "numbers"
            held_out = count_values([row[name] for row in houses.rows], inner, group=group)
            training = [rows] + [0] * (len(held_out) - 1)
            parts[name]["bins"] = inner | {"training": training, "held_out": held_out}
        edges = np.unique(np.quantile(houses.predicted, [0.3, 0.6])).tolist()
        places = np.searchsorted(edges, houses.predicted)
        counts = np.bincount(places, minlength=len(edges) + 1)
        parts[""]["bins"] = {"edges": edges, "held_out": counts.tolist()}

    def of_penguins(parts: dict[str, Any]) -> None:
        classes = list(penguins.model.classes or ())
        counts = np.bincount(penguins.labels, minlength=len(classes)).tolist()
        parts[""]["bins"] = {"values": classes, "held_out": counts}

    bare.edit("model", of_houses)
    bare.edit("model of penguins", of_penguins)
    return bare


@pytest.mark.parametrize("case", VECTORS["columns"], ids=lambda case: case["about"])
def test_the_kit_counts_as_the_vectors_say(case: dict[str, Any]) -> None:
    found = [
        count_values([value], case["bins"], group=case["group"]).index(1)
        for value in case["values"]
    ]

    assert found == case["places"]


def test_right_bins_have_no_fault(trained: Trained) -> None:
    trained.check()


def test_models_without_bins_are_skipped(bare: Trained) -> None:
    with pytest.raises(Skipped, match="no bins, which are optional"):
        bare.check()


@pytest.mark.parametrize(
    ("column", "key", "value", "fault"),
    [
        ("size", "held_out", [1, 1, 1, 12], "'size' have other counts than test-rows/"),
        ("colour", "held_out", [15, 0, 0, 0], "'colour' have other counts than test-rows/"),
        ("size", "edges", [120, 60.5], "the edges of 'size' do not ascend"),
        ("size", "values", ["a"], "the bins of 'size' have"),
        ("garden", "training", [1, 2, 3], "have 6 training rows in 3 bins; expected 63 in 3"),
        ("garden", "training", [63, 0], "have 63 training rows in 2 bins; expected 63 in 3"),
        ("", "held_out", [30, 0, 0], "the bins of predictions have 30 rows; expected 15"),
        ("", "held_out", [0, 0, 15], "predictions are not above"),
        ("", "held_out", [7, 8], "have 2 counts for 2 edges"),
    ],
)
def test_wrong_bins_of_numbers_are_found(
    trained: Trained, column: str, key: str, value: Any, fault: str
) -> None:
    trained.edit("model", lambda parts: parts[column]["bins"].update({key: value}))

    with pytest.raises(Fault, match=fault):
        trained.check()


def test_bins_of_classes_in_another_order_are_found(trained: Trained) -> None:
    trained.edit("model of penguins", lambda parts: parts[""]["bins"]["values"].reverse())

    with pytest.raises(Fault, match="are not those of the labels"):
        trained.check()


def test_values_of_a_private_column_are_found(trained: Trained) -> None:
    path = trained.runs["model"].feature_data.artifact.path / "schema.json"
    schema = json.loads(path.read_bytes())
    next(f for f in schema["fields"] if f["name"] == "colour")["private"] = True
    path.write_text(json.dumps(schema), encoding="utf-8")
    run = trained.runs["model"]
    trained.runs["model"] = ModelRun("", run.source, run.artifact)

    with pytest.raises(Fault, match="the bins of the private column 'colour' have values"):
        trained.check()


def test_training_counts_that_are_not_those_of_bins_json_are_found(trained: Trained) -> None:
    given = {"edges": [0], "training": [62, 1, 0]}
    path = trained.runs["model"].feature_data.artifact.path / "bins.json"
    document = {"columns": [{"name": "garden", "bins": given}]}
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(Fault, match=r"the bins of 'garden' are not those of bins\.json"):
        trained.check()
