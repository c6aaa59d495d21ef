"""Champion and challenger: compared on the same rows, or with the reason why not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import BOOSTING, LINEAR, TrainStage
from made_data import Change, MadeData, without_size
from stage_contract import Artifact
from stage_contract.artifacts.digests import content_digest, file_digest
from verdicts import check, verdict


def test_a_model_that_predicts_something_else_is_not_compared(
    stage: TrainStage, live: Artifact
) -> None:
    stage.train(MadeData("binary"))

    found = check(stage, "live")
    assert found["passed"] is None
    assert f"the live model {live.id} can't be compared with: it has another task" in found["why"]
    assert stage.artifact().id != live.id


def edited(change: Callable[[dict[str, Any]], None], name: str = "features.json") -> Change:
    def apply(path: Path) -> None:
        document = json.loads((path / name).read_bytes())
        change(document)
        (path / name).write_text(json.dumps(document), encoding="utf-8")

    return apply


def with_classes(classes: list[str]) -> Change:
    return edited(lambda document: document.update(classes=classes))


@pytest.mark.parametrize(("setting", "goes_live"), [("", False), ('gate.worse_by = "any"', True)])
def test_a_model_that_lacks_a_class_of_the_live_one_is_refused_unless_they_are_not_compared(
    stage: TrainStage, setting: str, *, goes_live: bool
) -> None:
    before = stage.train(MadeData("three")).id
    stage.publish(MadeData("binary"), change=with_classes(["cheap", "dear"]))

    assert stage.run(f"{LINEAR}\n{setting}") == 0

    assert (stage.artifact().id != before) == goes_live
    if not goes_live:
        assert check(stage, "live")["passed"] is False
        assert check(stage, "live")["why"] == (
            f"this model lacks classes of the live model {before}: 1 of 3, expected all of them"
        )


@pytest.mark.parametrize("classes", [["cheap", "dear", "new"], ["no", "yes"]])
def test_a_model_with_new_classes_or_none_of_the_live_ones_is_not_compared(
    stage: TrainStage, classes: list[str]
) -> None:
    stage.publish(MadeData("binary"), change=with_classes(["cheap", "dear"]))
    assert stage.run(LINEAR) == 0
    data = MadeData("three" if len(classes) == 3 else "binary")
    stage.publish(data, change=with_classes(classes))

    assert stage.run(LINEAR) == 0

    assert check(stage, "live")["passed"] is None
    assert "it has other classes" in check(stage, "live")["why"]
    assert stage.document()["classes"] == classes


def test_rows_that_the_live_model_may_know_are_not_asked_about(stage: TrainStage) -> None:
    stage.train(MadeData())
    by_colour = edited(lambda d: d["split"].update(columns=["colour"]))
    stage.publish(MadeData(), change=by_colour)

    assert stage.run(LINEAR) == 0

    found = check(stage, "live")
    assert found["rows"] == 0
    assert "on its own rows, as its rows were split in another way" in found["why"]
    assert found["passed"] is True


def test_a_later_boundary_in_time_lets_the_live_model_know_rows(stage: TrainStage) -> None:
    def until(day: str) -> Change:
        return edited(lambda d: d["split"].update(boundary=day, column="sold"))

    for day, rows in (("2024-06-01", 40), ("2024-07-01", 40), ("2024-05-01", 0)):
        stage.publish(MadeData(by_time=True), change=until(day))
        assert stage.run(LINEAR) == 0
        if "live" in (each["check"] for each in verdict(stage)["checks"]):
            assert check(stage, "live")["rows"] == rows


def test_boundaries_are_compared_as_times(stage: TrainStage) -> None:
    def until(instant: str) -> Change:
        return edited(lambda d: d["split"].update(boundary=instant))

    stage.publish(MadeData(by_time=True), change=until("2024-06-01T00:00:00.500000Z"))
    assert stage.run(LINEAR) == 0
    stage.publish(MadeData(by_time=True), change=until("2024-06-01T00:00:00Z"))
    assert stage.run(LINEAR) == 0

    assert check(stage, "live")["rows"] == 0


def mark_private(document: dict[str, Any]) -> None:
    next(c for c in document["columns"] if c["name"] == "sold")["private"] = True


def hide_boundary(document: dict[str, Any]) -> None:
    mark_private(document)
    del document["split"]["boundary"]


def test_models_without_a_known_boundary_are_compared_by_their_own_rows(stage: TrainStage) -> None:
    stage.train(MadeData(by_time=True))
    stage.publish(MadeData(by_time=True), change=edited(hide_boundary))

    assert stage.run(LINEAR) == 0

    found = check(stage, "live")
    assert found["rows"] == 0
    assert "the boundary of a split by time is not known" in found["why"]


def test_a_private_boundary_of_an_earlier_version_is_left_out(stage: TrainStage) -> None:
    stage.publish(MadeData(by_time=True), change=edited(mark_private))

    assert stage.run(LINEAR) == 0

    assert "boundary" not in stage.document()["split"]


def with_column(document: dict[str, Any]) -> None:
    document["columns"].append({"name": "storey", "role": "ignored"})


def test_another_column_splits_rows_by_hash_in_another_way(
    stage: TrainStage, live: Artifact
) -> None:
    stage.publish(MadeData(), change=edited(with_column))

    assert stage.run(LINEAR) == 0

    found = check(stage, "live")
    assert (found["rows"], found["model"]) == (0, live.id)
    assert "its table had other columns, so its rows were split in another way" in found["why"]


def test_another_column_leaves_groups_where_they_are(stage: TrainStage) -> None:
    stage.train(MadeData(by_group=True))
    stage.publish(MadeData(by_group=True), change=edited(with_column))

    assert stage.run(LINEAR) == 0

    assert check(stage, "live")["rows"] == 40


@pytest.mark.parametrize(
    ("place", "rules", "rows"),
    [
        (0, {"percent": True}, 0),
        (4, {"case": "lower"}, 0),
        (1, {"type": "number"}, 40),
        (0, {"constraints": {"minimum": 0}, "unit": "m²"}, 40),
    ],
)
def test_the_live_model_is_asked_about_cells_that_are_read_as_its_own(
    stage: TrainStage, place: int, rules: dict[str, Any], rows: int
) -> None:
    stage.train(MadeData(by_time=True))
    reads = edited(lambda d: d["fields"][place].update(rules), "schema.json")
    stage.publish(MadeData(by_time=True), change=reads)

    assert stage.run(LINEAR) == 0

    found = check(stage, "live")
    assert found["rows"] == rows
    assert ("was cleaned in another way" in found["why"]) is (rows == 0)


def test_a_live_model_whose_column_is_gone_is_compared_by_its_own_rows(
    stage: TrainStage,
) -> None:
    live = stage.train(MadeData(by_group=True))
    name = live.id
    document = json.loads(live.file("model.json").read_bytes())
    document["signature"]["fields"][0]["name"] = "surface"
    republish(live, document)
    stage.publish(MadeData(by_group=True), change=without_size)

    assert stage.run(LINEAR) == 0

    found = check(stage, "live")
    assert (found["passed"], found["rows"], found["model"]) == (False, 0, name)
    assert "it needs a column 'surface', which is not there any more" in found["why"]


def republish(artifact: Artifact, document: dict[str, Any]) -> None:
    """Replace the model.json of an artifact, and update its manifest."""
    path = artifact.path / "model.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    manifest = artifact.manifest
    for entry in manifest["files"]:
        if entry["path"] == "model.json":
            entry |= {"bytes": path.stat().st_size, "sha256": file_digest(path)}
    digests = [(entry["path"], entry["sha256"]) for entry in manifest["files"]]
    manifest["content"] = content_digest(digests)
    (artifact.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("name", ["average_precision", "matthews_corrcoef"])
def test_a_live_model_without_the_metric_is_scored_on_the_same_rows(
    stage: TrainStage, name: str
) -> None:
    live = stage.train(MadeData("binary"))
    model = live.id
    forget(live, name)
    stage.publish(MadeData("binary"))

    assert stage.run(f'{LINEAR}\nmetric = "{name}"') == 0

    found = check(stage, "live")
    assert (found["passed"], found["rows"], found["model"]) == (True, 40, model)
    assert found["live"] == pytest.approx(found["value"])


def test_a_live_model_without_the_metric_is_not_compared_by_its_own_rows(
    stage: TrainStage,
) -> None:
    forget(stage.train(MadeData("binary")), "average_precision")
    by_colour = edited(lambda d: d["split"].update(columns=["colour"]))
    stage.publish(MadeData("binary"), change=by_colour)

    assert stage.run(f'{LINEAR}\nmetric = "average_precision"') == 0

    found = check(stage, "live")
    assert found["passed"] is None
    assert "and its average_precision is not known" in found["why"]


def forget(artifact: Artifact, metric: str) -> None:
    """Remove a metric from model.json, which an earlier version did not compute."""
    document = json.loads(artifact.file("model.json").read_bytes())
    del document["metrics"][metric], document["baseline"][metric]
    republish(artifact, document)


def test_a_damaged_live_model_is_not_compared(stage: TrainStage, live: Artifact) -> None:
    (live.path / "model.onnx").write_bytes(b"torn")
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\nseed = 1") == 0

    assert "can't be compared with" in check(stage, "live")["why"]
    assert stage.artifact().id != live.id


def test_probabilities_are_compared_by_the_metric_that_decides(stage: TrainStage) -> None:
    stage.train(MadeData("three"), BOOSTING)
    stage.train(MadeData("three"), f"{BOOSTING}\nseed = 1")

    found = check(stage, "live")
    assert found["metric"] == "log_loss"
    assert found["worse"]["value"] == pytest.approx(found["value"] - found["live"])
