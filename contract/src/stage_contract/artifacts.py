"""Reading artifacts: immutable directories on a volume, each described by manifest.json."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract.digests import CONTRACT_MAJOR, CONTRACT_VERSION, content_digest, file_digest
from stage_contract.errors import ContractError

LATEST = "LATEST"
PINNED = "PINNED"
MANIFEST = "manifest.json"
BESIDE = frozenset({MANIFEST, "run.json", "verdict.json"})
"""What an artifact may hold outside `files`: facts that may differ between equal runs."""

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Artifact:
    """One published artifact; a file's bytes are checked before its path is handed out."""

    path: Path
    manifest: dict[str, Any]
    _verified: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def id(self) -> str:
        return str(self.manifest["id"])

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def content(self) -> str:
        return str(self.manifest["content"])

    @property
    def rows(self) -> int:
        return int(self.manifest["rows"])

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """What a stage that reads this artifact names as its input: (kind, content)."""
        return [(self.kind, self.content)]

    def file(self, name: str) -> Path:
        """Return the path of a listed file after its size and hash were checked."""
        entry = next((e for e in self.manifest["files"] if e["path"] == name), None)
        if entry is None:
            raise ContractError(f"{self.path}: {name} is not in the manifest of this {self.kind}")
        if name not in self._verified:
            _check_bytes(self.path, entry)
            self._verified.add(name)
        return self.path / name

    def files(self, folder: str) -> list[Path]:
        """Return the checked paths of all files in a folder, sorted by name."""
        names = [e["path"] for e in self.manifest["files"] if e["path"].startswith(f"{folder}/")]
        return [self.file(name) for name in sorted(names, key=str.encode)]

    def verify(self) -> None:
        """Check every file's hash, the content digest, and that nothing unlisted is there."""
        check_sizes(self)
        for entry in self.manifest["files"]:
            self.file(entry["path"])

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep pruning away from this artifact; works on a volume mounted read-only."""
        with (self.path / MANIFEST).open("rb") as manifest:
            fcntl.flock(manifest, fcntl.LOCK_SH)
            yield


def read_pointer(volume: Path) -> str | None:
    """Return the id that LATEST names, or None when nothing was published yet."""
    try:
        text = (volume / LATEST).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not _ID.fullmatch(text):
        raise ContractError(f"{volume}/{LATEST}: '{text[:40]}' is not an id of 16 hex digits")
    return text


def open_latest(volume: Path, kind: str) -> Artifact:
    """Open the artifact that LATEST names and check its kind, version and file list.

    Raises:
        ContractError: nothing was published, or what is there breaks the contract.
    """
    pointer = read_pointer(volume)
    if pointer is None:
        raise ContractError(
            f"{volume}: no {LATEST} file, so no {kind} was published here yet;"
            " run the stage that writes it first"
        )
    return open_artifact(volume / pointer, kind)


def open_artifact(path: Path, kind: str | None = None) -> Artifact:
    """Open one artifact by its directory; see `open_latest`."""
    artifact = Artifact(path=path, manifest=_read_manifest(path))
    _check_version(artifact)
    if kind is not None and artifact.kind != kind:
        raise ContractError(
            f"{path}: holds {artifact.kind}, expected {kind}; check which volume is mounted here"
        )
    if artifact.id != path.name:
        raise ContractError(f"{path}: its manifest says id {artifact.id}; publish it again")
    for entry in artifact.manifest["files"]:
        _check_name(path, entry["path"])
    digests = [(entry["path"], entry["sha256"]) for entry in artifact.manifest["files"]]
    if content_digest(digests) != artifact.content:
        raise ContractError(f"{path}: content is not the digest of its files; publish it again")
    return artifact


def check_sizes(artifact: Artifact) -> None:
    """Check that exactly the listed files are there and have the listed sizes; reads no data."""
    listed = {entry["path"]: entry["bytes"] for entry in artifact.manifest["files"]}
    found = _walk(artifact.path)
    if unlisted := sorted(found.keys() - listed.keys() - BESIDE):
        raise ContractError(f"{artifact.path}: {unlisted[0]} is not in the manifest")
    for name, size in listed.items():
        if name not in found:
            raise ContractError(f"{artifact.path}: {name} is missing; run the stage again")
        if found[name] != size:
            raise ContractError(
                f"{artifact.path}: {name} has {found[name]} bytes, the manifest says {size};"
                " the file was changed or torn, run the stage that wrote it again"
            )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ContractError(f"{path}: no {MANIFEST}; run the stage that writes it again") from None
    except ValueError as error:
        raise ContractError(f"{path}/{MANIFEST}: not JSON ({error})") from None
    required = {"contract", "kind", "id", "content", "files", "rows"}
    if not isinstance(manifest, dict) or (missing := sorted(required - manifest.keys())):
        names = ", ".join(missing) if isinstance(manifest, dict) else "an object"
        raise ContractError(f"{path}/{MANIFEST}: {names} missing")
    if not isinstance(manifest["files"], list):
        raise ContractError(f"{path}/{MANIFEST}: files must be a list")
    for entry in manifest["files"]:
        if not isinstance(entry, dict) or not {"path", "bytes", "sha256"} <= entry.keys():
            raise ContractError(f"{path}/{MANIFEST}: a file needs path, bytes and sha256")
    return manifest


def _check_version(artifact: Artifact) -> None:
    version = str(artifact.manifest["contract"])
    if version.partition(".")[0] != CONTRACT_MAJOR:
        stage = artifact.manifest.get("stage", {}).get("name", "stage that wrote it")
        raise ContractError(
            f"{artifact.path}: written for contract {version}, this image reads"
            f" {CONTRACT_VERSION}; update this image or the image of {stage}"
        )


def _check_name(root: Path, name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or "\n" in name:
        raise ContractError(f"{root}: the manifest lists '{name}', which leaves the artifact")


def _check_bytes(root: Path, entry: dict[str, Any]) -> None:
    name = entry["path"]
    path = root / name
    if any((root / part).is_symlink() for part in [*PurePosixPath(name).parents, name]):
        raise ContractError(f"{root}: {name} is a link; an artifact holds plain files only")
    if not path.is_file():
        raise ContractError(f"{root}: {name} is missing; run the stage that wrote it again")
    if file_digest(path) != entry["sha256"]:
        raise ContractError(
            f"{root}: {name} does not match its SHA-256 in the manifest;"
            " the file was changed or torn, run the stage that wrote it again"
        )


def _walk(root: Path) -> dict[str, int]:
    """Return size by relative path of all files; a link is an error."""
    found: dict[str, int] = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if path.is_symlink():
                raise ContractError(f"{root}: {relative} is a link; only plain files are allowed")
            if name in names:
                found[relative] = path.stat().st_size
    return found
