"""The response of GET /model: signature, quality and lineage."""

import json
from pathlib import Path
from typing import Any

import msgspec
from stage_contract import Artifact, ContractError
from stage_contract.artifacts.plain_files import read_plain

from serve.model.signature_changes import Changes
from serve.schema.privacy import presentable_field

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
    "interval",
    "quantiles",
    "calibration",
    "decision",
    "opset",
)


_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024


def describe(
    artifact: Artifact,
    *,
    name: str,
    document: dict[str, Any],
    changes: Changes | None,
    has_report: bool,
) -> bytes:
    """Return the response as JSON; `document` is model.json."""
    manifest = artifact.manifest
    signature = document["signature"]
    run = _read_optional_object(artifact.path / "run.json")
    about = {
        "id": artifact.id,
        "name": name,
        "created": run.get("finished") if run else None,
        **{key: document.get(key) for key in _FROM_MODEL_JSON},
        "verdict": _presentable_verdict(_read_optional_object(artifact.path / "verdict.json")),
        "signature_changes": changes,
        "signature": signature | {"fields": [*map(presentable_field, signature["fields"])]},
        "stage": manifest.get("stage"),
        "contract": manifest["contract"],
        "content": artifact.content,
        "lineage": manifest.get("lineage", []),
        "report": "report" if has_report else None,
    }
    return msgspec.json.encode(about)


def _presentable_verdict(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the verdict without internal details: who accepted the model, and why."""
    if verdict is None or not isinstance(override := verdict.get("override"), dict):
        return verdict
    return verdict | {"override": {"when": override.get("when")}}


def _read_optional_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of an optional file of an artifact; None if there is no file.

    Raises:
        ContractError: The file is not a JSON object.
    """
    try:
        content = json.loads(read_plain(path, max_bytes=_MAX_DOCUMENT_BYTES))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ContractError(f"{path.name}: not an object in JSON; run train again")
    return content
