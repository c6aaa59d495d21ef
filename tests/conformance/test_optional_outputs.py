"""The kit on models with intervals, quantiles and decisions: each fault has its check."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import pytest
from conformance.checks.model.baseline import baseline, score_intervals
from conformance.checks.model.documents import importance, metrics, signature
from conformance.checks.model.examples import examples
from conformance.checks.model.graph import intervals, model_interface, predictions
from conformance.checks.model.quantiles import quantiles
from conformance.checks.model.runs import PENGUINS, ModelRun
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.scores import known_scores, takes_labels
from conformance.validity.lineage import latest_artifact
from onnx import ModelProto, TensorProto, helper

type Document = dict[str, Any]
type Change = Callable[[ModelProto, Document], None]

CHECKS = (
    *(model_interface, predictions, intervals, quantiles, examples, metrics, signature),
    *(baseline, score_intervals, importance),
)
FEATURES = {"houses": EXAMPLES / "feature-data", "penguins": PENGUINS}
MODELS = {"houses": EXAMPLES / "model", "penguins": EXAMPLES / "penguins/model"}


class Trained:
    """Stands for a subject that has published changed copies of the examples."""

    def __init__(self, folder: Path) -> None:
        self.runs = {
            "model": _copy("houses", folder / "houses"),
            "model of penguins": _copy("penguins", folder / "penguins"),
        }

    def once(self, name: str, _make: object) -> ModelRun:
        return self.runs[name]

    def change(self, name: str, change: Change) -> None:
        """Change model.onnx and model.json of a copy."""
        path = self.runs[name].artifact.path
        model, document = (
            onnx.load(path / "model.onnx"),
            json.loads((path / "model.json").read_bytes()),
        )
        change(model, document)
        onnx.save(model, path / "model.onnx")
        (path / "model.json").write_text(json.dumps(document), encoding="utf-8")

    def found(self) -> dict[str, str]:
        """Return what each check has against it."""
        faults = {}
        for check in CHECKS:
            try:
                check(self)  # type: ignore[arg-type]  # all that these checks take of a subject
            except Fault as fault:
                faults[check.__name__] = str(fault)
            except Skipped:
                continue
        return faults


def _copy(name: str, folder: Path) -> ModelRun:
    shutil.copytree(MODELS[name], folder)
    return ModelRun("", FEATURES[name], latest_artifact(folder))


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return Trained(tmp_path)


def importance_of(*columns: tuple[str, float], rows: int = 9) -> Change:
    """Return a change that gives the houses this importance."""
    described = [{"name": name, "loss": loss, "deviation": 0.0} for name, loss in columns]
    told = {"metric": "r2", "rows": rows, "repeats": 5, "columns": described}
    return lambda _, document: document.update(importance=told)


def test_an_importance_of_input_columns_is_right(trained: Trained) -> None:
    trained.change("model", importance_of(("size", 0.9), ("rooms", 0.1), ("garden", -0.1)))

    importance(cast("Subject", trained))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (importance_of(("size", 0.1), ("rooms", 0.9)), "importance is not sorted"),
        (importance_of(("size", 0.9), ("size", 0.1)), "importance has a column twice"),
        (importance_of(("price", 0.9)), "importance has 'price', which is not an input"),
        (importance_of(("size", 0.9), rows=10_000), "importance has 10000 rows"),
    ],
)
def test_an_importance_that_is_wrong_is_found(trained: Trained, change: Change, fault: str) -> None:
    trained.change("model", change)

    with pytest.raises(Fault, match=fault):
        importance(cast("Subject", trained))


def test_models_without_importance_are_not_checked(trained: Trained) -> None:
    for name in trained.runs:
        trained.change(name, lambda _, document: document.pop("importance", None))

    with pytest.raises(Skipped, match=r"its model\.json has no importance, which is optional"):
        importance(cast("Subject", trained))


def add_interval(*, low: float = -1e5, high: float = 1e5, across: bool = False) -> Change:
    """Return a change that gives the houses an interval of always the same width."""

    def change(model: ModelProto, document: Document) -> None:
        for name, distance in (("low", low), ("high", high)):
            value = helper.make_tensor(f"{name}_by", TensorProto.FLOAT, [], [distance])
            ends = [helper.make_node("Add", ["prediction", f"{name}_by"], [name])]
            if across:
                axis = helper.make_tensor("rows", TensorProto.INT64, [1], [0])
                ends = [
                    helper.make_node("Constant", [], [f"{name}_rows"], value=axis),
                    helper.make_node("ReduceMax", ["prediction", f"{name}_rows"], [f"{name}_most"]),
                    helper.make_node("Add", [f"{name}_most", f"{name}_by"], [f"{name}_far"]),
                    helper.make_node(
                        "Max" if name == "high" else "Min", ["prediction", f"{name}_far"], [name]
                    ),
                ]
            model.graph.node.extend(
                [helper.make_node("Constant", [], [f"{name}_by"], value=value), *ends]
            )
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]))
        document["interval"] = {"coverage": 0.9}

    return change


def state_intervals(trained: Trained) -> None:
    """State the coverage and the ends of the examples as they are."""
    run = trained.runs["model"]
    fresh = ModelRun("", run.source, run.artifact)
    ends = fresh.model.interval_bounds(fresh.feed)
    truth = fresh.y_true.astype(np.float32)
    share = float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 2])))
    stated = {"value": share, "low": share, "high": share}
    trained.change("model", lambda _, document: document["metrics"].update(coverage=stated))
    path = run.artifact.path / "examples.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = fresh.model.interval_bounds(fresh.model.pack([line["row"] for line in lines]))
    text = "".join(
        json.dumps(line | {"interval": [float(low), float(high)]}) + "\n"
        for line, (low, _, high) in zip(lines, answers, strict=True)
    )
    path.write_text(text, encoding="utf-8")


def test_the_examples_are_right_as_they_are(trained: Trained) -> None:
    assert trained.found() == {}


def test_a_model_with_intervals_is_right(trained: Trained) -> None:
    trained.change("model", add_interval())
    state_intervals(trained)

    assert trained.found() == {}


def test_outputs_that_model_json_does_not_tell_of_are_found(trained: Trained) -> None:
    trained.change("model", add_interval())
    trained.change("model", lambda _, document: document.pop("interval"))

    assert "gives high, low, prediction; expected prediction" in trained.found()["model_interface"]


def test_intervals_that_are_told_of_and_not_there_are_found(trained: Trained) -> None:
    trained.change("model", lambda _, document: document.update(interval={"coverage": 0.9}))

    assert "expected prediction and low and high" in trained.found()["model_interface"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (add_interval(low=1.0), "low, prediction and high are"),
        (add_interval(high=-1.0), "low, prediction and high are"),
        (add_interval(high=float("inf")), "low, prediction and high are"),
        (add_interval(across=True), "for held-out row"),
    ],
)
def test_ends_that_are_wrong_are_found(trained: Trained, change: Change, fault: str) -> None:
    trained.change("model", change)
    state_intervals(trained)

    assert fault in trained.found()["intervals"]


def test_a_coverage_that_flatters_is_found(trained: Trained) -> None:
    trained.change("model", add_interval(low=-1.0, high=1.0))
    state_intervals(trained)
    stated = {"value": 0.9, "low": 0.8, "high": 1.0}
    trained.change("model", lambda _, document: document["metrics"].update(coverage=stated))

    assert "metrics.coverage is 0.9" in trained.found()["intervals"]


@pytest.mark.parametrize("private", [[], None], ids=["told", "not told"])
def test_private_columns_may_be_told_or_not(trained: Trained, private: list[str] | None) -> None:
    told = {} if private is None else {"private": private}
    trained.change("model", lambda _, document: document["signature"].update(told))

    assert "signature" not in trained.found()


def test_a_column_that_is_wrongly_told_to_be_private_is_found(trained: Trained) -> None:
    wrong = {"private": ["price"]}
    trained.change("model", lambda _, document: document["signature"].update(wrong))

    assert "signature.private: found ['price']" in trained.found()["signature"]


def test_examples_without_ends_are_found(trained: Trained) -> None:
    trained.change("model", add_interval())
    state_intervals(trained)
    path = trained.runs["model"].artifact.path / "examples.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[1]["interval"][0] -= 1e4
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    assert "line 2 has the interval" in trained.found()["examples"]


LEVELS = [0.1, 0.5, 0.9]


def add_quantiles(
    *offsets: float, levels: list[float] | None = None, across: bool = False
) -> Change:
    """Return a change that gives the houses quantiles at these distances from the prediction."""

    def change(model: ModelProto, document: Document) -> None:
        value = helper.make_tensor("offsets", TensorProto.FLOAT, [1, len(offsets)], offsets)
        rows = helper.make_tensor("rows", TensorProto.INT64, [1], [0])
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["offsets"], value=value),
                helper.make_node("Constant", [], ["rows"], value=rows),
                helper.make_node("Constant", [], ["one_column"], value_ints=[-1, 1]),
                helper.make_node("Reshape", ["prediction", "one_column"], ["as_column"]),
                helper.make_node("Abs", ["as_column"], ["sizes"]),
                helper.make_node("ReduceMax", ["sizes", "rows"], ["most"]),
                helper.make_node("Mul", ["offsets", "most"], ["of_all_rows"]),
                helper.make_node(
                    "Add", ["as_column", "of_all_rows" if across else "offsets"], ["quantiles"]
                ),
            ]
        )
        model.graph.output.append(
            helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, ["N", len(offsets)])
        )
        document["quantiles"] = {"levels": levels or LEVELS}

    return change


def state_quantiles(trained: Trained, **changed: Any) -> None:
    """State coverage and pinball, and the quantiles of the examples, as they are."""
    run = trained.runs["model"]
    fresh = ModelRun("", run.source, run.artifact)
    found, truth = fresh.model.quantiles(fresh.feed), fresh.y_true
    shares = (truth.astype(np.float32)[:, np.newaxis] <= found).mean(axis=0).tolist()
    target = fresh.feature_data.train.column("@target").to_numpy()
    constant = np.broadcast_to(np.quantile(target, LEVELS), found.shape)
    stated = {
        "coverage": shares,
        "metrics": _pinball(truth, found),
        "baseline": _pinball(truth, constant),
    } | changed

    def state(_model: ModelProto, document: Document) -> None:
        document["quantiles"]["coverage"] = [_score(share) for share in stated["coverage"]]
        for key in ("metrics", "baseline"):
            if np.isfinite(stated[key]):
                document[key]["pinball"] = _score(stated[key])

    trained.change("model", state)
    path = run.artifact.path / "examples.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    given = fresh.model.quantiles(fresh.model.pack([line["row"] for line in lines])).tolist()
    text = "".join(
        json.dumps(line | {"quantiles": own}) + "\n" for line, own in zip(lines, given, strict=True)
    )
    path.write_text(text, encoding="utf-8")


def _pinball(truth: Any, found: Any) -> float:
    error = truth[:, np.newaxis] - found
    levels = np.array(LEVELS)
    return float(np.maximum(levels * error, (levels - 1) * error).mean())


def _score(value: float) -> dict[str, float]:
    return dict.fromkeys(("value", "low", "high"), value)


def test_a_model_with_quantiles_is_right(trained: Trained) -> None:
    trained.change("model", add_quantiles(-1e5, 0.0, 1e5))
    state_quantiles(trained)

    assert trained.found() == {}


def test_quantiles_that_model_json_does_not_list_are_found(trained: Trained) -> None:
    trained.change("model", add_quantiles(-1e5, 0.0, 1e5))
    trained.change("model", lambda _, document: document.pop("quantiles"))

    assert "gives prediction, quantiles; expected" in trained.found()["model_interface"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (add_quantiles(1e5, 0.0, 2e5), "the quantiles are"),
        (add_quantiles(-1e5, 1e4, 1e5), "the quantiles are"),
        (add_quantiles(-1e5, 0.0, float("inf")), "the quantiles are"),
        (add_quantiles(-0.1, 0.0, 0.1, across=True), "for held-out row"),
        (add_quantiles(-1e5, 0.0, 1e5, levels=[0.5, 0.1, 0.9]), "quantiles.levels is [0.5"),
        (add_quantiles(-1e5, 0.0, 1e5, levels=[0.1, 0.4, 0.9]), "quantiles.levels is [0.1, 0.4"),
    ],
)
def test_quantiles_that_are_wrong_are_found(trained: Trained, change: Change, fault: str) -> None:
    trained.change("model", change)
    state_quantiles(trained)

    assert fault in trained.found()["quantiles"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"coverage": [0.1, 0.5, 0.9]}, "quantiles.coverage is [0.1, 0.5, 0.9]"),
        ({"metrics": 1.0}, "pinball of metrics is 1, not"),
        ({"baseline": 1.0}, "pinball of baseline is 1, not"),
    ],
)
def test_scores_of_quantiles_that_flatter_are_found(
    trained: Trained, changed: dict[str, Any], fault: str
) -> None:
    trained.change("model", add_quantiles(-1e5, 0.0, 1e5))
    state_quantiles(trained, **changed)

    assert fault in trained.found()["quantiles"]


def test_examples_with_other_quantiles_are_found(trained: Trained) -> None:
    trained.change("model", add_quantiles(-1e5, 0.0, 1e5))
    state_quantiles(trained)
    path = trained.runs["model"].artifact.path / "examples.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[1]["quantiles"].reverse()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    assert "line 2 has the quantiles" in trained.found()["quantiles"]


def decide_by_costs(costs: list[list[float]], *, stated: list[list[float]] | None = None) -> Change:
    """Return a change that lets penguins be named by costs, others of which may be stated."""

    def change(model: ModelProto, document: Document) -> None:
        for node in model.graph.node:
            node.output[:] = ["likeliest" if name == "label" else name for name in node.output]
        value = helper.make_tensor(
            "costs", TensorProto.FLOAT, [3, 3], [each for row in costs for each in row]
        )
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["costs"], value=value),
                helper.make_node("MatMul", ["probabilities", "costs"], ["expected_costs"]),
                helper.make_node("ArgMin", ["expected_costs"], ["label"], axis=1, keepdims=0),
            ]
        )
        document["decision"] = {"costs": stated or costs, "by": {"cost": {}}}
        kept = {name: m for name, m in document["metrics"].items() if not takes_labels(name)}
        document["metrics"] = kept

    return change


COSTLY = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [900.0, 900.0, 0.0]]


def test_a_label_by_costs_is_right(trained: Trained) -> None:
    trained.change("model of penguins", decide_by_costs(COSTLY))

    assert trained.found() == {}


def test_a_label_by_other_costs_is_found(trained: Trained) -> None:
    even = (1 - np.eye(3)).tolist()
    trained.change("model of penguins", decide_by_costs(COSTLY, stated=even))

    found = trained.found()
    assert found.keys() == {"predictions"}
    assert "label of held-out row" in found["predictions"]


def state(**values: float) -> Change:
    """Return a change that adds these metrics to a model."""

    def change(_: ModelProto, document: Document) -> None:
        for name, value in values.items():
            document["metrics"][name] = {"value": value, "low": value * 0.9, "high": value * 1.1}

    return change


VECTORS = json.loads((EXAMPLES / "vectors/metrics-1.4.json").read_bytes())


@pytest.mark.parametrize(
    "case",
    [case for cases in VECTORS.values() for case in cases if case["weights"] is None],
    ids=lambda case: case["about"],
)
def test_the_kit_computes_metrics_as_the_vectors_say(case: dict[str, Any]) -> None:
    predicted = np.array(case.get("predicted", case.get("probabilities")), float)
    classes = predicted.shape[1] if predicted.ndim > 1 else None
    scores = known_scores(case["metrics"], classes=classes)

    found = {
        name: score(
            np.array(case["truth"]), np.array(case["labels"]) if takes_labels(name) else predicted
        )
        for name, score in scores.items()
    }

    assert found == pytest.approx(case["metrics"])


def test_true_metrics_of_1_4_are_right(trained: Trained) -> None:
    houses, penguins = (trained.runs[name] for name in ("model", "model of penguins"))
    truth, predicted = houses.y_true, houses.predicted
    numbers = known_scores(["mape", "rmsle"], classes=None)
    classes = known_scores(["top_k_accuracy_2", "top_k_accuracy_3", "fbeta_1"], classes=3)
    assert set(classes) == {"top_k_accuracy_2"}
    found = {name: score(truth, predicted) for name, score in numbers.items()}
    top = classes["top_k_accuracy_2"](penguins.y_true, penguins.predicted)
    trained.change("model", state(**found))
    trained.change("model of penguins", state(top_k_accuracy_2=top))

    metrics(cast("Subject", trained))


@pytest.mark.parametrize(
    ("run", "name"),
    [("model", "mape"), ("model", "rmsle"), ("model of penguins", "top_k_accuracy_2")],
)
def test_a_false_metric_of_1_4_is_found(trained: Trained, run: str, name: str) -> None:
    trained.change(run, state(**{name: 0.42}))

    with pytest.raises(Fault, match=rf"{name} is 0\.42, but model\.onnx has"):
        metrics(cast("Subject", trained))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("fbeta", "shortest decimal of its parameter, as in fbeta_2"),
        ("fbeta_2.0", "shortest decimal"),
        ("fbeta_1e-1", "shortest decimal"),
        ("fbeta_0", "a parameter above 0"),
        ("recall_at_precision_90", "a share up to 1"),
        ("precision_at_recall_1.5", "a share up to 1"),
        ("top_k_accuracy_2.5", "an integer, as in top_k_accuracy_3"),
    ],
)
def test_a_parameter_that_is_written_wrongly_is_found(
    trained: Trained, name: str, fault: str
) -> None:
    trained.change("model of penguins", state(**{name: 0.5}))

    with pytest.raises(Fault, match=fault):
        metrics(cast("Subject", trained))


def test_a_metric_of_another_name_is_its_authors_own(trained: Trained) -> None:
    trained.change("model of penguins", state(fbetas=0.5, top_k_accuracy_9=1.0, recall=0.5))

    metrics(cast("Subject", trained))


def test_scores_of_labels_are_those_of_the_label(trained: Trained) -> None:
    def keep_scores(model: ModelProto, document: Document) -> None:
        before = dict(document["metrics"])
        decide_by_costs([[0.0, 1, 1], [1, 0, 1], [1e9, 1e9, 0]])(model, document)
        document["metrics"] = before

    trained.change("model of penguins", keep_scores)

    assert re.search(r"accuracy is \S+, but model\.onnx has \S+ on", trained.found()["metrics"])
