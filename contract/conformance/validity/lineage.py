"""Lineage: an artifact names its input by content, and carries on the input's own lineage."""

import json
from pathlib import Path
from typing import Any

from stage_contract.artifacts.digests import file_digest

from conformance.harness.faults import Fault
from conformance.validity.published import Published

_FIX = (
    "the input manifest's lineage plus one entry for the input;"
    " see 'Lineage' in contract/reference/reading.md"
)


def check_lineage(artifact: Published, source: Path, *, reads: str | None) -> None:
    """Check `inputs` and `lineage` against the input volume, or the source tables of ingest."""
    inputs, lineage = _origin(source) if reads else _sources(source)
    _compare("inputs", _named(artifact.manifest["inputs"], inputs), inputs)
    _compare("lineage", _named(artifact.manifest["lineage"], lineage), lineage)


def input_manifest(source: Path) -> dict[str, Any]:
    """Return the manifest of the artifact that an input volume's LATEST names."""
    latest = (source / "LATEST").read_text(encoding="utf-8").strip()
    manifest: dict[str, Any] = json.loads((source / latest / "manifest.json").read_bytes())
    return manifest


def latest_artifact(folder: Path) -> Published:
    """Return the artifact that LATEST names in a folder of the kit, unchecked."""
    manifest = input_manifest(folder)
    return Published(folder / manifest["id"], manifest)


def _origin(source: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    manifest = input_manifest(source)
    entry = {
        "stage": manifest["stage"]["name"],
        "kind": manifest["kind"],
        "content": manifest["content"],
        "rows": manifest["rows"],
        "rejected": manifest["metrics"].get("rejected"),
    }
    if by_reason := manifest["metrics"].get("rejected_by_reason"):
        entry["rejected_by_reason"] = by_reason
    inputs = [{"kind": manifest["kind"], "content": manifest["content"]}]
    return inputs, [*manifest["lineage"], entry]


def _sources(source: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    files = [
        {
            "source": path.relative_to(source).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
        }
        for path in sorted(source.rglob("*"))
        if path.is_file()
    ]
    return files, files


def _named(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was found with the keys that the contract names; there may be more."""
    if len(found) != len(expected):
        return found
    pairs = zip(found, expected, strict=True)
    return [{key: entry.get(key) for key in known} for entry, known in pairs]


def _compare(name: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    if found == expected:
        return
    place = next(
        (n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
        min(len(found), len(expected)),
    )
    was = json.dumps(found[place]) if place < len(found) else "nothing"
    should = json.dumps(expected[place]) if place < len(expected) else "nothing"
    raise Fault(f"manifest.json: {name}[{place}] is {was}, expected {should}", _FIX)
