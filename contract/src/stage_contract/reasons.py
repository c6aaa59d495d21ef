"""Why a stage runs: what differs between its cause now and that of the latest artifact."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stage_contract.artifacts import open_artifact, read_pointer
from stage_contract.errors import ContractError

_ABSENT = object()


def reason_to_run(volume: Path, cause: Mapping[str, Any], parts: dict[str, str] | None) -> str:
    """Return one line: `first run`, or what changed since the latest artifact."""
    if parts is None:
        return "works: this image has no build digest, so it always runs"
    try:
        pointer = read_pointer(volume)
        if pointer is None:
            return "works: first run"
        latest = open_artifact(volume / pointer)
    except ContractError as error:
        return f"works: the latest artifact can't be read ({error})"
    changes = [*_changes(latest.manifest, cause, latest.path, parts)]
    return "works, changed: " + (", ".join(changes) or "the published files are damaged")


def _changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: Path, parts: Mapping[str, str]
) -> Iterator[str]:
    yield from _changed_inputs(old.get("inputs", []), new["inputs"])
    yield from _changed_settings(old.get("settings", "{}"), new["settings"])
    if old.get("stage", {}).get("build") != new["stage"]["build"]:
        yield f"build ({_changed_parts(path, parts)})"


def _changed_inputs(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    before, now = _by_name(old), _by_name(new)
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield f"input {name} is new"
        elif name not in now:
            yield f"input {name} is gone"
        elif before[name] != now[name]:
            yield f"input {name}"


def _by_name(inputs: list[dict[str, Any]]) -> dict[str, str]:
    return {
        str(item.get("kind") or item.get("source")): str(item.get("content") or item.get("sha256"))
        for item in inputs
        if isinstance(item, dict)
    }


def _changed_settings(old: str, new: str) -> Iterator[str]:
    try:
        before, now = _flat(json.loads(old)), _flat(json.loads(new))
    except ValueError:
        # Another stage's image may have written what it liked.
        yield "settings"
        return
    for key in sorted(before.keys() | now.keys()):
        was, is_now = before.get(key, _ABSENT), now.get(key, _ABSENT)
        if was != is_now:
            yield f"settings.{key} {_shown(was)} → {_shown(is_now)}"


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _shown(value: object) -> str:
    return "unset" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _changed_parts(path: Path, parts: Mapping[str, str]) -> str:
    try:
        before = json.loads((path / "run.json").read_bytes()).get("build") or {}
    except (OSError, ValueError):
        return "another image"
    changed = [name for name, value in parts.items() if before.get(name) != value]
    return ", ".join(changed) or "another image"
