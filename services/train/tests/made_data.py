"""Small feature-data of houses: raw rows, the graph that makes features of them, and a target."""

import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# ONNX Runtime reports to its maker unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import pyarrow as pa
from modelling.data.problem import Problem, Schema
from modelling.data.target_scales import Transform
from modelling.data.tensors import Tensors, pack
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from pyarrow import parquet
from stage_contract import Artifact
from stage_contract.artifacts.publishing import open_draft, publish

COLOURS = ["blue", "red", "white"]
FIELDS: list[dict[str, Any]] = [
    {"name": "size", "type": "number", "input": {"group": "numbers", "index": 0}},
    {"name": "rooms", "type": "integer", "input": {"group": "numbers", "index": 2}},
    {"name": "garden", "type": "boolean", "input": {"group": "numbers", "index": 1}},
    {"name": "sold", "type": "datetime", "input": {"group": "numbers", "index": 3}},
    {"name": "colour", "type": "string", "input": {"group": "strings", "index": 0}},
    {"name": "owner", "type": "string", "private": True, "input": {"group": "strings", "index": 1}},
]
FEATURES = [
    *({"name": name, "source": name, "role": "number"} for name in ("size", "garden", "rooms")),
    {"name": "sold days", "source": "sold", "role": "date-part"},
    *({"name": f"colour {c}", "source": "colour", "role": "one-hot"} for c in COLOURS),
    {"name": "owner code", "source": "owner", "role": "ordinal"},
]
CLASSES: dict[str, list[Any] | None] = {
    "regression": None,
    "binary": [False, True],
    "three": ["cheap", "dear", "middling"],
}
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
START = datetime(2024, 1, 1, tzinfo=UTC)


def houses(rows: int, *, seed: int = 0) -> pa.Table:
    """Return raw rows; some have no size, colour or garden."""
    random = np.random.default_rng(seed)
    size = random.uniform(20, 200, rows).round(1)
    return pa.table(
        {
            "size": pa.array(np.where(random.random(rows) < 0.1, np.nan, size), from_pandas=True),
            "rooms": pa.array(random.integers(1, 8, rows), pa.int64()),
            "garden": pa.array([[True, False, None][i] for i in random.integers(0, 3, rows)]),
            "sold": pa.array(
                [START + timedelta(hours=int(h)) for h in random.integers(0, 8000, rows)],
                pa.timestamp("us", "UTC"),
            ),
            "colour": pa.array([[*COLOURS, None][i] for i in random.integers(0, 4, rows)]),
            "owner": pa.array([f"owner {i}" for i in random.integers(0, 9, rows)]),
        }
    )


def target(raw: pa.Table, task: str) -> NDArray[Any]:
    """Return a price that follows from size and colour, or a class of it."""
    size = np.nan_to_num(raw["size"].to_numpy(zero_copy_only=False), nan=100.0)
    red = np.array([colour == "red" for colour in raw["colour"].to_pylist()])
    price = 1000 + 30 * size + 2000 * red
    if task == "regression":
        return price
    limits = [4000.0] if task == "binary" else [3500.0, 5500.0]
    return np.digitize(price, limits).astype(np.int64)


def transform(opset: int = 21) -> ModelProto:
    """Return transform.onnx: numbers filled in and centred, colours one-hot, owners as codes."""

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
        domain = "ai.onnx.ml" if kind == "LabelEncoder" else ""
        return helper.make_node(kind, inputs, [output], domain=domain, **attributes)

    constants = {
        "fill": np.array([100.0, 0.0, 4.0, START.timestamp()]),
        "origin": np.array([100.0, 0.0, 4.0, START.timestamp()]),
        "scale": np.array([50.0, 1.0, 2.0, 86_400.0]),
        "first": np.array(0),
        "second": np.array(1),
        "one_hot": np.eye(4, 3, dtype=np.float32),
        "column": np.array([-1, 1]),
    }
    nodes = [
        node("IsNaN", ["numbers"], "is_missing"),
        node("Where", ["is_missing", "fill", "numbers"], "filled"),
        node("Sub", ["filled", "origin"], "centred"),
        node("Div", ["centred", "scale"], "scaled"),
        node("Cast", ["scaled"], "scaled_float", to=TensorProto.FLOAT),
        node("Gather", ["strings", "first"], "colour", axis=1),
        node(
            "LabelEncoder",
            ["colour"],
            "place",
            keys_strings=COLOURS,
            values_int64s=[0, 1, 2],
            default_int64=3,
        ),
        node("Gather", ["one_hot", "place"], "colours", axis=0),
        node("Gather", ["strings", "second"], "owner", axis=1),
        node(
            "LabelEncoder",
            ["owner"],
            "code",
            keys_strings=[f"owner {i}" for i in range(9)],
            values_floats=[float(i) for i in range(9)],
            default_float=-1.0,
        ),
        node("Reshape", ["code", "column"], "codes"),
        node("Concat", ["scaled_float", "colours", "codes"], "features", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "transform",
        [
            helper.make_tensor_value_info("numbers", TensorProto.DOUBLE, ["N", 4]),
            helper.make_tensor_value_info("strings", TensorProto.STRING, ["N", 2]),
        ],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", len(FEATURES)])],
        initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    versions = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def run(model: ModelProto, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """Return all outputs of a graph by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, tensors), strict=True))


@dataclass(frozen=True)
class MadeData:
    """The content of feature-data; tests replace parts of it."""

    task: str = "regression"
    raw_train: pa.Table = field(default_factory=lambda: houses(120, seed=1))
    raw_test: pa.Table = field(default_factory=lambda: houses(40, seed=2))
    by_time: bool = False
    by_group: bool = False
    """Groups: rows of one owner."""
    weighted: bool = False
    """Weights: the number of rooms."""
    transform: Transform | None = None

    @property
    def schema(self) -> dict[str, Any]:
        fields = [f | self._observed(f["name"], f["type"]) for f in FIELDS]
        return {"fields": fields, "missingValues": ["", "NA"], "timezone": "UTC"}

    @property
    def features(self) -> dict[str, Any]:
        column = {"name": "price", "column": "price", "type": "number"}
        if self.transform is not None:
            column["transform"] = self.transform
        columns = [{"name": f["name"], "role": "input", "encoding": "number"} for f in FIELDS]
        others = [{"name": "price", "role": "target"}, {"name": "id", "role": "identifier"}]
        if self.weighted:
            others.append({"name": "pieces", "role": "weight"})
        rows = {"train_rows": len(self.raw_train), "test_rows": len(self.raw_test)}
        boundary = {"column": "sold", "boundary": "2024-06-01T00:00:00Z"} if self.by_time else {}
        return {
            "task": "regression" if self.task == "regression" else "classification",
            "target": column,
            "classes": CLASSES[self.task],
            "features": FEATURES,
            "columns": [*columns, *others],
            "split": {"kind": self._kind, "test_share": 0.25, **boundary, **rows},
            "fit": {"rows": len(self.raw_train), "of": len(self.raw_train)},
        }

    @property
    def problem(self) -> Problem:
        return Problem.model_validate(self.features)

    @property
    def rules(self) -> Schema:
        return Schema.model_validate(self.schema)

    def matrix(self, raw: pa.Table) -> NDArray[np.float32]:
        features: NDArray[np.float32] = run(transform(), pack(raw, self.rules))["features"]
        return features

    def table(self, raw: pa.Table) -> pa.Table:
        matrix = self.matrix(raw)
        columns = {f["name"]: matrix[:, i] for i, f in enumerate(FEATURES)}
        columns["@target"] = target(raw, self.task)
        if self.by_time:
            columns["@time"] = pack(raw, self.rules)["numbers"][:, 3]
        if self.by_group:
            columns["@group"] = np.array([int(owner[-1]) for owner in raw["owner"].to_pylist()])
        if self.weighted:
            columns["@weight"] = raw["rooms"].to_numpy().astype(np.float64)
        return pa.table(columns)

    @property
    def _kind(self) -> str:
        return "time" if self.by_time else "group" if self.by_group else "hash"

    def _observed(self, name: str, kind: str) -> dict[str, Any]:
        values = self.raw_train[name]
        observed: dict[str, Any] = {"rows": len(values), "missing": values.null_count}
        if kind in {"number", "integer"}:
            numbers = values.drop_null().to_numpy()
            observed |= {"minimum": numbers.min().item(), "maximum": numbers.max().item()}
            observed["quantiles"] = np.quantile(numbers, QUANTILES).tolist()
        if name == "colour":
            counts = Counter(values.drop_null().to_pylist())
            observed["categories"] = [{"value": v, "rows": n} for v, n in counts.most_common()]
        required = {} if values.null_count else {"constraints": {"required": True}}
        return {"observed": observed} | required


type Change = Callable[[Path], None]


def publish_features(
    volume: Path, data: MadeData, *, change: Change = lambda _path: None
) -> Artifact:
    """Publish feature-data; `change` edits the draft before it is published."""
    volume.mkdir(exist_ok=True)
    tables: Mapping[str, pa.Table] = {
        "train": data.table(data.raw_train),
        "test": data.table(data.raw_test),
        "test-rows": data.raw_test,
    }
    manifest = {
        "contract": "1.0",
        "kind": "feature-data",
        "id": uuid.uuid4().hex[:16],
        "rows": len(data.raw_train) + len(data.raw_test),
        "lineage": [{"source": "houses.csv", "bytes": 1, "sha256": "0" * 64}],
    }
    with open_draft(volume) as draft:
        for folder, table in tables.items():
            parquet.write_table(
                table, draft.folder(folder) / "part-00000.parquet", store_schema=False
            )
        (draft.path / "transform.onnx").write_bytes(transform().SerializeToString())
        (draft.path / "schema.json").write_text(json.dumps(data.schema), encoding="utf-8")
        (draft.path / "features.json").write_text(json.dumps(data.features), encoding="utf-8")
        change(draft.path)
        return publish(draft, volume, manifest, run={})


def without_size(path: Path) -> None:
    """Replace the size by a constant in training, as if the column had been dropped."""
    file = path / "train/part-00000.parquet"
    table = parquet.read_table(file)
    same = pa.array(np.zeros(len(table), np.float32))
    parquet.write_table(table.set_column(table.column_names.index("size"), "size", same), file)
