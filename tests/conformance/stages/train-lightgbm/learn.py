"""Learning: feature-data in, the files of a model out."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import graph
import lightgbm  # type: ignore[import-not-found]  # only in the image
import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import stage

GRID = [  # tried in this order
    {"num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 5, "rounds": 100},
    {"num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 3, "rounds": 50},
    {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 20, "rounds": 200},
    {"num_leaves": 63, "learning_rate": 0.05, "min_data_in_leaf": 20, "rounds": 300},
    {"num_leaves": 4, "learning_rate": 0.2, "min_data_in_leaf": 5, "rounds": 50},
    {"num_leaves": 127, "learning_rate": 0.03, "min_data_in_leaf": 50, "rounds": 500},
]
TOLERANCE = 1e-5
BATCH = 20_000
QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOGARITHMS: dict[str | None, Any] = {"log": np.log, "log1p": np.log1p, None: np.asarray}
POWERS: dict[str | None, Any] = {"log": np.exp, "log1p": np.expm1, None: np.asarray}
COUNTS = {"rows", "missing", "distinct"}  # what `observed` of a private column may hold
Values = Any  # an array


@dataclass
class Part:
    """A part of the matrix: features, target, weights and groups of its rows."""

    x: Values
    y: Values
    weight: Values
    group: Values

    def only(self, rows: Values) -> "Part":
        return Part(self.x[rows], self.y[rows], self.weight[rows], self.group[rows])


# --- Reading ---


def table_of(folder: Path) -> pa.Table:
    files = [pq.ParquetFile(path).read() for path in sorted(folder.glob("part-*.parquet"))]
    return pa.concat_tables(files)


def part_of(folder: Path, features: dict[str, Any]) -> Part:
    table = table_of(folder)
    names = [feature["name"] for feature in features["features"]]
    if table.column_names[: len(names)] != names:
        raise ValueError(f"the columns of {folder.name}/ are not those of features.json")
    columns = [table.column(place).to_numpy() for place in range(len(names))]
    x = np.column_stack(columns) if table.num_rows else np.empty((0, len(names)), np.float32)
    y = table["@target"].to_numpy()
    has = table.column_names
    weight = table["@weight"].to_numpy() if "@weight" in has else np.ones(len(y))
    group = table["@group"].to_numpy() if "@group" in has else np.arange(len(y))
    if x.dtype != np.float32 or not np.isfinite(x).all():
        raise ValueError(f"features of {folder.name}/ are not finite float32")
    if not len(y) or not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError(f"{folder.name}/ has no rows, or weights that are not positive")
    if features["classes"]:
        valid = y.dtype == np.int64 and ((y >= 0) & (y < len(features["classes"]))).all()
    else:
        valid = y.dtype == np.float64 and (np.abs(y) <= graph.LARGEST).all()
    if not valid:
        raise ValueError(f"@target of {folder.name}/ has values that cannot be predicted")
    return Part(x, y, weight / weight.mean(), group)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Any], Part, Part, pa.Table, Any]:
    try:
        features = json.loads((folder / "features.json").read_text("utf-8"))
        schema = json.loads((folder / "schema.json").read_text("utf-8"))
        train, test = (part_of(folder / name, features) for name in ("train", "test"))
        rows = table_of(folder / "test-rows")
        widths: dict[str, int] = {}
        for field in schema["fields"]:
            rows.column(field["name"])
            group = field["input"]["group"]
            widths[group] = max(widths.get(group, 0), field["input"]["index"] + 1)
        transform = graph.read_transform(
            (folder / "transform.onnx").read_bytes(), widths, train.x.shape[1]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, ValueError) else repr(error)
        raise stage.EndError(
            65, f"the input breaks the contract: {what}", "run features again"
        ) from None
    if (features["task"] == "classification") != bool(features["classes"]):
        raise stage.EndError(65, "task and classes contradict each other", "run features again")
    if rows.num_rows != len(test.y):
        raise stage.EndError(65, "test/ and test-rows/ differ in rows", "run features again")
    return features, schema, train, test, rows, transform


# --- Rows, as the graph and as JSON have them ---


def inputs_of(rows: pa.Table, fields: list[dict[str, Any]]) -> dict[str, Values]:
    groups: dict[str, dict[int, Values]] = {}
    for field in fields:
        column = rows[field["name"]].combine_chunks()
        place = field["input"]
        if place["group"] == "strings":
            values = column.cast(pa.string()).fill_null("").to_numpy(zero_copy_only=False)
        elif pa.types.is_timestamp(column.type):
            values = floats(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())) / 1e6
        elif pa.types.is_date32(column.type):
            values = floats(column.cast(pa.int32())) * 86400
        else:
            values = floats(column)
        groups.setdefault(place["group"], {})[place["index"]] = values
    return {
        group: np.column_stack([columns[index] for index in sorted(columns)])
        for group, columns in groups.items()
    }


def floats(column: pa.Array) -> Values:
    return column.cast(pa.float64(), safe=False).fill_null(math.nan).to_numpy(zero_copy_only=False)


def as_json(column: pa.Array) -> Any:
    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
        return [None if m is None else text_of(EPOCH + timedelta(microseconds=m)) for m in micros]
    if pa.types.is_date32(column.type):
        return [None if day is None else day.isoformat() for day in column.to_pylist()]
    return column.to_pylist()


def text_of(moment: date) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def with_edges(inputs: dict[str, Values]) -> dict[str, Values]:
    """Add rows whose values are all missing, far out of range or unseen."""
    numbers, texts = [math.nan, 1e300, -1e300], ["", "unseen 1", "unseen 2"]
    return {
        group: np.vstack(
            [v] + [[e] * v.shape[1] for e in (texts if group == "strings" else numbers)]
        )
        for group, v in inputs.items()
    }


class Session:
    """A graph that ONNX Runtime runs, in batches."""

    def __init__(self, data: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])

    def __call__(self, inputs: dict[str, Values]) -> Values:
        """Return the last output: features, prediction or probabilities."""
        size = len(next(iter(inputs.values())))
        parts = [
            self.session.run(None, {name: v[at : at + BATCH] for name, v in inputs.items()})[-1]
            for at in range(0, size, BATCH)
        ]
        return np.concatenate(parts)


# --- Metrics ---


def metrics_of(task: str, y: Values, p: Values, w: Values) -> dict[str, float]:
    if task == "regression":
        squares = np.average((y - p) ** 2, weights=w)
        spread = np.average((y - np.average(y, weights=w)) ** 2, weights=w)
        found = {"rmse": math.sqrt(squares), "mae": np.average(np.abs(y - p), weights=w)}
        return found | ({"r2": 1 - squares / spread} if spread > 0 else {})
    hit = p.argmax(axis=1) == y
    chosen = np.clip(p[np.arange(len(y)), y].astype(np.float64), 1e-15, 1)
    recalls = [np.average(hit[y == c], weights=w[y == c]) for c in np.unique(y)]
    return {
        "log_loss": -np.average(np.log(chosen), weights=w),
        "accuracy": np.average(hit, weights=w),
        "balanced_accuracy": np.mean(recalls),
    }


def with_intervals(task: str, y: Values, p: Values, w: Values, seed: int) -> dict[str, Any]:
    """Give each metric of the held-out rows a 95 % interval, by bootstrap."""
    chance = np.random.default_rng(seed)
    draws: dict[str, list[float]] = {}
    for _ in range(300):
        rows = chance.integers(0, len(y), len(y))
        for name, value in metrics_of(task, y[rows], p[rows], w[rows]).items():
            draws.setdefault(name, []).append(value)
    found = {}
    for name, value in metrics_of(task, y, p, w).items():
        low, high = np.quantile(draws.get(name, [value]), [0.025, 0.975])
        bounds = {"low": float(min(low, value)), "high": float(max(high, value))}
        found[name] = {"value": float(value)} | bounds
    return found


def public_split(split: dict[str, Any], private: set[str]) -> dict[str, Any]:
    """Return the split without a boundary that is a value of a private column."""
    hidden = {"boundary"} if split.get("column") in private else set()
    return {key: value for key, value in split.items() if key not in hidden}


def distribution(task: str, values: Values, classes: int, *, private: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(values)}
    if task == "classification":
        return found | {"shares": (np.bincount(values, minlength=classes) / len(values)).tolist()}
    found |= {"mean": float(values.mean()), "deviation": float(values.std())}
    return found if private else found | {"quantiles": np.quantile(values, QUANTILES).tolist()}


# --- The estimator ---


class Estimator:
    """LightGBM on a target that is scaled, since LightGBM keeps it in float32."""

    def __init__(
        self, train: Part, features: dict[str, Any], choice: dict[str, Any], seed: int
    ) -> None:
        self.classes = len(features["classes"] or [])
        self.logarithm = features["target"].get("transform")
        y, self.center, self.scale = train.y, 0.0, 1.0
        if not self.classes:
            y = LOGARITHMS[self.logarithm](y)
            if not np.isfinite(y).all():
                raise stage.EndError(65, "@target has no logarithm", "change target.transform")
            self.center, self.scale = (
                float(np.average(y, weights=train.weight)),
                float(y.std()) or 1.0,
            )
            y = (y - self.center) / self.scale
        self.parameters = {key: value for key, value in choice.items() if key != "rounds"} | {
            "objective": "multiclass" if self.classes else "regression",
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,
            "feature_pre_filter": False,
            "use_missing": False,
            "num_threads": 1 if len(y) < 10_000 else 0,  # 0: as many as there are
            "verbosity": -1,
        }
        if self.classes:
            self.parameters["num_class"] = self.classes
        self.data = lightgbm.Dataset(train.x, y, weight=train.weight, params=self.parameters)
        self.rounds = choice["rounds"]

    def fit(self, progress: stage.Progress, what: str) -> "Estimator":
        def tell(state: Any) -> None:
            progress.doing = f"{what}, round {state.iteration + 1} of {self.rounds}"

        self.booster = lightgbm.train(self.parameters, self.data, self.rounds, callbacks=[tell])
        return self

    def predict(self, x: Values) -> Values:
        p = self.booster.predict(x, num_threads=self.parameters["num_threads"])
        if self.classes:
            return p
        p = p * self.scale + self.center
        p = POWERS[self.logarithm](p)
        return np.clip(p, -graph.LARGEST, graph.LARGEST)

    def graph(self, transform: Any) -> Any:
        return graph.model_graph(
            transform,
            self.booster.dump_model(),
            self.classes,
            self.logarithm,
            (self.scale, self.center),
        )


def folds_of(part: Part, folds: int, seed: int) -> Iterator[tuple[Part, Part]]:
    """Split by group: a group is in one validation part only."""
    groups, place = np.unique(part.group, return_inverse=True)
    folds = min(folds, len(groups))
    fold = (np.random.default_rng(seed).permutation(len(groups)) % folds)[place]
    for number in range(folds if folds > 1 else 0):
        yield part.only(fold != number), part.only(fold == number)


def search(train: Part, features: Any, settings: Any, progress: stage.Progress) -> list[Any]:
    """Cross-validate the trials, the best first."""
    task = features["task"]
    metric = "rmse" if task == "regression" else "log_loss"
    candidates = []
    for number, choice in enumerate(GRID[: settings["trials"]], 1):
        scores = []
        for fold, (rest, held) in enumerate(
            folds_of(train, settings["folds"], settings["seed"]), 1
        ):
            what = f"in trial {number} of {settings['trials']}, fold {fold}"
            fitted = Estimator(rest, features, choice, settings["seed"]).fit(progress, what)
            scores.append(metrics_of(task, held.y, fitted.predict(held.x), held.weight)[metric])
        if scores:
            score, deviation = float(np.mean(scores)), float(np.std(scores))
            facts = {"metric": metric, "score": score, "deviation": deviation}
            candidates.append({"name": "lightgbm", "hyperparameters": choice} | facts)
            stage.log(f"trial {number}: {metric} {score:.6g} ± {deviation:.2g}")
    return sorted(candidates, key=lambda candidate: candidate["score"])


def learn(
    source: Path, draft: Path, settings: dict[str, Any], progress: stage.Progress
) -> tuple[int, dict[str, float]]:
    """Write the files of the model. Return the rows that it learned from, and its metrics."""
    progress.doing = "reading the input"
    features, schema, train, test, rows, transform = read(source)
    task, classes, seed = features["task"], features["classes"], settings["seed"]
    stage.log(f"{task} of {len(train.y)} rows and {train.x.shape[1]} features")
    candidates = search(train, features, settings, progress)
    choice = candidates[0]["hyperparameters"] if candidates else GRID[0]
    estimator = Estimator(train, features, choice, seed).fit(progress, "learning from all rows")

    progress.doing = "evaluating"
    model = estimator.graph(transform)
    data = model.SerializeToString(deterministic=True)
    (draft / "model.onnx").write_bytes(data)
    served, inputs = Session(data), inputs_of(rows, schema["fields"])
    predicted = served(inputs)
    metrics = with_intervals(task, test.y, predicted, test.weight, seed)
    if classes:
        shares = np.bincount(train.y, weights=train.weight, minlength=len(classes))
        dummy = np.tile(shares / shares.sum(), (len(test.y), 1))
    else:
        dummy = np.full(len(test.y), np.average(train.y, weights=train.weight))

    harder = with_edges(inputs)
    own = estimator.predict(Session(transform.SerializeToString())(harder))
    difference = np.abs(served(harder) - own) / (1 if classes else np.maximum(1, np.abs(own)))

    private = {c["name"] for c in features["columns"] if c.get("private")}
    private |= {field["name"] for field in schema["fields"] if field.get("private")}
    for field in schema["fields"]:
        if field["name"] in private and "observed" in field:
            field["observed"] = {k: v for k, v in field["observed"].items() if k in COUNTS}
    ignored = [column["name"] for column in features["columns"] if column["role"] != "input"]
    document = {
        "task": task,
        "target": features["target"],
        "classes": classes,
        "signature": schema
        | {"ignored": ignored, "private": [name for name in ignored if name in private]},
        "metrics": metrics,
        "baseline": with_intervals(task, test.y, dummy, test.weight, seed),
        "parity": {
            "rows": len(own),
            "max_difference": float(difference.max()),
            "tolerance": TOLERANCE,
        },
        "estimator": {
            "name": "lightgbm",
            "library": f"lightgbm {lightgbm.__version__}",
            "hyperparameters": choice | {"seed": seed},
        },
        "candidates": candidates,
        "search": {"trials": max(1, len(candidates)), "cut": False},
        "split": public_split(features["split"], private),
        "opset": {opset.domain: opset.version for opset in model.opset_import},
    }
    (draft / "model.json").write_text(stage.dump(document), "utf-8")

    target_is_private = features["target"]["column"] in private
    predictions = predicted.argmax(axis=1) if classes else predicted.astype(np.float64)
    observed = distribution(task, predictions, estimator.classes, private=False)
    if classes:
        observed["mean_probabilities"] = predicted.mean(axis=0, dtype=np.float64).tolist()
    reference = {
        "columns": [
            {"name": field["name"], "type": field["type"], "observed": field.get("observed", {})}
            for field in schema["fields"]
        ],
        "target": distribution(task, train.y, estimator.classes, private=target_is_private),
        "predictions": observed,
    }
    (draft / "reference.json").write_text(stage.dump(reference), "utf-8")
    chosen = np.linspace(0, rows.num_rows - 1, settings["examples"]).astype(np.int64)
    examples = examples_of(rows.take(np.unique(chosen)), schema["fields"], private, served)
    (draft / "examples.jsonl").write_text(examples, "utf-8")
    return len(train.y), {name: metric["value"] for name, metric in metrics.items()}


def examples_of(few: pa.Table, fields: Any, private: set[str], served: Session) -> str:
    """Ask the graph about rows as a reader of the examples would: without private values."""
    few = few.select([field["name"] for field in fields])
    for place, name in enumerate(few.column_names):
        if name in private:
            nulls = pa.nulls(few.num_rows, few.schema.field(place).type)
            few = few.set_column(place, name, nulls)
    columns = {name: as_json(few[name].combine_chunks()) for name in few.column_names}
    lines = [
        {"row": {name: values[place] for name, values in columns.items()}, "expected": expected}
        for place, expected in enumerate(served(inputs_of(few, fields)).tolist())
    ]
    return "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
