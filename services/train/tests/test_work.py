import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from conftest import LINEAR, TrainStage
from jsonschema import Draft202012Validator
from made_data import CLASSES, MadeData, houses, run, transform
from modelling.data.tensors import pack
from onnx import helper
from pyarrow import parquet
from sklearn.metrics import average_precision_score, matthews_corrcoef
from stage_contract import ContractError
from stage_contract.metric_titles import title_of_metric
from verdicts import verdict

SCHEMAS = Path(__file__).parents[3] / "contract/schemas"
EVERY_TASK = pytest.mark.parametrize("task", CLASSES)
FILES = [
    *("examples.jsonl", "model-card.md", "model.json", "model.onnx", "reference.json"),
    "report.html",
]


def predictions(stage: TrainStage, rows: pa.Table, data: MadeData) -> np.ndarray:
    model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
    outputs = run(model, pack(rows, data.rules))
    return outputs["prediction" if data.task == "regression" else "probabilities"]


def examples(stage: TrainStage) -> list[dict[str, Any]]:
    text = stage.artifact().file("examples.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@EVERY_TASK
def test_what_is_written_keeps_the_schema_of_models(stage: TrainStage, task: str) -> None:
    artifact = stage.train(MadeData(task), "trials = 2")

    schema = json.loads((SCHEMAS / "model.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(stage.document())
    assert [entry["path"] for entry in artifact.manifest["files"]] == FILES
    assert artifact.rows == 120


def test_model_json_says_what_the_features_said(stage: TrainStage) -> None:
    data = MadeData("three")
    stage.train(data)
    model = stage.document()

    assert model["signature"] == data.schema | {"ignored": ["price", "id"], "private": []}
    assert model["target"] == data.features["target"]
    assert model["classes"] == ["cheap", "dear", "middling"]
    assert model["split"] == data.features["split"]
    assert model["opset"] == {"": 21, "ai.onnx.ml": 3}


def test_model_json_names_private_columns_that_are_no_input(stage: TrainStage) -> None:
    def keep_private(path: Path) -> None:
        document = json.loads((path / "features.json").read_bytes())
        for column in document["columns"]:
            column["private"] = column["name"] in {"id", "owner"}
        (path / "features.json").write_text(json.dumps(document), encoding="utf-8")

    stage.publish(MadeData(), change=keep_private)
    assert stage.run(LINEAR) == 0

    assert stage.document()["signature"]["private"] == ["id"]


@EVERY_TASK
def test_metrics_are_those_of_the_published_graph_on_the_raw_test_rows(
    stage: TrainStage, task: str
) -> None:
    data = MadeData(task)
    stage.train(data)
    truth = data.table(data.raw_test)["@target"].to_numpy()
    predicted = predictions(stage, data.raw_test, data)

    metrics = stage.document()["metrics"]

    if task == "regression":
        assert metrics["mae"]["value"] == pytest.approx(np.abs(truth - predicted).mean())
    else:
        assert metrics["accuracy"]["value"] == (predicted.argmax(axis=1) == truth).mean()


@EVERY_TASK
def test_a_model_that_learned_something_beats_the_baseline(stage: TrainStage, task: str) -> None:
    artifact = stage.train(MadeData(task))
    verdict = json.loads((artifact.path / "verdict.json").read_bytes())

    assert verdict["beats_baseline"] is True
    assert verdict["parity"]["passed"] is True
    assert verdict["difference"] == verdict["value"] - verdict["baseline"]
    assert "no better than a baseline" not in stage.printed()


@EVERY_TASK
def test_every_trial_is_told_best_first_with_the_baseline(stage: TrainStage, task: str) -> None:
    stage.train(MadeData(task), "trials = 4")
    model = stage.document()
    scores = [trial["score"] for trial in model["candidates"]]

    assert sorted(trial["name"] for trial in model["candidates"]) == [
        "dummy",
        "extra-trees",
        "gradient-boosting",
        "linear",
        "random-forest",
    ]
    assert model["search"] == {"trials": 4, "cut": False}
    assert scores == sorted(scores, reverse=task == "regression")
    assert model["candidates"][0]["name"] == model["estimator"]["name"]
    assert model["candidates"][0]["hyperparameters"] == model["estimator"]["hyperparameters"]


@EVERY_TASK
def test_the_graph_answers_the_examples_as_they_expect(stage: TrainStage, task: str) -> None:
    data = MadeData(task)
    stage.train(data, f"{LINEAR}\nexamples = 8")
    lines = examples(stage)
    rows = pa.Table.from_pylist(
        [line["row"] | {"sold": datetime.fromisoformat(line["row"]["sold"])} for line in lines],
        schema=data.raw_test.schema,
    )

    found = predictions(stage, rows, data)

    assert len(lines) == 8
    assert np.array_equal(found, np.array([line["expected"] for line in lines], np.float32))


def test_private_values_are_nowhere(stage: TrainStage) -> None:
    artifact = stage.train(MadeData())

    for name in ("model.json", "examples.jsonl", "reference.json"):
        assert "owner 1" not in artifact.file(name).read_text(encoding="utf-8")


def test_reference_json_tells_how_target_and_predictions_are_distributed(
    stage: TrainStage,
) -> None:
    stage.train(MadeData("three"))
    reference = stage.document("reference.json")

    assert [column["name"] for column in reference["columns"]][:2] == ["size", "rooms"]
    assert sum(reference["target"]["shares"]) == pytest.approx(1)
    assert (reference["target"]["rows"], reference["predictions"]["rows"]) == (120, 40)
    assert sum(reference["predictions"]["mean_probabilities"]) == pytest.approx(1)


def test_a_split_by_time_is_validated_in_time(stage: TrainStage) -> None:
    stage.train(MadeData("binary", by_time=True))

    assert stage.document()["split"]["kind"] == "time"


def test_a_metric_that_is_chosen_decides(stage: TrainStage) -> None:
    stage.train(MadeData("binary"), 'trials = 2\nmetric = "roc_auc"')

    assert {trial["metric"] for trial in stage.document()["candidates"]} == {"roc_auc"}
    assert "linear: roc_auc" in stage.printed()


@pytest.mark.parametrize("task", ["binary", "three"])
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_for_rare_classes_are_those_of_scikit_learn(
    stage: TrainStage, task: str, *, weighted: bool
) -> None:
    data = MadeData(task, weighted=weighted)
    artifact = stage.train(data, LINEAR)
    table = data.table(data.raw_test)
    truth = table["@target"].to_numpy()
    weights = table["@weight"].to_numpy() if weighted else None
    model = onnx.load_from_string(artifact.file("model.onnx").read_bytes())
    answers = run(model, pack(data.raw_test, data.rules))
    expected = {
        "matthews_corrcoef": matthews_corrcoef(truth, answers["label"], sample_weight=weights)
    }
    if task == "binary":
        expected["average_precision"] = average_precision_score(
            truth, answers["probabilities"][:, 1], sample_weight=weights
        )

    found = stage.document()["metrics"]

    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected)
    assert ("average_precision" in found) is (task == "binary")


@pytest.mark.parametrize("name", ["average_precision", "matthews_corrcoef"])
def test_a_metric_for_rare_classes_decides_in_search_gate_and_report(
    stage: TrainStage, name: str
) -> None:
    stage.train(MadeData("binary"), f'trials = 4\nmetric = "{name}"')

    document, judged = stage.document(), verdict(stage)
    scores = [trial["score"] for trial in document["candidates"]]
    assert {trial["metric"] for trial in document["candidates"]} == {name}
    assert scores == sorted(scores, reverse=True)
    assert (judged["metric"], judged["beats_baseline"]) == (name, True)
    report = stage.artifact().file("report.html").read_text(encoding="utf-8")
    assert title_of_metric(name)[0] in report


def test_a_forced_run_gives_the_same_bytes(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = stage.root / "build.json"
    build.write_text('{"code": "test"}', encoding="utf-8")
    monkeypatch.setenv("STAGE_BUILD", str(build))
    stage.train(MadeData("binary"), "trials = 2")

    assert stage.run("trials = 2", "--force") == 0, stage.printed()


def test_columns_that_say_nothing_give_a_warning_with_what_to_check(stage: TrainStage) -> None:
    def shuffle(path: Path) -> None:
        for folder in ("train", "test"):
            file = path / folder / "part-00000.parquet"
            table = parquet.read_table(file)
            noise = np.random.default_rng(0).permutation(table["@target"].to_numpy())
            column = table.column_names.index("@target")
            parquet.write_table(table.set_column(column, "@target", [noise]), file)

    stage.publish(MadeData("regression"), change=shuffle)

    assert stage.run('candidates = ["gradient-boosting"]\ntrials = 1') == 0
    assert "warning: no better than a baseline that ignores its input; check" in stage.printed()
    with pytest.raises(ContractError, match="no model was published"):
        stage.artifact()


def test_too_little_memory_is_told_before_the_work(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish(MadeData("regression"))
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)

    assert stage.run(LINEAR) == 78
    assert "error: training on " in stage.printed()


def test_a_metric_of_another_task_ends_with_78(stage: TrainStage) -> None:
    stage.publish(MadeData("regression"))

    assert stage.run('metric = "log_loss"') == 78
    assert "metric = 'log_loss': does not fit regression" in stage.printed()


def test_an_estimator_off_the_list_ends_with_78_and_the_list(stage: TrainStage) -> None:
    stage.publish(MadeData("regression"))

    assert stage.run('candidates = ["svm"]') == 78
    assert (
        "[train] candidates = ['svm']: 'svm' is not one of gradient-boosting, linear,"
        " random-forest, extra-trees; only these estimators have an ONNX graph that is tested to"
        " predict exactly as scikit-learn does"
    ) in stage.printed()


def rewrite(folder: str, change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Return a change of a published table."""

    def apply(path: Path) -> None:
        file = path / folder / "part-00000.parquet"
        parquet.write_table(change(parquet.read_table(file)), file)

    return apply


def replaced(name: str, value: float) -> Callable[[pa.Table], pa.Table]:
    """Return a table's change of one column's first value."""

    def apply(table: pa.Table) -> pa.Table:
        values = [value, *table[name].to_pylist()[1:]]
        column = pa.array(values, table.schema.field(name).type)
        return table.set_column(table.column_names.index(name), name, column)

    return apply


def edit(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        document = json.loads((path / name).read_bytes())
        change(document)
        (path / name).write_text(json.dumps(document), encoding="utf-8")

    return apply


def newer_operators(path: Path) -> None:
    model = transform()
    model.opset_import[0].CopyFrom(helper.make_opsetid("", 22))
    (path / "transform.onnx").write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rewrite("train", replaced("size", float("nan"))), r"feature 'size' is nan in row 1"),
        (rewrite("train", replaced("@target", float("nan"))), r"train/: @target is missing"),
        (rewrite("train", lambda t: t.drop(["rooms"])), r"no column 'rooms'"),
        (rewrite("train", lambda t: t[:9]), r"train/: 9 rows; expected at least 10"),
        (rewrite("test", lambda t: t[:0]), r"test/ holds no rows"),
        (rewrite("test", lambda t: t[:1]), r"test/: 1 rows; expected 2 at least"),
        (rewrite("test", lambda t: t[:30]), r"30 rows in test/, 40 in test-rows/"),
        (rewrite("test", replaced("rooms", 99)), r"test/: feature 'rooms' is 99.0, but transform"),
        (rewrite("test-rows", lambda t: t.drop(["colour"])), r"no column 'colour'"),
        (edit("features.json", lambda d: d.pop("task")), r"features.json: task: Field required"),
        (edit("schema.json", lambda d: d["fields"][0].pop("input")), r"fields.0.input"),
        (edit("schema.json", lambda d: d["fields"].pop(0)), r"its inputs are \{'numbers': 4"),
        (newer_operators, r"operator set '' 22; expected 21 at most"),
    ],
)
def test_feature_data_that_breaks_the_contract_ends_with_65_and_one_line(
    stage: TrainStage, change: Callable[[Path], None], message: str
) -> None:
    stage.publish(MadeData(), change=change)

    assert stage.run("trials = 2") == 65
    assert re.search(message, stage.printed().splitlines()[-1])


def test_a_class_with_two_rows_is_learned_with_fewer_folds(stage: TrainStage) -> None:
    def make_rare(table: pa.Table) -> pa.Table:
        target = [min(value, 1) for value in table["@target"].to_pylist()[2:]]
        column = table.column_names.index("@target")
        return table.set_column(column, "@target", pa.array([2, 2, *target], pa.int64()))

    stage.publish(MadeData("three"), change=rewrite("train", make_rare))

    assert stage.run("trials = 2") == 0
    assert "warning: folds = 3, but 2 can be made: too few rows of a class" in stage.printed()


def test_a_class_index_that_no_class_has_ends_with_65(stage: TrainStage) -> None:
    stage.publish(MadeData("three"), change=rewrite("train", replaced("@target", 3)))

    assert stage.run("trials = 2") == 65
    assert "@target is 3; expected the index of one of 3 classes" in stage.printed()


def test_a_missing_value_that_the_features_pass_on_ends_with_65(stage: TrainStage) -> None:
    def pass_on(path: Path) -> None:
        model = transform()
        where = next(node for node in model.graph.node if node.op_type == "Where")
        where.CopyFrom(helper.make_node("Identity", ["numbers"], ["filled"]))
        (path / "transform.onnx").write_bytes(model.SerializeToString())

    full = houses(300, seed=1).drop_null()
    data = MadeData(raw_train=full[:80], raw_test=full[80:120])
    stage.publish(data, change=pass_on)

    assert stage.run(LINEAR) == 65
    assert "transform.onnx: feature 'size' is nan for {'size': np.float64(nan)" in stage.printed()
