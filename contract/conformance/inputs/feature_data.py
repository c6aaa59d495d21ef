"""Houses as the feature-data that train reads: the example's own graph makes the matrices."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from conformance.harness.subject import EXAMPLES
from conformance.inputs.houses import Houses
from conformance.inputs.publishing import publishing, write_table
from conformance.models.graphs import Graph, open_graph
from conformance.models.tensors import pack
from conformance.validity.lineage import input_manifest

TEST_EVERY = 5
"""Every fifth row is a test row, as in the example's split."""


def write_feature_data(volume: Path, houses: Houses) -> None:
    """Publish feature-data; columns that are added to the houses are not features."""
    example = EXAMPLES / "feature-data"
    example /= input_manifest(example)["id"]
    graph = open_graph(example / "transform.onnx")
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
    features["columns"] += [{"name": name, "role": "excluded"} for name in houses.added_types]
    features["split"] |= {f"{side}_rows": part.num_rows for side, part in parts.items()}
    features["fit"] = {"rows": parts["train"].num_rows, "of": parts["train"].num_rows}
    with publishing(volume, "feature-data") as draft:
        for side, part in parts.items():
            write_table(draft.path / side, _matrix(part, graph, schema, names))
        write_table(draft.path / "test-rows", parts["test"])
        shutil.copy(example / "transform.onnx", draft.path)
        for name, document in (("schema.json", schema), ("features.json", features)):
            text = json.dumps(document, ensure_ascii=False)
            (draft.path / name).write_text(text, encoding="utf-8")
        draft.rows = table.num_rows


def _matrix(table: pa.Table, graph: Graph, schema: dict[str, Any], names: list[str]) -> pa.Table:
    values = graph.run(pack(table.to_pylist(), schema["fields"]), "features")
    columns = {name: values[:, number] for number, name in enumerate(names)}
    target = table.column("price").cast(pa.float64())
    return pa.table(columns).append_column("@target", target)
