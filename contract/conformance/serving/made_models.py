"""Models made from the example: one with other predictions, and some that must not be served."""

import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx
from onnx import helper

from conformance.harness.subject import EXAMPLES
from conformance.inputs.republishing import republish
from conformance.serving.written import RULES
from conformance.validity.lineage import latest_artifact

MORE = 1000.0
"""What the other model predicts more than the example's."""


def other_model(volume: Path) -> Path:
    """Publish a model that predicts `MORE` than the example, and return its folder."""
    return _republished(volume, _predict_more)


def model_with_text_rules(volume: Path) -> Path:
    """Publish the same with rules for the texts of its columns."""

    def change(artifact: Path) -> None:
        _predict_more(artifact)
        _add_keys(artifact, RULES)

    return _republished(volume, change)


def lying_model(volume: Path) -> Path:
    """Publish a model whose examples expect something else than it predicts."""
    return _republished(volume, lambda artifact: _change_examples(artifact, by=MORE))


def model_of_tomorrow(volume: Path) -> Path:
    """Publish a model with a rule that no contract has."""
    return _republished(volume, lambda artifact: _add_keys(artifact, {"size": {"rounded": 1}}))


def _predict_more(artifact: Path) -> None:
    model = onnx.load(artifact / "model.onnx")
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == "prediction":
                node.output[place] = "less"
    constant = helper.make_node("Constant", [], ["more"], value_float=MORE)
    model.graph.node.extend([constant, helper.make_node("Add", ["less", "more"], ["prediction"])])
    onnx.save(model, artifact / "model.onnx")
    _change_examples(artifact, by=MORE)


def _add_keys(artifact: Path, keys: Mapping[str, Mapping[str, Any]]) -> None:
    """Add keys to fields of the signature, by name."""
    path = artifact / "model.json"
    document = json.loads(path.read_bytes())
    for field in document["signature"]["fields"]:
        field.update(keys.get(field["name"], {}))
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _republished(volume: Path, change: Callable[[Path], None]) -> Path:
    return volume / republish(latest_artifact(EXAMPLES / "model").path, volume, change)


def _change_examples(artifact: Path, *, by: float) -> None:
    path = artifact / "examples.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    changed = [line | {"expected": line["expected"] + by} for line in lines]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in changed)
    path.write_text(text, encoding="utf-8")


def damaged_copy(artifact: Path, folder: Path, damage: Callable[[Path], None]) -> Path:
    """Return a copy of an artifact under an id of its own, damaged after it was published."""
    copy = folder / secrets.token_hex(8)
    shutil.copytree(artifact, copy)
    manifest = copy / "manifest.json"
    document = json.loads(manifest.read_bytes()) | {"id": copy.name}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    damage(copy)
    return copy


def _tamper(artifact: Path) -> None:
    path = artifact / "model.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _change_document(artifact: Path) -> None:
    """Change a text that does not matter for predictions: only its hash tells of it."""
    path = artifact / "model.json"
    path.write_bytes(path.read_bytes().replace(b'"rmse"', b'"RMSE"'))


def _tear(artifact: Path) -> None:
    path = artifact / "model.onnx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _take_away(artifact: Path) -> None:
    (artifact / "manifest.json").unlink()


def _be_another_kind(artifact: Path) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"kind": "feature-data"}))


def _be_of_another_major(artifact: Path) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"contract": "2.0"}))


DAMAGES: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "one bit of model.onnx differs": _tamper,
        "model.json was changed": _change_document,
        "model.onnx is cut off": _tear,
        "manifest.json is missing": _take_away,
        "it is of another kind": _be_another_kind,
        "it is of contract 2.0": _be_of_another_major,
    }
)
"""What may be wrong with an artifact that LATEST names."""
