"""Artifacts on volumes: read the input, write a draft, publish it, prune."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from run import NAME, UserError, log, now, publishing

READS, WRITES = "clean-data", "feature-data"
IN = Path(os.environ.get("STAGE_IN", "/data/in"))
OUT = Path(os.environ.get("STAGE_OUT", "/data/out"))
UNLISTED = ("manifest.json", "run.json", "verdict.json")
WRONG = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading a damaged artifact may raise."""


def dump(value: Any) -> str:
    """Return JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_of(files: list[dict[str, Any]]) -> str:
    """Return the digest of all files of an artifact."""
    ordered = sorted(files, key=lambda file: file["path"].encode())
    return digest("".join(f"{file['sha256']}  {file['path']}\n" for file in ordered).encode())


# --- Reading ---


def is_plain(path: Path) -> bool:
    """Tell whether a path is a plain file and no link."""
    return stat.S_ISREG(path.lstat().st_mode)


def files_in(folder: Path) -> dict[str, int]:
    """Return path and size of all files. Raises ValueError if one is not a plain file."""
    sizes = {}
    for top, folders, names in os.walk(folder):
        for path in (Path(top, name) for name in [*folders, *names]):
            if path.is_dir() and not path.is_symlink():
                continue
            if not is_plain(path):
                raise ValueError(f"{path} is not a plain file")
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    return sizes


def manifest_of(folder: Path, kind: str) -> dict[str, Any]:
    """Return the manifest of an artifact that has exactly the listed files."""
    if folder.is_symlink() or not is_plain(folder / "manifest.json"):
        raise ValueError(f"{folder} is a link, or has no manifest.json")
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    if not re.fullmatch(r"1\.[0-9]+", manifest["contract"]):
        what = f"{folder} has version {manifest['contract']} of the contract"
        raise ValueError(f"{what}, but this image of {NAME} reads version 1: update it")
    if manifest["kind"] != kind:
        raise ValueError(f"{folder} is {manifest['kind']}, expected {kind}")
    if manifest["id"] != folder.name:
        raise ValueError(f"{folder} calls itself {manifest['id']}")
    listed = {file["path"]: file["bytes"] for file in manifest["files"]}
    there = {path: size for path, size in files_in(folder).items() if path not in UNLISTED}
    if listed != there:
        wrong = sorted(path for path, _ in listed.items() ^ there.items())
        raise ValueError(f"{wrong[0]} of {folder} is not as the manifest lists it")
    if content_of(manifest["files"]) != manifest["content"]:
        raise ValueError(f"content in the manifest of {folder} is not that of its files")
    return manifest


def read_input() -> tuple[Path, dict[str, Any]]:
    """Follow LATEST once, and hold the artifact until the process ends."""
    try:
        pointer = IN / "LATEST"
        text = pointer.read_text("utf-8") if is_plain(pointer) else "a link"
        if not re.fullmatch(r"[0-9a-f]{16}\n?", text):
            raise ValueError(f"{pointer} is {text[:40]!r}, expected 16 hex digits")
        folder = IN / text.strip()
        if is_plain(folder / "manifest.json"):
            fcntl.flock(os.open(folder / "manifest.json", os.O_RDONLY), fcntl.LOCK_SH)
        manifest = manifest_of(folder, READS)
        lineage_of(manifest)
        for file in manifest["files"]:
            if digest_of_file(folder / file["path"]) != file["sha256"]:
                raise ValueError(f"{folder / file['path']} has another SHA-256 than listed")
    except WRONG as error:
        detail = str(error) if isinstance(error, OSError | ValueError) else repr(error)
        hint = "run the stage before again"
        raise UserError(65, f"the input is not a valid {READS}: {detail}", hint) from None
    return folder, manifest


def lineage_of(source: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lineage of an artifact that is made from this one."""
    entry = {
        "stage": source["stage"]["name"],
        "kind": source["kind"],
        "content": source["content"],
        "rows": source["rows"],
        "rejected": source["metrics"].get("rejected"),
    }
    if reasons := source["metrics"].get("rejected_by_reason"):
        entry["rejected_by_reason"] = reasons
    return [*source["lineage"], entry]


def cause_of(settings: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest says of the cause, with the id that follows from it."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    build = Path(__file__).with_name("build").read_text().strip()
    lines = ["contract 1", f"kind {WRITES}", f"build {build}", f"settings {digest(text.encode())}"]
    lines.append(f"input {READS} {source['content']}")
    return {
        "contract": "1.2",
        "kind": WRITES,
        "id": digest("".join(f"{line}\n" for line in lines).encode())[:16],
        "stage": {"name": NAME, "version": "1.0.0", "build": build},
        "settings": text,
        "inputs": [{"kind": READS, "content": source["content"]}],
        "lineage": lineage_of(source),
    }


# --- The output volume. Who calls these holds its lock, except where they take it. ---


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the lock of the output volume."""
    handle = os.open(OUT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Write a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, text: str) -> None:
    """Replace a file of the volume at once."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, "utf-8")
    sync(new)
    new.replace(path)
    sync(path.parent)


def make_draft() -> Path:
    """Remove the drafts of dead runs, and make one that lives as long as this process."""
    with locked():
        remove_dead_drafts()
        draft = OUT / f".draft-{secrets.token_hex(8)}"
        draft.mkdir()
        fcntl.flock(os.open(draft, os.O_RDONLY), fcntl.LOCK_EX)
    return draft


def remove_dead_drafts() -> None:
    """Remove the drafts that nobody holds."""
    for draft in OUT.glob(".draft-*"):
        if draft.is_symlink() or not draft.is_dir():
            continue
        handle = os.open(draft, os.O_RDONLY)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(draft)
        os.close(handle)


def published(identifier: str, *, in_full: bool) -> dict[str, Any] | None:
    """Return the manifest of an artifact that is as listed; `in_full` also hashes its files."""
    folder = OUT / identifier
    try:
        manifest = manifest_of(folder, WRITES)
        for file in manifest["files"] if in_full else []:
            if digest_of_file(folder / file["path"]) != file["sha256"]:
                return None
    except WRONG:
        return None
    return manifest


def seal(draft: Path, manifest: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Sync and hash the files of a draft, and write its manifest and run.json."""
    files = []
    for path, size in sorted(files_in(draft).items(), key=lambda each: each[0].encode()):
        sync(draft / path)
        files.append({"path": path, "bytes": size, "sha256": digest_of_file(draft / path)})
    manifest = manifest | {"content": content_of(files), "files": files}
    for name, value in (("manifest.json", manifest), ("run.json", facts)):
        (draft / name).write_text(dump(value), "utf-8")
        sync(draft / name)
    for folder in [path for path in draft.iterdir() if path.is_dir()]:
        sync(folder)
    sync(draft)
    return manifest


def publish(draft: Path, manifest: dict[str, Any], *, keep: int, forced: bool) -> None:
    """Give a sealed draft its name, and let LATEST follow."""
    identifier = manifest["id"]
    final = OUT / identifier
    with locked():
        before = published(identifier, in_full=True)
        if before and forced and before["content"] != manifest["content"]:
            set_aside(draft, manifest)
        publishing.acquire()  # never released: from here on a signal comes too late
        if before:
            if before["content"] == manifest["content"]:
                (draft / "run.json").replace(final / "run.json")
            shutil.rmtree(draft)
        else:
            damaged = OUT / f".draft-{secrets.token_hex(8)}"
            if final.exists():
                final.rename(damaged)
            draft.rename(final)
            shutil.rmtree(damaged, ignore_errors=True)
        sync(OUT)
        follow(identifier, keep)


def set_aside(draft: Path, manifest: dict[str, Any]) -> None:
    """Keep what a forced rerun made beside what it should have made."""
    for older in OUT.glob(f".differs-{manifest['id']}-*"):
        shutil.rmtree(older)
    other = OUT / f".differs-{manifest['id']}-{manifest['content'][:8]}"
    draft.rename(other)
    what = f"a forced rerun of {WRITES} {manifest['id']} made other bytes"
    raise UserError(70, what, f"compare it with {other.name}")


def take_again(identifier: str, keep: int) -> None:
    """Let LATEST follow an artifact that was published before."""
    with locked():
        publishing.acquire()  # never released: the run is done
        remove_dead_drafts()
        follow(identifier, keep)


def follow(identifier: str, keep: int) -> None:
    """Make an artifact the newest, point LATEST to it and remove old ones."""
    if newest_first()[0].name != identifier:
        os.utime(OUT / identifier / "manifest.json")
    if (OUT / "PINNED").exists():
        log(f"the volume is pinned, so LATEST stays where it is; {identifier} is published")
    elif named("LATEST") != identifier:
        replace(OUT / "LATEST", identifier + "\n")
    for name in ("FAILED.json", "REFUSED"):
        (OUT / name).unlink(missing_ok=True)
    prune(keep)


def named(pointer: str) -> str:
    """Return the id that a file of the volume names, or an empty text."""
    try:
        return (OUT / pointer).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def newest_first() -> list[Path]:
    """Return the artifacts by the time of their manifests."""
    folders = [path for path in OUT.iterdir() if re.fullmatch(r"[0-9a-f]{16}", path.name)]
    dated = [(path / "manifest.json", path) for path in folders]
    times = {path: file.stat().st_mtime_ns for file, path in dated if file.is_file()}
    return sorted(times, key=lambda path: -times[path])


def prune(keep: int) -> None:
    """Remove all but the newest artifacts, except those that somebody uses."""
    used = {named(pointer) for pointer in ("LATEST", "PINNED", "REFUSED")}
    for folder in newest_first()[keep:]:
        if folder.name in used:
            continue
        handle = os.open(folder / "manifest.json", os.O_RDONLY)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = OUT / f".draft-{secrets.token_hex(8)}"
            folder.rename(gone)
            for path in [gone, *OUT.glob(f".differs-{folder.name}-*")]:
                shutil.rmtree(path)
        os.close(handle)


def remove_draft(draft: Path) -> None:
    """Remove the draft of a run that failed, unless it has another name by now."""
    with contextlib.suppress(OSError), locked():
        shutil.rmtree(draft, ignore_errors=True)


def record_failure(line: str, code: int) -> None:
    """Leave FAILED.json with the line of the log."""
    cause, _, hint = (part.strip() for part in line.partition(";"))
    record = {"stage": NAME, "exit_code": code, "cause": cause, "hint": hint, "when": now()}
    with contextlib.suppress(OSError), locked():
        replace(OUT / "FAILED.json", dump(record))
