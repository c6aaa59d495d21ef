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
from stage_contract.artifacts.digests import content_digest

from conformance.harness.subject import EXAMPLES
from conformance.inputs.republishing import republish
from conformance.models.model_data import TOLERANCE
from conformance.serving.written import RULES
from conformance.validity.lineage import latest_artifact

OFFSET = 1000.0
"""What the other model predicts more than the example's."""
_COLUMN_OF_TYPE: Mapping[str, str] = MappingProxyType(
    {
        "number": "size",
        "integer": "rooms",
        "string": "colour",
        "boolean": "garden",
        "date": "built",
        "datetime": "sold",
    }
)


def other_model(volume: Path) -> Path:
    """Publish a model that predicts `OFFSET` more than the example, and return its folder."""
    return _republished(volume, _predict_more)


def model_with_text_rules(volume: Path) -> Path:
    """Publish the same with rules for the texts of its columns."""

    def change(artifact: Path) -> None:
        _predict_more(artifact)
        _add_keys(artifact, RULES)

    return _republished(volume, change)


def model_with_skipped_column(volume: Path, name: str) -> Path:
    """Publish the example's model, whose lineage says that ingest skipped a column."""
    source = latest_artifact(EXAMPLES / "model").path
    lineage = json.loads((source / "manifest.json").read_bytes())["lineage"]
    lineage = [entry | {"skipped": [name]} if "source" in entry else entry for entry in lineage]
    republish(source, volume, lambda _: None, lineage=lineage)
    return volume


def lying_model(volume: Path) -> Path:
    """Publish a model whose examples expect something else than it predicts."""
    return _republished(volume, lambda artifact: _change_examples(artifact, by=OFFSET))


def nearly_right_model(volume: Path) -> Path:
    """Publish another model whose last example is off by a little less than is allowed."""
    return _republished(volume, lambda artifact: _change_last_example(artifact, by=0.4 * TOLERANCE))


def hardly_wrong_model(volume: Path) -> Path:
    """Publish a model whose last example is off by a little more than is allowed."""
    return _republished(volume, lambda artifact: _change_last_example(artifact, by=6 * TOLERANCE))


def model_with_field(volume: Path, field: Mapping[str, Any]) -> Path:
    """Publish a model whose column of the type of a field has also the other keys of the field."""
    keys = {key: value for key, value in field.items() if key not in {"name", "type"}}
    column = _COLUMN_OF_TYPE[field["type"]]
    return _republished(volume, lambda artifact: _add_keys(artifact, {column: keys}))


def _predict_more(artifact: Path) -> None:
    model = onnx.load(artifact / "model.onnx")
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == "prediction":
                node.output[place] = "less"
    constant = helper.make_node("Constant", [], ["more"], value_float=OFFSET)
    model.graph.node.extend([constant, helper.make_node("Add", ["less", "more"], ["prediction"])])
    onnx.save(model, artifact / "model.onnx")
    _change_examples(artifact, by=OFFSET)


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


def _change_last_example(artifact: Path, *, by: float) -> None:
    """Let another model expect a little more of its last example, relative to the number."""
    _predict_more(artifact)
    path = artifact / "examples.jsonl"
    *lines, last = path.read_text("utf-8").splitlines()
    example = json.loads(last)
    example["expected"] *= 1 + by
    text = "\n".join([*lines, json.dumps(example, ensure_ascii=False)])
    path.write_text(f"{text}\n", encoding="utf-8")


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


def _add_a_file(artifact: Path) -> None:
    (artifact / "notes.txt").write_text("not listed\n", encoding="utf-8")


def _link(artifact: Path) -> None:
    """Put a link to the right bytes in the place of a file."""
    path = artifact / "model.onnx"
    path.rename(artifact / "run.json")
    path.symlink_to("run.json")


def _add_a_link(artifact: Path) -> None:
    (artifact / "notes.txt").symlink_to("model.json")


def _claim_other_content(artifact: Path) -> None:
    _change_manifest(artifact, content="0" * 64)


def _lead_out(artifact: Path) -> None:
    """List a file by a path that leaves the artifact and comes back."""
    files = json.loads((artifact / "manifest.json").read_bytes())["files"]
    for entry in files:
        if entry["path"] == "model.onnx":
            entry["path"] = f"../{artifact.name}/model.onnx"
    files.sort(key=lambda entry: str(entry["path"]).encode())
    content = content_digest((entry["path"], entry["sha256"]) for entry in files)
    _change_manifest(artifact, files=files, content=content)


def _change_manifest(artifact: Path, **facts: Any) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | facts))


def _be_another_kind(artifact: Path) -> None:
    _change_manifest(artifact, kind="feature-data")


def _be_of_another_major(artifact: Path) -> None:
    _change_manifest(artifact, contract="2.0")


DAMAGES: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "one bit of model.onnx differs": _tamper,
        "model.json was changed": _change_document,
        "model.onnx is cut off": _tear,
        "manifest.json is missing": _take_away,
        "a file is there that the manifest does not list": _add_a_file,
        "model.onnx is a link": _link,
        "a link is there that the manifest does not list": _add_a_link,
        "content is not the digest of its files": _claim_other_content,
        "a listed path leaves the artifact": _lead_out,
        "it is of another kind": _be_another_kind,
        "it is of contract 2.0": _be_of_another_major,
    }
)
"""What may be wrong with an artifact that LATEST names."""
