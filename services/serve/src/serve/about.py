"""What GET /model says: a model's signature and quality, and where it comes from."""

import json
from pathlib import Path
from typing import Any

import msgspec
from stage_contract import Artifact

_FROM_MODEL_JSON = (
    "task",
    "target",
    "classes",
    "metrics",
    "baseline",
    "estimator",
    "candidates",
    "split",
    "parity",
    "opset",
)
_SHOWN_OF_PRIVATE = ("rows", "missing")


def describe(artifact: Artifact, *, name: str, document: dict[str, Any]) -> bytes:
    """Return the answer as JSON; `document` is model.json."""
    manifest = artifact.manifest
    signature = document["signature"]
    run = _beside(artifact.path / "run.json")
    about = {
        "id": artifact.id,
        "name": name,
        "created": run.get("finished") if run else None,
        **{key: document.get(key) for key in _FROM_MODEL_JSON},
        "verdict": _beside(artifact.path / "verdict.json"),
        "signature": signature | {"fields": [_without_values(f) for f in signature["fields"]]},
        "stage": manifest.get("stage"),
        "contract": manifest["contract"],
        "content": artifact.content,
        "lineage": manifest.get("lineage", []),
    }
    return msgspec.json.encode(about)


def _beside(path: Path) -> dict[str, Any] | None:
    """Return a file that an artifact may have beside its listed ones."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def _without_values(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field of the signature; of a private one no value that training saw."""
    if not field.get("private") or "observed" not in field:
        return field
    observed = {key: field["observed"][key] for key in _SHOWN_OF_PRIVATE}
    return field | {"observed": observed}
