"""Models whose prediction identifies the input value: one column for each field of the vectors.

A prediction is the sum of the codes of a row's values. The code of a missing value is 0, and every
value that no vector expects has the code UNEXPECTED.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from conformance.harness.subject import EXAMPLES
from conformance.inputs.republishing import republish
from conformance.models.tensors import Row, as_number
from conformance.validity.lineage import latest_artifact

UNEXPECTED = -1e6
_FILLERS: Mapping[str, Any] = {"string": "filler", "number": 1}
"""Values of required columns in rows that test another column; their code is 0."""
_EXAMPLES = 20


@dataclass(frozen=True)
class Column:
    """A column of an echo model: a field of one or more vectors."""

    name: str
    field: Mapping[str, Any]
    values: Mapping[str | float, int]
    """Code by value; values as the graph receives them."""

    @property
    def is_text(self) -> bool:
        return bool(self.field["type"] == "string")

    @property
    def filler(self) -> Any:
        """A value for rows that test another column, or None."""
        is_required = self.field.get("constraints", {}).get("required")
        return _FILLERS[self.field["type"]] if is_required else None


@dataclass(frozen=True)
class EchoModel:
    """The columns of a model, and the vectors with the column of each."""

    timezone: str
    vectors: Sequence[tuple[Column, Mapping[str, Any]]]

    @cached_property
    def columns(self) -> list[Column]:
        return list({column.name: column for column, _ in self.vectors}.values())

    @property
    def fillers(self) -> dict[str, Any]:
        """A row with values in the required columns only."""
        return {c.name: c.filler for c in self.columns if c.filler is not None}

    def row(self, column: Column, value: Any) -> Row:
        """Return a row with one value."""
        return {**self.fillers, column.name: value}

    def publish(self, volume: Path) -> Path:
        """Publish the model in a folder in place of a volume, and return the folder."""
        republish(latest_artifact(EXAMPLES / "model").path, volume, self._write)
        return volume

    def _write(self, artifact: Path) -> None:
        onnx.save(_graph(self.columns), artifact / "model.onnx")
        path = artifact / "model.json"
        document = json.loads(path.read_bytes())
        for key in ("slices", "leaks"):
            document.pop(key, None)
        document["signature"] = {
            "fields": list(_signature_fields(self.columns)),
            "missingValues": [],
            "timezone": self.timezone,
            "ignored": [],
        }
        document["opset"] = {"": _OPSET, "ai.onnx.ml": _ML_OPSET}
        _write_json(path, document)
        names = [{"name": column.name} for column in self.columns]
        path = artifact / "reference.json"
        _write_json(path, json.loads(path.read_bytes()) | {"columns": names})
        lines = (json.dumps(line) + "\n" for line in self._examples())
        (artifact / "examples.jsonl").write_text("".join(lines), encoding="utf-8")

    def _examples(self) -> list[dict[str, Any]]:
        lines = [
            {"row": self.row(column, vector["value"]), "expected": float(code_of(column, vector))}
            for column, vector in self.vectors
            if column.field["type"] in {"number", "string"} and vector.get("value") is not None
        ]
        return [{"row": self.fillers, "expected": 0.0}, *lines[:_EXAMPLES]]


def echo_model(vectors: Iterable[Mapping[str, Any]], *, timezone: str) -> EchoModel:
    """Return a model with a column for each field of some vectors."""
    names: dict[str, str] = {}
    values: dict[str, dict[str | float, int]] = {}
    fields: dict[str, dict[str, Any]] = {}
    placed = []
    for code, vector in enumerate(vectors, 1):
        field = {"missingValues": vector.get("missingValues", []), **vector["field"]}
        key = json.dumps(field, sort_keys=True)
        name = names.setdefault(key, f"{field['type']} {len(names) + 1}")
        fields[name] = field | {"name": name}
        known = values.setdefault(name, {})
        if (value := _expected_value(vector)) is not None:
            known.setdefault(value, code)
        placed.append((name, vector))
    columns = {name: Column(name, field, values[name]) for name, field in fields.items()}
    return EchoModel(timezone, [(columns[name], vector) for name, vector in placed])


def code_of(column: Column, vector: Mapping[str, Any]) -> int:
    """Return the prediction for the expected value of a vector."""
    value = _expected_value(vector)
    return 0 if value is None else column.values[value]


def _expected_value(vector: Mapping[str, Any]) -> str | float | None:
    """Return the expected value of a vector as the graph receives it; None if it is missing."""
    value = vector.get("seconds", vector.get("value"))
    return value if value is None or isinstance(value, str) else as_number(value)


def _signature_fields(columns: Sequence[Column]) -> Iterable[dict[str, Any]]:
    """Yield the fields of a signature, with the index of each in the graph's inputs."""
    counts = {"strings": 0, "numbers": 0}
    for column in columns:
        group = "strings" if column.is_text else "numbers"
        yield {**column.field, "input": {"group": group, "index": counts[group]}}
        counts[group] += 1


_OPSET, _ML_OPSET, _IR = 17, 2, 8


def _graph(columns: Sequence[Column]) -> onnx.ModelProto:
    numbers = [column for column in columns if not column.is_text]
    texts = [column for column in columns if column.is_text]
    nodes: list[NodeProto] = []
    constants: dict[str, NDArray[Any]] = {}
    inputs, parts = [], []
    if numbers:
        inputs.append(_input("numbers", TensorProto.DOUBLE, len(numbers)))
        parts.append(_number_nodes(numbers, nodes, constants))
    if texts:
        inputs.append(_input("strings", TensorProto.STRING, len(texts)))
        parts.append(_text_nodes(texts, nodes))
    nodes.append(helper.make_node("Sum", parts, ["prediction"]))
    output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["N"])
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "echo", inputs, [output], initializers)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)


def _input(name: str, kind: int, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["N", width])


def _number_nodes(
    columns: Sequence[Column], nodes: list[NodeProto], constants: dict[str, NDArray[Any]]
) -> str:
    """Add nodes that look up each number among the expected ones; return the sum of the codes."""
    tables = [{**column.values, **_filler_codes(column)} for column in columns]
    width = max(map(len, tables))
    # NaN equals no number, so it fills the table.
    known = np.full((len(columns), width), np.nan)
    codes = np.zeros((len(columns), width), np.float32)
    for place, table in enumerate(tables):
        known[place, : len(table)] = list(table)
        codes[place, : len(table)] = list(table.values())
    constants |= {"known": known, "codes": codes}
    constants |= {"behind": np.array([2]), "columns": np.array([1]), "both": np.array([1, 2])}
    constants |= {"one": np.ones(1, np.float32), "unexpected": np.full(1, UNEXPECTED, np.float32)}
    nodes += [
        helper.make_node("Unsqueeze", ["numbers", "behind"], ["each"]),
        helper.make_node("Equal", ["each", "known"], ["is_known"]),
        helper.make_node("Cast", ["is_known"], ["hits"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["hits", "codes"], ["hit_codes"]),
        helper.make_node("ReduceSum", ["hit_codes", "both"], ["number_codes"], keepdims=0),
        helper.make_node("ReduceSum", ["hits", "behind"], ["known_count"], keepdims=0),
        helper.make_node("IsNaN", ["numbers"], ["is_missing"]),
        helper.make_node("Cast", ["is_missing"], ["missing"], to=TensorProto.FLOAT),
        helper.make_node("Sum", ["known_count", "missing"], ["explained"]),
        helper.make_node("Sub", ["one", "explained"], ["surprises"]),
        helper.make_node("ReduceSum", ["surprises", "columns"], ["surprise_count"], keepdims=0),
        helper.make_node("Mul", ["surprise_count", "unexpected"], ["surprise_codes"]),
        helper.make_node("Add", ["number_codes", "surprise_codes"], ["of_numbers"]),
    ]
    return "of_numbers"


def _text_nodes(columns: Sequence[Column], nodes: list[NodeProto]) -> str:
    """Add nodes that look up each text among the expected ones; return the sum of the codes."""
    names = []
    for place, column in enumerate(columns):
        table = {"": 0, **column.values, **_filler_codes(column)}
        index = helper.make_tensor(f"place_{place}", TensorProto.INT64, [], [place])
        nodes += [
            helper.make_node("Constant", [], [f"index_{place}"], value=index),
            helper.make_node("Gather", ["strings", f"index_{place}"], [f"text_{place}"], axis=1),
            helper.make_node(
                "LabelEncoder",
                [f"text_{place}"],
                [f"text_code_{place}"],
                domain="ai.onnx.ml",
                keys_strings=[str(key).encode() for key in table],
                values_floats=[float(code) for code in table.values()],
                default_float=UNEXPECTED,
            ),
        ]
        names.append(f"text_code_{place}")
    nodes.append(helper.make_node("Sum", names, ["of_texts"]))
    return "of_texts"


def _filler_codes(column: Column) -> dict[str | float, int]:
    return {} if column.filler is None else {column.filler: 0}


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
