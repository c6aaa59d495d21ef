"""Reading artifacts: immutable directories on a volume, each described by manifest.json."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract.artifacts.digests import stream_digest
from stage_contract.artifacts.manifests import LATEST, MANIFEST, read_manifest, remedy
from stage_contract.artifacts.plain_files import open_plain, read_plain
from stage_contract.artifacts.run_facts import RUN
from stage_contract.artifacts.verdicts import VERDICT
from stage_contract.commands import make_command
from stage_contract.errors import ContractError
from stage_contract.log import Progress

PINNED = "PINNED"
BESIDE = frozenset({MANIFEST, RUN, VERDICT})
"""Files outside `files`: facts that may differ between equal runs."""

_ID = re.compile(r"[0-9a-f]{16}")
_MAX_POINTER_BYTES = 1024


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
        """Input of a stage that reads this artifact: (kind, content)."""
        return [(self.kind, self.content)]

    def skipped_hint(self, name: str) -> str:
        """Return the remedy for an absent column if ingest skipped it, else an empty text."""
        entries = [each for each in self.manifest.get("lineage", []) if isinstance(each, dict)]
        if not any(name in (entry.get("skipped") or ()) for entry in entries):
            return ""
        return "; ingest skips it: change skip_columns or columns in [ingest]"

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
        progress = Progress("files checked", total=len(self.manifest["files"]))
        for entry in self.manifest["files"]:
            self.file(entry["path"])
            progress.add(1)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Protect this artifact from pruning; works on a volume mounted read-only.

        Raises:
            ContractError: It was pruned between opening and holding it.
        """
        path = self.path / MANIFEST
        try:
            manifest = open_plain(path)
        except FileNotFoundError:
            raise _removed(self.path) from None
        with manifest:
            fcntl.flock(manifest, fcntl.LOCK_SH)
            # A pruning run holds the lock until it has renamed the artifact.
            if not path.exists():
                raise _removed(self.path)
            yield


def read_pointer(volume: Path) -> str | None:
    """Return the id that LATEST names, or None when nothing was published yet."""
    expected = f"a file with an id, run the stage again: {make_command('rerun')}"
    try:
        content = read_plain(volume / LATEST, max_bytes=_MAX_POINTER_BYTES, expected=expected)
    except FileNotFoundError:
        return None
    text = content.decode(errors="replace").strip()
    if not is_id(text):
        raise ContractError(
            f"{volume}/{LATEST}: {text[:40]!r} is not an id of 16 hex digits;"
            f" run the stage that writes it again: {make_command('rerun')}"
        )
    return text


def read_pinned(volume: Path) -> str | None:
    """Return the id that PINNED names, or None when runs may move LATEST.

    Raises:
        ContractError: It can't be read, or holds no id.
    """
    place = volume / PINNED
    try:
        expected = "a file with an id; remove it, then roll back again to pin"
        content = read_plain(place, max_bytes=_MAX_POINTER_BYTES, expected=expected)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ContractError(
            f"{place}: can't be read ({error.strerror}); remove it, then roll back again to pin"
        ) from None
    text = content.decode(errors="replace").strip()
    if not is_id(text):
        raise ContractError(
            f"{place}: {text[:40]!r} is not an id of 16 hex digits; unpin, or roll back to pin one"
        )
    return text


def is_id(text: str) -> bool:
    """Return whether a text can be the name of an artifact: 16 hex digits."""
    return _ID.fullmatch(text) is not None


def open_latest(volume: Path, kind: str) -> Artifact:
    """Open the artifact that LATEST names and check its kind, version and file list.

    Raises:
        ContractError: Nothing was published, or the artifact breaks the contract.
    """
    pointer = read_pointer(volume)
    if pointer is None:
        raise ContractError(
            f"{volume}: no {LATEST} file, so no {kind} was published here yet;"
            " run the stage that writes it first"
        )
    try:
        return open_artifact(volume / pointer, kind)
    except ContractError:
        # A writer may have published and pruned meanwhile; then LATEST names another artifact.
        if read_pointer(volume) == pointer:
            raise
    return open_latest(volume, kind)


def open_artifact(path: Path, kind: str | None = None) -> Artifact:
    """Open one artifact by its directory; see `open_latest`."""
    artifact = Artifact(path=path, manifest=read_manifest(path))
    if kind is not None and artifact.kind != kind:
        raise ContractError(
            f"{path}: holds {artifact.kind}, expected {kind}; check which volume is mounted here"
        )
    return artifact


def check_sizes(artifact: Artifact) -> None:
    """Check that exactly the listed files are there and have the listed sizes; reads no data."""
    listed = {entry["path"]: entry["bytes"] for entry in artifact.manifest["files"]}
    found = sizes(artifact.path)
    if unlisted := sorted(found.keys() - listed.keys() - BESIDE):
        raise ContractError(f"{artifact.path}: {unlisted[0]} is not in the manifest")
    for name, size in listed.items():
        if name not in found:
            raise ContractError(f"{artifact.path}: {name} is missing; {remedy(artifact.path)}")
        if found[name] != size:
            raise ContractError(
                f"{artifact.path}: {name} has {found[name]} bytes, the manifest says {size};"
                f" the file was changed or torn, {remedy(artifact.path)}"
            )


def sizes(root: Path) -> dict[str, int]:
    """Return the size of every file in a folder by its relative path; a link is an error."""
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


def _check_bytes(root: Path, entry: dict[str, Any]) -> None:
    name = entry["path"]
    path = root / name
    if any((root / part).is_symlink() for part in [*PurePosixPath(name).parents, name]):
        raise ContractError(f"{root}: {name} is a link; an artifact holds plain files only")
    try:
        with open_plain(path) as file:
            digest = stream_digest(file)
    except (FileNotFoundError, NotADirectoryError):
        raise ContractError(f"{root}: {name} is missing; {remedy(root)}") from None
    if digest != entry["sha256"]:
        raise ContractError(
            f"{root}: {name} does not match its SHA-256 in the manifest;"
            f" the file was changed or torn, {remedy(root)}"
        )


def _removed(path: Path) -> ContractError:
    return ContractError(
        f"{path}: was removed while it was being opened, since newer artifacts exist; run again"
    )
