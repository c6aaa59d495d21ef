"""Houses as the feature-data that train reads: the example's own graph makes the matrices."""

import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from conformance.inputs.houses import Houses
from conformance.inputs.publishing import publishing, write_table
from conformance.subject import EXAMPLES
from conformance.validity.lineage import input_manifest

TEST_EVERY = 5
"""Every fifth row is a test row, as in the example's split."""


def write_feature_data(volume: Path, houses: Houses) -> None:
    """Publish feature-data; columns that are added to the houses are no features."""
    example = EXAMPLES / "feature-data"
    example /= input_manifest(example)["id"]
    graph = (example / "transform.onnx").read_bytes()
    schema = json.loads((example / "schema.json").read_bytes())
    features = json.loads((example / "features.json").read_bytes())
    known = [price is not None for price in houses.values("price")]
    table = houses.table.filter(pa.array(known, pa.bool_()))
    is_test = [number % TEST_EVERY == TEST_EVERY - 1 for number in range(table.num_rows)]
    parts = {
        "train": table.filter(pa.array([not test for test in is_test], pa.bool_())),
        "test": table.filter(pa.array(is_test, pa.bool_())),
    }
    names = [feature["name"] for feature in features["features"]]
    features["columns"] += [{"name": name, "role": "excluded"} for name in houses.more]
    features["split"] |= {f"{side}_rows": part.num_rows for side, part in parts.items()}
    features["fit"] = {"rows": parts["train"].num_rows, "of": parts["train"].num_rows}
    with publishing(volume, "feature-data") as draft:
        for side, part in parts.items():
            write_table(draft.path / side, _matrix(part, graph, schema, names))
        write_table(draft.path / "test-rows", parts["test"])
        (draft.path / "transform.onnx").write_bytes(graph)
        for name, document in (("schema.json", schema), ("features.json", features)):
            text = json.dumps(document, ensure_ascii=False)
            (draft.path / name).write_text(text, encoding="utf-8")
        draft.rows = table.num_rows


def _matrix(table: pa.Table, graph: bytes, schema: dict[str, Any], names: list[str]) -> pa.Table:
    values = transformed(table, graph, schema)
    columns = {name: values[:, number] for number, name in enumerate(names)}
    target = table.column("price").cast(pa.float64())
    return pa.table(columns).append_column("@target", target)


def transformed(table: pa.Table, graph: bytes, schema: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return what a graph makes of the rows of a clean table."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    wanted = {item.name for item in session.get_inputs()}
    groups = {name: values for name, values in packed(table, schema).items() if name in wanted}
    if not table.num_rows:
        width = session.get_outputs()[0].shape[1]
        return np.empty((0, width), np.float32)
    (features,) = session.run(["features"], groups)
    return np.asarray(features)


def packed(table: pa.Table, schema: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of a clean table as the two inputs of a graph."""
    groups: dict[str, list[tuple[int, list[Any]]]] = {"numbers": [], "strings": []}
    for field in schema["fields"]:
        place = field["input"]
        take = _number if place["group"] == "numbers" else _string
        values = [take(value) for value in table.column(field["name"]).to_pylist()]
        groups[place["group"]].append((place["index"], values))
    kinds = {"numbers": np.float64, "strings": object}
    return {
        name: np.array([values for _, values in sorted(columns)], kinds[name]).T
        for name, columns in groups.items()
        if columns
    }


def _number(value: Any) -> float:
    match value:
        case None:
            return math.nan
        case datetime():
            return value.timestamp()
        case date():
            return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def _string(value: Any) -> str:
    return "" if value is None else str(value)
