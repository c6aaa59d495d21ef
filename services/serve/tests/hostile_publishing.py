"""Publishing models that are made to harm, with hashes that are right."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from onnx import ModelProto
from serve_testing.made_models import DIAMONDS
from stage_contract.artifacts.publishing import open_draft, publish
from stage_contract.artifacts.volumes import write_text

type Make = Callable[[Path, str], str | None]
"""Puts something onto a volume and lets LATEST name it; returns the id that is refused."""

ROWS = [
    {"carat": 0.23, "depth": 61.5, "cut": "Ideal", "color": None},
    {"carat": 1.5, "depth": None, "cut": "Good", "color": "Fair"},
]
_MANIFEST = {
    "contract": "1.0",
    "kind": "model",
    "stage": {"name": "train", "version": "0"},
    "settings": "{}",
    "inputs": [{"kind": "feature-data", "content": "f" * 64}],
    "lineage": [{"source": "diamonds.csv", "bytes": 1, "sha256": "0" * 64}],
    "rows": 100,
    "metrics": {"rejected": 0},
}


def right_files() -> dict[str, bytes]:
    """Return the files of a model that is right."""
    examples = [
        {"row": row, "expected": expected}
        for row, expected in zip(ROWS, (322.0, 1521.0), strict=True)
    ]
    return {
        "model.onnx": DIAMONDS.graph().SerializeToString(),
        "model.json": json.dumps(DIAMONDS.document()).encode(),
        "examples.jsonl": "".join(json.dumps(each) + "\n" for each in examples).encode(),
        "reference.json": b"{}",
    }


def publish_files(volume: Path, name: str, files: Mapping[str, bytes], **verdict: Any) -> str:
    """Publish a model of these files, with hashes that are right."""
    with open_draft(volume) as draft:
        for path, content in files.items():
            (draft.path / path).write_bytes(content)
        draft.verdict = {"accepted": True, **verdict}
        return publish(draft, volume, _MANIFEST | {"id": name}, run={}).id


def with_files(**changes: bytes) -> Make:
    """Return what publishes a model with other files, whose dots are underscores here."""

    def make(volume: Path, name: str) -> str:
        changed = {path.replace("__", "."): content for path, content in changes.items()}
        return publish_files(volume, name, right_files() | changed)

    return make


def with_graph(change: Callable[[ModelProto], object]) -> Make:
    def make(volume: Path, name: str) -> str:
        graph = DIAMONDS.graph()
        change(graph)
        content = graph.SerializeToString()
        return publish_files(volume, name, right_files() | {"model.onnx": content})

    return make


def with_document(**changes: Any) -> Make:
    document = json.dumps(DIAMONDS.document() | changes).encode()
    return with_files(model__json=document)


def with_field(**changes: Any) -> Make:
    first, *others = DIAMONDS.fields
    signature = DIAMONDS.document()["signature"]
    return with_document(signature=signature | {"fields": [first | changes, *others]})


def spoiled(spoil: Callable[[Path], object]) -> Make:
    """Return what spoils a right model before LATEST names it."""

    def make(volume: Path, name: str) -> str:
        aside = volume.with_name("aside")
        aside.mkdir(exist_ok=True)
        publish_files(aside, name, right_files())
        (aside / name).rename(volume / name)
        spoil(volume / name)
        write_text(volume / "LATEST", f"{name}\n")
        return name

    return make


def pointing(place: Callable[[Path], object]) -> Make:
    """Return what puts something in place of LATEST."""

    def make(volume: Path, _name: str) -> None:
        aside = volume / "aside"
        place(aside)
        latest = volume / "LATEST"
        latest.unlink(missing_ok=True)
        aside.rename(latest)

    return make


def in_place_of(name: str, place: Callable[[Path], object]) -> Make:
    """Return what puts something in place of a file of an artifact."""

    def spoil(artifact: Path) -> None:
        (artifact / name).unlink(missing_ok=True)
        place(artifact / name)

    return spoiled(spoil)
