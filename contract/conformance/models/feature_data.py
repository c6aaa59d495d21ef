"""A feature-data artifact, opened: documents, matrices, the test rows and the graph."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conformance.harness.faults import Fault
from conformance.models.graphs import Graph, open_graph
from conformance.models.tensors import Feed, Field, Row, pack
from conformance.validity.published import Published

TARGET, TIME, GROUP, WEIGHT = "@target", "@time", "@group", "@weight"


@dataclass(frozen=True)
class FeatureData:
    """What is in one feature-data artifact; each part is read when it is asked for."""

    artifact: Published

    @cached_property
    def features(self) -> dict[str, Any]:
        """features.json."""
        document: dict[str, Any] = self.artifact.document("features.json")
        return document

    @cached_property
    def schema(self) -> dict[str, Any]:
        """schema.json."""
        document: dict[str, Any] = self.artifact.document("schema.json")
        return document

    @cached_property
    def transform(self) -> Graph:
        return open_graph(self.artifact.path / "transform.onnx")

    @cached_property
    def train(self) -> pa.Table:
        return self.artifact.table("train")

    @cached_property
    def test(self) -> pa.Table:
        return self.artifact.table("test")

    @cached_property
    def test_rows(self) -> pa.Table:
        return self.artifact.table("test-rows")

    @property
    def fields(self) -> Sequence[Field]:
        """The input columns."""
        fields: Sequence[Field] = self.schema["fields"]
        return fields

    @property
    def names(self) -> list[str]:
        """The names of the features."""
        return [feature["name"] for feature in self.features["features"]]

    @property
    def classes(self) -> list[Any] | None:
        classes: list[Any] | None = self.features["classes"]
        return classes

    @property
    def companions(self) -> list[tuple[str, pa.DataType]]:
        """The columns after the target: time or group of the split, and a weight if any."""
        by = {"time": [(TIME, pa.float64())], "group": [(GROUP, pa.int64())]}
        weight = [(WEIGHT, pa.float64())] if self.weight_column else []
        return [*by.get(self.features["split"]["kind"], []), *weight]

    @property
    def weight_column(self) -> str | None:
        """The source of @weight."""
        columns = self.features["columns"]
        return next((column["name"] for column in columns if column["role"] == "weight"), None)

    def pack(self, rows: Sequence[Row]) -> Feed:
        """Return the graph's inputs for clean rows."""
        return pack(rows, self.fields)

    def transformed(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Return what the graph makes of clean rows."""
        return self.transform.run(self.pack(rows), "features")

    def target_of(self, row: Row) -> float | int | None:
        """Return what `@target` must be for a clean row; None if it has no target."""
        target = self.features["target"]
        value = row.get(target["column"])
        if value is None:
            return None
        if self.classes is None:
            return float(value)
        label = value > target["above"] if "above" in target else value
        try:
            return self.classes.index(label)
        except ValueError:
            raise Fault(
                f"features.json: classes {self.classes} lack {label!r}, a value of the target"
                f" '{target['column']}'",
                "list every class that a row of train/ or test/ has",
            ) from None


def matrix_of(table: pa.Table, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the float32 columns of train/ or test/ side by side."""
    columns = [table.column(name).to_numpy() for name in names]
    return np.ascontiguousarray(np.column_stack(columns), np.float32)


def bits_of(matrix: NDArray[np.float32], targets: Sequence[Any] = ()) -> Counter[bytes]:
    """Count equal rows, so that tables can be compared whatever the order of their rows."""
    ends = [repr(target).encode() for target in targets] or [b""] * len(matrix)
    return Counter(row.tobytes() + end for row, end in zip(matrix, ends, strict=True))
