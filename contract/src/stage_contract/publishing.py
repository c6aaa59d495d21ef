"""Publishing artifacts: all at once or not at all."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract.artifacts import LATEST, MANIFEST, PINNED, Artifact, open_artifact, read_pointer
from stage_contract.digests import content_digest, file_digest
from stage_contract.errors import ContractError, NotReproducibleError

DRAFT = ".draft-"
DIFFERS = ".differs-"


@dataclass
class Draft:
    """A publication in progress: a stage fills `path` and says what it counted."""

    path: Path
    rows: int = 0
    """Rows of the table in this artifact."""
    rejected: int = 0
    """Rows of the input that went to rejects/."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Counts and scores for the manifest; they must follow from cause and files alone."""
    verdict: dict[str, Any] | None = None
    """Facts that depend on history; written to verdict.json, outside `files`."""

    def folder(self, name: str) -> Path:
        """Return a new or existing folder inside the draft."""
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def open_draft(volume: Path) -> Iterator[Draft]:
    """Yield an empty draft; whatever is left of it at the end is removed."""
    with locked(volume):
        remove_dead_drafts(volume)
        path = Path(tempfile.mkdtemp(prefix=DRAFT, dir=volume))
        path.chmod(0o755)
        alive = _try_lock(path)
    try:
        yield Draft(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if alive is not None:
            os.close(alive)


def publish(
    draft: Draft, volume: Path, manifest: dict[str, Any], *, run: dict[str, Any]
) -> Artifact:
    """Turn a draft into the artifact `manifest["id"]` and make it the latest.

    If that id is there already and verifies, only LATEST moves: equal cause, equal bytes.

    Raises:
        NotReproducibleError: the id is there with other bytes; both are kept.
    """
    files = _list_files(draft.path)
    content = content_digest([(entry["path"], entry["sha256"]) for entry in files])
    manifest = manifest | {"content": content, "files": files}
    write_json(draft.path / MANIFEST, manifest)
    write_json(draft.path / "run.json", run)
    if draft.verdict is not None:
        write_json(draft.path / "verdict.json", draft.verdict)
    _sync_folders(draft.path)
    target = volume / str(manifest["id"])
    with locked(volume):
        published = _published(target)
        if published is not None and published.content != content:
            _keep_both(draft.path, volume, published, content)
        if published is None:
            _replace_folder(draft.path, target)
        point_to(volume, target.name)
    return open_artifact(target)


def point_to(volume: Path, artifact_id: str) -> bool:
    """Make an artifact the latest; return whether the pointer moved. A pinned volume stays."""
    if (volume / PINNED).exists() or read_pointer(volume) == artifact_id:
        return False
    write_text(volume / LATEST, f"{artifact_id}\n")
    return True


def prune(volume: Path, *, keep: int) -> list[str]:
    """Remove all but the newest `keep` artifacts; return the removed ids.

    Never the one of LATEST or PINNED, and none that a reader holds.
    """
    removed = []
    with locked(volume):
        named = {read_pointer(volume), _pinned(volume)}
        for path in _newest_first(volume)[keep:]:
            if path.name not in named and _unheld(path):
                doomed = path.rename(volume / f"{DRAFT}{path.name}")
                shutil.rmtree(doomed)
                removed.append(path.name)
    return removed


@contextmanager
def locked(volume: Path) -> Iterator[None]:
    """Keep other writers of this volume out for a moment."""
    descriptor = os.open(volume, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_json(path: Path, value: object) -> None:
    """Write pretty, ordered JSON that ends in a newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, and it survives a crash."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync(path.parent)


def remove_dead_drafts(volume: Path) -> None:
    """Remove drafts of runs that are no longer alive: nobody holds their lock."""
    for path in volume.glob(f"{DRAFT}*"):
        descriptor = _try_lock(path)
        if descriptor is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)


def _list_files(root: Path) -> list[dict[str, Any]]:
    paths = [path for path in root.rglob("*") if path.is_file()]
    entries = []
    for path in sorted(paths, key=lambda path: path.relative_to(root).as_posix().encode()):
        _sync(path)
        name = path.relative_to(root).as_posix()
        entries.append({"path": name, "bytes": path.stat().st_size, "sha256": file_digest(path)})
    return entries


def _published(target: Path) -> Artifact | None:
    """Return what stands under this id if it is whole; damaged remains do not count."""
    if not target.exists():
        return None
    try:
        artifact = open_artifact(target)
        artifact.verify()
    except ContractError:
        return None
    return artifact


def _keep_both(draft: Path, volume: Path, published: Artifact, content: str) -> None:
    kept = volume / f"{DIFFERS}{published.id}-{content[:8]}"
    _replace_folder(draft, kept)
    raise NotReproducibleError(
        f"not reproducible: {published.id} was published with content {published.content[:12]},"
        f" the same cause now gave {content[:12]}; the new one is kept as {kept.name} to compare"
    )


def _replace_folder(draft: Path, target: Path) -> None:
    damaged = target.with_name(f"{DRAFT}damaged-{target.name}")
    if target.exists():
        target.rename(damaged)
    draft.rename(target)
    _sync(target.parent)
    shutil.rmtree(damaged, ignore_errors=True)


def _newest_first(volume: Path) -> Sequence[Path]:
    manifests = volume.glob(f"[!.]*/{MANIFEST}")
    by_age = sorted(manifests, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.parent for path in by_age]


def _pinned(volume: Path) -> str | None:
    with suppress(FileNotFoundError):
        return (volume / PINNED).read_text(encoding="utf-8").strip()
    return None


def _unheld(path: Path) -> bool:
    descriptor = _try_lock(path / MANIFEST)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def _try_lock(path: Path) -> int | None:
    """Return an open descriptor that holds the lock, or None if somebody else holds it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _sync_folders(root: Path) -> None:
    for folder, _, _ in os.walk(root):
        _sync(Path(folder))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
