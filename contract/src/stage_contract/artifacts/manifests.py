"""Manifests: reading manifest.json, with all checks that need no other file."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract.artifacts.digests import CONTRACT_MAJOR, CONTRACT_VERSION, content_digest
from stage_contract.artifacts.plain_files import read_plain
from stage_contract.commands import make_command
from stage_contract.errors import ContractError

LATEST = "LATEST"
MANIFEST = "manifest.json"
_MAX_BYTES = 16 * 1024 * 1024
"""Room for a hundred thousand files."""

_SHAPE = {"kind": str, "id": str, "content": str, "files": list, "rows": int}
_MORE = {"stage": dict, "settings": str, "inputs": list, "lineage": list, "metrics": dict}
"""Required by the schema, but not needed by a reader."""
_FILE_SHAPE = {"path": str, "bytes": int, "sha256": str}
_JSON_NAMES = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of the artifact at `path`.

    Raises:
        ContractError: It is missing or malformed, of another version, or contradicts itself.
    """
    place = path / MANIFEST
    manifest = _read_json(place)
    _check_shape(manifest, {"contract": str}, place=f"{place}")
    _check_version(manifest, place=f"{path}")
    _check_shape(manifest, _SHAPE, place=f"{place}")
    _check_shape(manifest, {key: _MORE[key] for key in _MORE if key in manifest}, place=f"{place}")
    if manifest["id"] != path.name:
        raise ContractError(f"{path}: its manifest says id {manifest['id']}; publish it again")
    for number, entry in enumerate(manifest["files"]):
        _check_shape(entry, _FILE_SHAPE, place=f"{place}: files[{number}]")
        _check_name(path, entry["path"])
    digests = [(entry["path"], entry["sha256"]) for entry in manifest["files"]]
    if content_digest(digests) != manifest["content"]:
        raise ContractError(f"{path}: content is not the digest of its files; publish it again")
    return manifest


def remedy(artifact: Path) -> str:
    """Return what to do about a damaged artifact: only the latest one can be made again."""
    try:
        latest = read_plain(artifact.parent / LATEST, max_bytes=_MAX_BYTES).decode(errors="replace")
    except (OSError, ContractError):
        latest = ""
    if latest.strip() in ("", artifact.name):
        return f"{make_command('repair')} makes it again"
    return f"it is not the latest and can't be made again, {make_command('prune')} removes old ones"


def _read_json(place: Path) -> dict[str, Any]:
    if place.parent.is_symlink() or place.is_symlink():
        raise ContractError(f"{place}: is reached by a link; an artifact holds plain files only")
    try:
        manifest: dict[str, Any] = json.loads(read_plain(place, max_bytes=_MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        raise ContractError(f"{place.parent}: no {MANIFEST}; {remedy(place.parent)}") from None
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{place}: not JSON ({error}); {remedy(place.parent)}") from None
    return manifest


def _check_shape(value: object, shape: Mapping[str, type], *, place: str) -> None:
    if not isinstance(value, dict):
        raise ContractError(f"{place}: expected an object; see manifest.schema.json")
    for key, kind in shape.items():
        if key not in value:
            raise ContractError(f"{place}: {key} is missing; see manifest.schema.json")
        if not isinstance(value[key], kind):
            raise ContractError(
                f"{place}: {key} = {value[key]!r:.40}: expected {_JSON_NAMES[kind]};"
                " see manifest.schema.json"
            )


def _check_version(manifest: Mapping[str, Any], *, place: str) -> None:
    version = manifest["contract"]
    if version.partition(".")[0] == CONTRACT_MAJOR:
        return
    stage = manifest.get("stage")
    writer = stage.get("name") if isinstance(stage, dict) else None
    raise ContractError(
        f"{place}: written for contract {version}, this image reads {CONTRACT_VERSION};"
        f" update this image or the image of {writer or 'the stage that wrote it'}"
    )


def _check_name(root: Path, name: str) -> None:
    path = PurePosixPath(name)
    is_plain = not path.is_absolute() and ".." not in path.parts and str(path) == name != "."
    # A lone surrogate, which JSON may escape, is no UTF-8.
    is_text = name.encode(errors="ignore").decode() == name and not {"\0", "\n"} & {*name}
    if not (is_plain and is_text):
        raise ContractError(
            f"{root}: the manifest lists {name!r}; expected a relative path inside the artifact"
        )
