"""Why a stage runs: what differs between its cause now and that of the latest artifact."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stage_contract.artifacts.reading import Artifact, open_artifact, read_pointer
from stage_contract.artifacts.run_facts import read_run
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
    found = changes(latest, cause, parts)
    unread = [item["source"] for item in cause.get("inputs", []) if _is_unread(item)]
    if unread and not found:
        return f"works: only reading {unread[0]} again tells whether it has changed"
    return "works, changed: " + (", ".join(found) or "the published files are damaged")


def changes(old: Artifact, new: Mapping[str, Any], parts: Mapping[str, str] | None) -> list[str]:
    """Return what differs between an artifact's cause and another one, old and new value.

    `new` is a manifest, or the part of it that is known before the work; `parts` are those of the
    image's build digest.
    """
    manifest = old.manifest
    found = [
        *_changed_inputs(manifest.get("inputs", []), new.get("inputs", [])),
        *_changed_settings(manifest.get("settings", "{}"), new.get("settings", "{}")),
    ]
    if manifest.get("stage", {}).get("build") != new.get("stage", {}).get("build"):
        found.append(f"build ({_changed_parts(build_of(old.path), parts or {})})")
    return found


def build_of(path: Path) -> dict[str, str]:
    """Return the parts of the build digest that an artifact's run.json names, if it does."""
    parts = read_run(path).get("build")
    return parts if isinstance(parts, dict) else {}


def _changed_inputs(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    before, now = _by_name(old), _by_name(new)
    names = {str(item.get("kind") or item.get("source")): item for item in new}
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield f"input {name} is new"
        elif name not in now:
            yield f"input {name} is gone"
        elif before[name] != now[name] and not _is_unread(names[name]):
            yield f"input {name}"


def _by_name(inputs: list[dict[str, Any]]) -> dict[str, str]:
    return {
        str(item.get("kind") or item.get("source")): str(item.get("content") or item.get("sha256"))
        for item in inputs
        if isinstance(item, dict)
    }


def _is_unread(item: dict[str, Any]) -> bool:
    """Return whether only the address of this source is known so far."""
    return "source" in item and "sha256" not in item


def _changed_settings(old: str, new: str) -> Iterator[str]:
    try:
        before, now = json.loads(old), json.loads(new)
    except ValueError:
        # Another image may have written settings in another format.
        yield "settings"
        return
    yield from changed_values(before, now, prefix="settings")


def changed_values(old: object, new: object, *, prefix: str) -> Iterator[str]:
    """Yield the dotted name, the old and the new value of each setting that differs."""
    before, now = flat(old, prefix), flat(new, prefix)
    for key in sorted(before.keys() | now.keys()):
        was, is_now = before.get(key, _ABSENT), now.get(key, _ABSENT)
        if was != is_now:
            yield f"{key} {_shown(was)} → {_shown(is_now)}"


def flat(value: object, prefix: str = "") -> dict[str, object]:
    """Return nested objects as one flat object with dotted names."""
    if not isinstance(value, dict):
        return {prefix: value}
    found: dict[str, object] = {}
    for key, item in value.items():
        found |= flat(item, f"{prefix}.{key}" if prefix else str(key))
    return found


def _shown(value: object) -> str:
    return "unset" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _changed_parts(before: Mapping[str, str], parts: Mapping[str, str]) -> str:
    changed = [name for name, value in parts.items() if before.get(name) != value]
    return ", ".join(changed) if before and changed else "another image"
