"""What the tests share: a model volume and a traffic volume, made of a few lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from monitor.settings import Settings
from stage_contract.artifacts.digests import content_digest, stream_digest

EDGES = {"edges": [1.0, 2.0], "training": [800, 800, 800, 0], "held_out": [200, 200, 200, 0]}
TEXTS = {"values": ["a", "b"], "training": [1_600, 800, 0, 0], "held_out": [400, 200, 0, 0]}
PREDICTIONS = {"values": ["no", "yes"], "held_out": [300, 300]}
CALM = {"size": [80, 80, 80, 0], "cut": [160, 80, 0, 0]}
MOVED = {"size": [80, 80, 80, 0], "cut": [140, 70, 30, 0]}
"""One text in eight is new."""


@dataclass(frozen=True)
class Volumes:
    """The three volumes of monitor."""

    settings: Settings
    model: str

    def line(self, minute: str, columns: Mapping[str, list[int]], **changes: Any) -> dict[str, Any]:
        entry = {"minute": f"2026-12-03T{minute}:00Z", "model": self.model, "requests": 24}
        entry |= {"rows": 240, "columns": columns, "predictions": [120, 120]}
        return entry | {"out_of_range": {}, "unknown": {}} | changes

    def write(self, *lines: Any, name: str = "windows-0-1.jsonl", tail: str = "") -> None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.settings.traffic / name).write_text(text + tail, encoding="utf-8")


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    folders = {name: tmp_path / name for name in ("models", "traffic", "out")}
    for folder in folders.values():
        folder.mkdir()
    return Volumes(Settings(**folders), publish_model(folders["models"], id_="a" * 16))


def publish_model(
    volume: Path, *, id_: str, has_bins: bool = True, names: tuple[str, str] = ("size", "cut")
) -> str:
    """Write a model artifact of two documents."""
    bins = [EDGES, TEXTS] if has_bins else [None, None]
    columns = [{"name": n, "bins": b} for n, b in zip(names, bins, strict=True)]
    predictions = {"bins": PREDICTIONS} if has_bins else {}
    importance = [{"name": "size", "loss": 0.3}, {"name": "cut", "loss": 0.1}]
    documents = {
        "model.json": {"importance": {"metric": "roc_auc", "rows": 600, "columns": importance}},
        "reference.json": {"columns": columns, "predictions": predictions},
    }
    (volume / id_).mkdir()
    files = []
    for name, document in documents.items():
        path = volume / id_ / name
        path.write_text(json.dumps(document), encoding="utf-8")
        with path.open("rb") as file:
            files.append(
                {"path": name, "bytes": path.stat().st_size, "sha256": stream_digest(file)}
            )
    content = content_digest((entry["path"], entry["sha256"]) for entry in files)
    manifest = {"contract": "1.4", "kind": "model", "id": id_, "content": content, "rows": 600}
    (volume / id_ / "manifest.json").write_text(json.dumps(manifest | {"files": files}), "utf-8")
    return id_
