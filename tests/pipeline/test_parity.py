"""One graph: the API, model.onnx run by hand, and scikit-learn agree on 10,000 held-out rows."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from pyarrow import parquet
from serve_testing.request_forms import every_form, numbers_of
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from support.running import Pipeline

ROWS = 10_000
SENT_ROWS = 500
TOLERANCE = 1e-5
HIDE = 0.05
"""Share of cells that are blanked, and of texts that are replaced by ones never seen."""

FORESTS = {
    "random-forest": {
        "regression": RandomForestRegressor,
        "classification": RandomForestClassifier,
    },
    "extra-trees": {"regression": ExtraTreesRegressor, "classification": ExtraTreesClassifier},
}

type Row = dict[str, Any]
type Model = dict[str, Any]
type Feature = dict[str, Any]
type Matrix = np.ndarray


@pytest.fixture(params=["diamonds", "penguins", "flights"])
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    served: Pipeline = request.getfixturevalue(request.param)
    return served


def typed(value: object) -> object:
    """Return a cell as JSON writes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def held_out_rows(pipeline: Pipeline, fields: list[dict[str, Any]]) -> list[Row]:
    """Return held-out rows with cells missing where that is allowed, and unseen categories."""
    artifact = pipeline.latest("feature-data")
    table = pa.concat_tables(parquet.read_table(path) for path in artifact.files("test-rows"))
    names = [field["name"] for field in fields]
    rows: list[Row] = table.select(names).slice(0, ROWS).to_pylist()
    random = np.random.default_rng(0)
    for row in rows:
        for field in fields:
            name = field["name"]
            row[name] = typed(row[name])
            if random.random() >= HIDE:
                continue
            if not field.get("constraints", {}).get("required"):
                row[name] = None
            elif field["type"] == "string":
                row[name] = "never seen"
    return rows


def tensors(rows: list[Row], fields: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Pack rows as the contract's page says, independently of any stage's code."""
    groups: dict[str, list[dict[str, Any]]] = {"numbers": [], "strings": []}
    for field in sorted(fields, key=lambda field: int(field["input"]["index"])):
        groups[field["input"]["group"]].append(field)
    packed = {
        "numbers": np.array(
            [[number(row[f["name"]], f) for f in groups["numbers"]] for row in rows]
        ),
        "strings": np.array(
            [[text(row[f["name"]]) for f in groups["strings"]] for row in rows], dtype=object
        ),
    }
    return {name: values for name, values in packed.items() if groups[name]}


def number(value: Any, field: dict[str, Any]) -> float:
    if value is None:
        return float("nan")
    if field["type"] in {"datetime", "date"}:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(value)


def text(value: object) -> str:
    return "" if value is None else str(value)


def by_hand(pipeline: Pipeline, rows: list[Row]) -> np.ndarray:
    artifact = pipeline.latest("model")
    fields = json.loads(artifact.file("model.json").read_bytes())["signature"]["fields"]
    session = onnxruntime.InferenceSession(artifact.file("model.onnx").read_bytes())
    outputs = [output.name for output in session.get_outputs()]
    wanted = "prediction" if "prediction" in outputs else "probabilities"
    result: np.ndarray = session.run([wanted], tensors(rows, fields))[0]
    return result


def through_the_api(pipeline: Pipeline, rows: list[Row], model: dict[str, Any]) -> np.ndarray:
    answers: list[Any] = []
    with pipeline.client() as client:
        for batch in batches(rows):
            answer = client.post("/predict", json={"rows": batch})
            assert answer.status_code == 200, answer.text
            answers += answer.json()["predictions"]
    if model["classes"] is None:
        return np.array([answer[model["target"]["name"]] for answer in answers], np.float32)
    keys = [json.dumps(c) if not isinstance(c, str) else c for c in model["classes"]]
    shares = [[answer["probabilities"][key] for key in keys] for answer in answers]
    return np.array(shares, np.float32)


def batches(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), 1000):
        yield rows[start : start + 1000]


def test_the_api_gives_the_numbers_of_the_merged_graph(pipeline: Pipeline) -> None:
    model = json.loads(pipeline.latest("model").file("model.json").read_bytes())
    rows = held_out_rows(pipeline, model["signature"]["fields"])

    assert np.array_equal(by_hand(pipeline, rows), through_the_api(pipeline, rows, model))


def test_every_form_of_a_request_gives_the_same_numbers(pipeline: Pipeline) -> None:
    model = json.loads(pipeline.latest("model").file("model.json").read_bytes())
    fields, has_classes = model["signature"]["fields"], model["classes"] is not None
    rows = held_out_rows(pipeline, fields)[:SENT_ROWS]
    forms = every_form(rows, fields, name=pipeline.name, has_classes=has_classes)

    with pipeline.client() as client:
        numbers = {
            form: numbers_of(
                client.post(path, content=body, headers=headers), has_classes=has_classes
            )
            for form, (path, body, headers) in forms.items()
        }

    expected = by_hand(pipeline, rows)
    assert {"JSON", "CSV", "OIP JSON", "OIP binary", "invocations, inputs"} <= set(numbers)
    assert [form for form, found in numbers.items() if not np.array_equal(found, expected)] == []


def test_scikit_learn_fitted_on_the_same_features_gives_the_same_predictions(
    pipeline: Pipeline,
) -> None:
    model = json.loads(pipeline.latest("model").file("model.json").read_bytes())
    features = pipeline.latest("feature-data")
    rows = held_out_rows(pipeline, model["signature"]["fields"])
    train = pa.concat_tables(parquet.read_table(path) for path in features.files("train"))
    described = json.loads(features.file("features.json").read_bytes())["features"]
    matrix = np.column_stack([train[feature["name"]].to_numpy() for feature in described])
    transform = onnxruntime.InferenceSession(features.file("transform.onnx").read_bytes())
    asked = transform.run(["features"], tensors(rows, model["signature"]["fields"]))[0]

    target = train["@target"].to_numpy()
    if model["estimator"]["hyperparameters"].pop("target_encoding", False):
        codes = [place for place, each in enumerate(described) if each["role"] == "ordinal"]
        encoder = target_encoder(model).fit(matrix[:, codes], target)
        means = encoder.fit_transform(matrix[:, codes], target).astype(np.float32)
        asked = np.column_stack([asked, encoder.transform(asked[:, codes]).astype(np.float32)])
        matrix = np.column_stack([matrix, means])
        described += [{"role": "target-encoding"}] * means.shape[1]
    native = refit(model, described, matrix.astype(np.float64), target)

    asked = asked.astype(np.float64)
    if model["classes"] is None:
        expected = native.predict(asked)
        scale = np.maximum(1.0, np.abs(expected))
    else:
        expected, scale = native.predict_proba(asked), 1.0
    assert np.max(np.abs(by_hand(pipeline, rows) - expected) / scale) <= TOLERANCE


def target_encoder(model: Model) -> TargetEncoder:
    """Return an encoder of codes with the folds of train."""
    seed = model["estimator"]["hyperparameters"]["random_state"]
    kinds = {0: "continuous", 2: "binary"}
    return TargetEncoder(
        target_type=kinds.get(len(model["classes"] or []), "multiclass"),
        cv=KFold(5, shuffle=True, random_state=seed),
    )


def refit(model: Model, features: list[Feature], matrix: Matrix, target: Matrix) -> Any:
    """Fit the estimator that model.json names with its hyperparameters."""
    # Of one that is calibrated this is not all; none of the shipped ones needs it.
    assert model.get("calibration", {"method": "none"})["method"] == "none"
    name, hyperparameters = model["estimator"]["name"], model["estimator"]["hyperparameters"]
    is_regression = model["classes"] is None
    if name == "gradient-boosting":
        boosting = (
            HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
        )
        # The folds have said how many iterations it takes: by itself it would stop earlier.
        return boosting(**hyperparameters, early_stopping=False).fit(matrix, target)
    if name in FORESTS:
        forest = FORESTS[name][model["task"]]
        return forest(**hyperparameters).fit(matrix, target)
    columns = [place for place, feature in enumerate(features) if feature["role"] != "ordinal"]
    scale = ColumnTransformer([("scale", StandardScaler(), columns)])
    linear = Ridge if is_regression else LogisticRegression
    return make_pipeline(scale, linear(**hyperparameters)).fit(matrix, target)
