"""Feature-data of as many number columns and classes as a test asks for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from onnx import TensorProto, helper
from pyarrow import parquet
from stage_contract import Artifact
from stage_contract.artifacts.publishing import open_draft, publish


@dataclass(frozen=True)
class MadeNumbers:
    """The first column determines the target; the others are noise."""

    columns: int
    classes: int = 0
    """0 for regression."""
    train_rows: int = 400
    test_rows: int = 200

    @property
    def names(self) -> list[str]:
        return [f"column {number}" for number in range(1, self.columns + 1)]

    def publish(self, volume: Path) -> Artifact:
        """Publish the feature-data."""
        volume.mkdir(exist_ok=True)
        random = np.random.default_rng(self.columns)
        train, test = (self._rows(rows, random) for rows in (self.train_rows, self.test_rows))
        manifest = {
            "contract": "1.1",
            "kind": "feature-data",
            "id": "f" * 16,
            "rows": self.train_rows + self.test_rows,
            "lineage": [{"source": "numbers.csv", "bytes": 1, "sha256": "0" * 64}],
        }
        with open_draft(volume) as draft:
            for folder, values in (("train", train), ("test", test)):
                table = pa.table(dict(zip(self.names, values.T.astype(np.float32), strict=True)))
                table = table.append_column("@target", pa.array(self._target(values[:, 0])))
                parquet.write_table(table, draft.folder(folder) / "part-0.parquet")
            raw = pa.table(dict(zip(self.names, test.T, strict=True)))
            parquet.write_table(raw, draft.folder("test-rows") / "part-0.parquet")
            documents = {"schema.json": self._schema(train), "features.json": self._features()}
            for name, document in documents.items():
                (draft.path / name).write_text(json.dumps(document), encoding="utf-8")
            (draft.path / "transform.onnx").write_bytes(self._transform())
            return publish(draft, volume, manifest, run={})

    def _rows(self, rows: int, random: np.random.Generator) -> NDArray[np.float64]:
        values = random.uniform(0, 100, (rows, self.columns)).round(2)
        # Of every class equally many rows.
        values[:, 0] = random.permutation(np.linspace(0, 100, rows))
        return values

    def _target(self, values: NDArray[np.float64]) -> NDArray[Any]:
        if not self.classes:
            return values * 3
        return np.floor(values / 100.01 * self.classes).astype(np.int64)

    def _schema(self, train: NDArray[np.float64]) -> dict[str, Any]:
        fields = [
            {
                "name": name,
                "type": "number",
                "constraints": {"required": True},
                "input": {"group": "numbers", "index": place},
                "observed": {
                    "rows": self.train_rows,
                    "missing": 0,
                    "minimum": values.min(),
                    "maximum": values.max(),
                    "quantiles": np.quantile(values, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)).tolist(),
                },
            }
            for place, (name, values) in enumerate(zip(self.names, train.T, strict=True))
        ]
        return {"fields": fields, "missingValues": [""], "timezone": "UTC"}

    def _features(self) -> dict[str, Any]:
        columns = [{"name": name, "role": "input"} for name in self.names]
        return {
            "task": "classification" if self.classes else "regression",
            "target": {"name": "answer", "column": "answer", "type": "number"},
            "classes": [f"class {n}" for n in range(self.classes)] if self.classes else None,
            "features": [{"name": n, "source": n, "role": "number"} for n in self.names],
            "columns": [*columns, {"name": "answer", "role": "target"}],
            "split": {
                "kind": "hash",
                "train_rows": self.train_rows,
                "test_rows": self.test_rows,
            },
        }

    def _transform(self) -> bytes:
        graph = helper.make_graph(
            [
                helper.make_node("IsNaN", ["numbers"], ["is_missing"]),
                helper.make_node("Constant", [], ["middle"], value_float=50.0),
                helper.make_node("Cast", ["numbers"], ["known"], to=TensorProto.FLOAT),
                helper.make_node("Where", ["is_missing", "middle", "known"], ["features"]),
            ],
            "transform",
            [helper.make_tensor_value_info("numbers", TensorProto.DOUBLE, ["N", self.columns])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", self.columns])],
        )
        versions = [helper.make_opsetid("", 21)]
        made: bytes = helper.make_model(
            graph, opset_imports=versions, ir_version=10
        ).SerializeToString()
        return made
