"""Models made from the examples with other outputs: classes, costs, bounds, small numbers."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper

from conformance.harness.subject import EXAMPLES
from conformance.inputs.republishing import republish
from conformance.models.scores import takes_labels
from conformance.validity.lineage import latest_artifact

INTERVAL = (500.0, 250.0)
"""How far below and above the prediction the ends of an interval are."""
QUANTILES = {0.1: -500.0, 0.5: 0.0, 0.75: 250.0}
"""By level: how far a quantile is from the prediction."""
COSTS = [[0.0, 1.0, 900.0], [900.0, 0.0, 900.0], [1.0, 900.0, 0.0]]
"""By the true class, then the predicted one."""
SMALL = 2.0**-24
"""Factor that makes predictions small; a power of two keeps every digit of a float32."""

type Document = dict[str, Any]
type Change = Callable[[ModelProto, Document, list[Document]], None]


def model_with_typed_classes(volume: Path, classes: Sequence[int | bool]) -> Path:
    """Publish the penguins with other names for their classes; two classes lack the third."""

    def change(model: ModelProto, document: Document, lines: list[Document]) -> None:
        document["classes"] = list(classes)
        document["target"] |= {"type": "boolean" if classes[0] is False else "integer"}
        if len(classes) == 2:
            _merge_last_classes(model)
            document["metrics"] = {k: document["metrics"][k] for k in ("log_loss",)}
            document["baseline"] = {k: document["baseline"][k] for k in ("log_loss",)}
            for line in lines:
                first, *others = line["expected"]
                line["expected"] = [first, sum(others)]

    return _changed(volume, "penguins/model", change)


def model_with_costs(volume: Path) -> Path:
    """Publish the penguins with a decision by costs."""

    def change(model: ModelProto, document: Document, _lines: list[Document]) -> None:
        _rename(model, "label", "likeliest")
        flat = [cost for row in COSTS for cost in row]
        costs = helper.make_tensor("costs", TensorProto.FLOAT, [3, 3], flat)
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["costs"], value=costs),
                helper.make_node("MatMul", ["probabilities", "costs"], ["expected_costs"]),
                helper.make_node("ArgMin", ["expected_costs"], ["label"], axis=1, keepdims=0),
            ]
        )
        document["decision"] = {"costs": COSTS, "by": {"cost": {}}}
        kept = {name: m for name, m in document["metrics"].items() if not takes_labels(name)}
        document["metrics"] = kept

    return _changed(volume, "penguins/model", change)


def interval_model(volume: Path) -> Path:
    """Publish the houses with an interval around each prediction."""

    def change(model: ModelProto, document: Document, lines: list[Document]) -> None:
        for name, distance in (("low", -INTERVAL[0]), ("high", INTERVAL[1])):
            value = helper.make_tensor(f"{name}_by", TensorProto.FLOAT, [], [distance])
            model.graph.node.extend(
                [
                    helper.make_node("Constant", [], [f"{name}_by"], value=value),
                    helper.make_node("Add", ["prediction", f"{name}_by"], [name]),
                ]
            )
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]))
        document["interval"] = {"coverage": 0.9}
        document["metrics"]["coverage"] = {"value": 0.9, "low": 0.8, "high": 1.0}
        for line in lines:
            value = line["expected"]
            line["interval"] = [value - INTERVAL[0], value + INTERVAL[1]]

    return _changed(volume, "model", change)


def quantile_model(volume: Path) -> Path:
    """Publish the houses with quantiles below and above each prediction."""

    def change(model: ModelProto, document: Document, lines: list[Document]) -> None:
        offsets = np.array([list(QUANTILES.values())], np.float32)
        value = onnx.numpy_helper.from_array(offsets)
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["quantile_offsets"], value=value),
                helper.make_node("Constant", [], ["as_column"], value_ints=[-1, 1]),
                helper.make_node("Reshape", ["prediction", "as_column"], ["middle"]),
                helper.make_node("Add", ["middle", "quantile_offsets"], ["quantiles"]),
            ]
        )
        model.graph.output.append(
            helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, ["N", len(QUANTILES)])
        )
        document["quantiles"] = {"levels": [*QUANTILES]}
        for line in lines:
            line["quantiles"] = [line["expected"] + each for each in QUANTILES.values()]

    return _changed(volume, "model", change)


def small_model(volume: Path) -> Path:
    """Publish the houses with predictions far below 1."""

    def change(model: ModelProto, _document: Document, lines: list[Document]) -> None:
        _rename(model, "prediction", "large_prediction")
        model.graph.node.extend(
            [
                helper.make_node("Constant", [], ["small"], value_float=SMALL),
                helper.make_node("Mul", ["large_prediction", "small"], ["prediction"]),
            ]
        )
        for line in lines:
            line["expected"] *= SMALL

    return _changed(volume, "model", change)


def _merge_last_classes(model: ModelProto) -> None:
    """Let the graph have two classes: the first, and all others together."""
    _rename(model, "label", "label_of_three")
    _rename(model, "probabilities", "probabilities_of_three")
    merge = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["merge"], value=onnx.numpy_helper.from_array(merge)),
            helper.make_node("MatMul", ["probabilities_of_three", "merge"], ["probabilities"]),
            helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
        ]
    )
    for output in model.graph.output:
        if output.name == "probabilities":
            output.type.tensor_type.shape.dim[1].dim_value = 2


def _rename(model: ModelProto, old: str, new: str) -> None:
    """Give a value inside the graph another name."""
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _changed(volume: Path, example: str, change: Change) -> Path:
    """Publish a changed example on a folder that stands for a volume, and return the folder."""

    def apply(artifact: Path) -> None:
        model = onnx.load(artifact / "model.onnx")
        document = json.loads((artifact / "model.json").read_bytes())
        text = (artifact / "examples.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        change(model, document, lines)
        onnx.save(model, artifact / "model.onnx")
        _write(artifact / "model.json", json.dumps(document, ensure_ascii=False))
        changed = (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        _write(artifact / "examples.jsonl", "".join(changed))

    republish(latest_artifact(EXAMPLES / example).path, volume, apply)
    return volume


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
