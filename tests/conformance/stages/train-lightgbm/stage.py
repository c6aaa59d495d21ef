"""What every batch stage does: logs, endings, settings, reading and publishing artifacts."""

import contextlib
import difflib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import stat
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME, READS, WRITES = "train", "feature-data", "model"
IN = Path(os.environ.get("STAGE_IN", "/data/in"))
OUT = Path(os.environ.get("STAGE_OUT", "/data/out"))
CONFIG = Path(os.environ.get("STAGE_CONFIG", "/config"))
STAGES = ("ingest", "clean", "features", "train", "serve")
TOP_LEVEL = ("source", "target", "name", *STAGES)
UNLISTED = {"manifest.json", "run.json", "verdict.json"}


class EndError(Exception):
    """The user can do something about it."""

    def __init__(self, code: int, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.code, self.cause, self.hint = code, cause, hint


# --- Logs and progress ---


def log(text: str, level: str = "info") -> None:
    """Write one line, in which nothing breaks a line or turns its direction."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if os.environ.get("LOG_FORMAT") == "json":
        record = {"time": now(), "level": level, "stage": NAME, "event": safe}
        safe = json.dumps(record, ensure_ascii=False)
    sys.stdout.write(safe + "\n")
    sys.stdout.flush()


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Progress:
    """Says every five seconds what the stage is doing."""

    doing = "starting"

    def __init__(self) -> None:
        threading.Thread(target=self._report, daemon=True).start()

    def _report(self) -> None:
        while True:
            time.sleep(5)
            log(f"still {self.doing}")


# --- Endings ---


class Ending:
    """SIGTERM and Ctrl+C end the run at once, unless it is publishing or has published."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.published = False
        self.draft: Path | None = None
        signals = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        threading.Thread(target=self._wait, args=[signals], daemon=True).start()

    def _wait(self, signals: set[signal.Signals]) -> None:
        number = signal.sigwait(signals)
        with self.busy:
            if self.published:
                return
            log(f"ended by {signal.Signals(number).name}; nothing was published")
            with contextlib.suppress(OSError), volume(wait=False):
                self.drop_draft()
            os._exit(128 + number)

    def drop_draft(self) -> None:
        if self.draft:
            shutil.rmtree(self.draft, ignore_errors=True)


@contextlib.contextmanager
def volume(*, wait: bool = True) -> Iterator[None]:
    """Hold the lock of the output volume."""
    folder = os.open(OUT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(folder)


def failed(error: EndError, ending: Ending) -> None:
    """Tell the user, and everybody who looks at the volume later."""
    log(f"{error.cause}; {error.hint}", "error")
    record = {"stage": NAME, "exit_code": error.code, "cause": error.cause, "hint": error.hint}
    with contextlib.suppress(OSError), volume(), ending.busy:
        ending.drop_draft()
        put(OUT / "FAILED.json", dump(record | {"when": now()}))


# --- Settings ---


def settings_of(defaults: dict[str, tuple[Any, int, int]]) -> dict[str, Any]:
    """Read the own table of the pipeline file: a default and bounds for each key."""
    path = CONFIG / f"{os.environ.get('PIPELINE', '')}.toml"
    try:
        pipeline = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EndError(78, f"{path} is not TOML: {error}", "set PIPELINE or fix the file") from None
    own = pipeline.get(NAME, {})
    if not isinstance(own, dict):
        raise EndError(78, f"{NAME} in {path} is not a table", f"write [{NAME}] and keys below it")
    if not isinstance(name := pipeline.get("name", "a text"), str) or not name:
        raise EndError(78, f"name in {path} is {name!r}", "expected a text")
    for stage in STAGES:
        if not isinstance(pipeline.get(stage, {}), dict):
            raise EndError(78, f"{stage} in {path} is not a table", f"write [{stage}]")
    for key, known in [(k, TOP_LEVEL) for k in pipeline] + [(k, tuple(defaults)) for k in own]:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1, 0)[0]
            raise EndError(78, f"unknown key {key!r} in {path}", f"did you mean {close!r}?")
    for key, value in own.items():
        default, low, high = defaults[key]
        if type(value) is not type(default) or not low <= value <= high:
            expected = (
                "true or false" if type(default) is bool else f"a whole number, {low} to {high}"
            )
            raise EndError(78, f"{NAME}.{key} in {path} is {value!r}", f"expected {expected}")
    return {key: own.get(key, default) for key, (default, _, _) in defaults.items()}


# --- Artifacts ---


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(files: list[dict[str, Any]]) -> str:
    ordered = sorted(files, key=lambda file: file["path"].encode())
    return text_digest("".join(f"{file['sha256']}  {file['path']}\n" for file in ordered))


def is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def files_of(folder: Path) -> set[str]:
    found = set()
    for top, folders, names in os.walk(folder):
        for name in folders + names:
            path = Path(top, name)
            if name in names or path.is_symlink():
                if not is_plain(path):
                    raise ValueError(f"{path} is not a plain file")
                found.add(path.relative_to(folder).as_posix())
    return found


def verified(folder: Path, kind: str) -> dict[str, Any]:
    """Return the manifest of an artifact all of whose files are as listed. Raises ValueError."""
    if folder.is_symlink() or not is_plain(folder / "manifest.json"):
        raise ValueError(f"{folder} and its manifest.json must be no links")
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    version = str(manifest["contract"])
    if not version.startswith("1."):
        raise ValueError(f"its contract is {version}; update the image of {NAME}, which reads 1")
    if manifest["kind"] != kind or manifest["id"] != folder.name:
        raise ValueError(f"{folder} is {manifest['kind']} {manifest['id']}, expected {kind}")
    found = files_of(folder)
    forms = {"stage": dict, "metrics": dict, "lineage": list, "rows": int}
    if wrong := [part for part, form in forms.items() if not isinstance(manifest[part], form)]:
        raise ValueError(f"the manifest of {folder} has a wrong {wrong[0]}")
    listed = {file["path"]: file for file in manifest["files"]}
    if unlisted := (found - UNLISTED) ^ set(listed):
        raise ValueError(f"{sorted(unlisted)} of {folder} are listed or there, but not both")
    for path, file in listed.items():
        if sha256(folder / path) != file["sha256"]:
            raise ValueError(f"{folder / path} has another SHA-256 than listed")
    if content_of(manifest["files"]) != manifest["content"]:
        raise ValueError(f"content in the manifest of {folder} is not that of its files")
    return manifest


def identifier_in(path: Path) -> str:
    text = path.read_text("utf-8") if is_plain(path) else "a link"
    if not re.fullmatch(r"[0-9a-f]{16}\n?", text):
        raise ValueError(f"{path} is {text[:40]!r}, expected 16 hex digits")
    return text.strip()


def read_input() -> tuple[Path, dict[str, Any]]:
    """Follow LATEST once and hold the artifact until the process ends."""
    try:
        folder = IN / identifier_in(IN / "LATEST")
        if is_plain(folder / "manifest.json"):
            fcntl.flock(os.open(folder / "manifest.json", os.O_RDONLY), fcntl.LOCK_SH)
        return folder, verified(folder, READS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, OSError | ValueError) else repr(error)
        raise EndError(
            65, f"the input is not a valid {READS}: {what}", "run its stage again"
        ) from None


def cause_of(settings: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """Make the part of the manifest that follows from the cause."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    build = Path(__file__).with_name("build").read_text().strip()
    lines = f"contract 1\nkind {WRITES}\nbuild {build}\nsettings {text_digest(text)}\n"
    lines += f"input {READS} {source['content']}\n"
    ancestor = {
        "stage": source["stage"]["name"],
        "kind": READS,
        "content": source["content"],
        "rows": source["rows"],
        "rejected": source["metrics"].get("rejected"),
    }
    if reasons := source["metrics"].get("rejected_by_reason"):
        ancestor["rejected_by_reason"] = reasons
    return {
        "contract": "1.2",
        "kind": WRITES,
        "id": text_digest(lines)[:16],
        "stage": {"name": NAME, "version": "1.0.0", "build": build},
        "settings": text,
        "inputs": [{"kind": READS, "content": source["content"]}],
        "lineage": [*source["lineage"], ancestor],
    }


# --- Publishing. Who calls these holds the volume's lock, unless they take it. ---


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(path: Path, text: str) -> None:
    """Replace a file of the volume at once."""
    new = OUT / f".{path.name}.new"
    new.write_text(text, "utf-8")
    sync(new)
    new.replace(path)
    sync(path.parent)


def dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def start_draft(ending: Ending) -> Path:
    """Make a draft that lives as long as this process."""
    with volume(), ending.busy:
        draft = OUT / f".draft-{secrets.token_hex(8)}"
        draft.mkdir()
        fcntl.flock(os.open(draft, os.O_RDONLY), fcntl.LOCK_EX)
        ending.draft = draft
    return draft


def remove_dead_drafts() -> None:
    with volume():
        for draft in OUT.glob(".draft-*"):
            handle = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(draft)
            os.close(handle)


def published_before(identifier: str) -> dict[str, Any] | None:
    try:
        return verified(OUT / identifier, WRITES)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def seal(draft: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Sync and hash a draft, and write its manifest."""
    files = []
    for path in sorted(draft.iterdir(), key=lambda path: path.name.encode()):
        sync(path)
        if path.name not in UNLISTED:
            size, digest = path.stat().st_size, sha256(path)
            files.append({"path": path.name, "bytes": size, "sha256": digest})
    manifest = manifest | {"content": content_of(files), "files": files}
    (draft / "manifest.json").write_text(dump(manifest), "utf-8")
    sync(draft / "manifest.json")
    sync(draft)
    return manifest


def publish(draft: Path, manifest: dict[str, Any], *, forced: bool) -> None:
    """Give a sealed draft its name, unless an artifact with the same bytes has it."""
    final = OUT / manifest["id"]
    before = published_before(manifest["id"])
    if before and forced and before["content"] != manifest["content"]:
        other = OUT / f".differs-{manifest['id']}-{manifest['content'][:8]}"
        shutil.rmtree(other, ignore_errors=True)
        draft.rename(other)
        raise EndError(
            70, f"a forced rerun of {final} made other bytes", f"compare it with {other}"
        )
    if before and before["content"] == manifest["content"]:
        (draft / "run.json").replace(final / "run.json")
    if before:
        shutil.rmtree(draft)
    else:
        damaged = OUT / f".draft-{secrets.token_hex(8)}"
        if final.exists():
            final.rename(damaged)
        draft.rename(final)
        shutil.rmtree(damaged, ignore_errors=True)
    sync(OUT)


def verdict_of(folder: Path) -> dict[str, Any]:
    verdict: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    return verdict


def point(identifier: str) -> None:
    """Let LATEST name an artifact if its verdict and PINNED allow it."""
    verdict = verdict_of(OUT / identifier)
    if not verdict.get("accepted", True):
        log(f"{WRITES} {identifier} is refused: {'; '.join(verdict['reasons'])}", "warning")
        put(OUT / "REFUSED", identifier + "\n")
    else:
        (OUT / "REFUSED").unlink(missing_ok=True)
        latest = OUT / "LATEST"
        if (OUT / "PINNED").exists():
            log(f"PINNED exists, so LATEST stays; remove it to use {identifier}", "warning")
        elif not latest.exists() or latest.read_text() != identifier + "\n":
            put(latest, identifier + "\n")
    (OUT / "FAILED.json").unlink(missing_ok=True)


def by_age() -> list[Path]:
    """List the artifacts, the newest first."""
    folders = [path for path in OUT.iterdir() if re.fullmatch("[0-9a-f]{16}", path.name)]
    manifests = [path / "manifest.json" for path in folders if (path / "manifest.json").exists()]
    return [path.parent for path in sorted(manifests, key=lambda path: -path.stat().st_mtime_ns)]


def touch(identifier: str) -> None:
    if by_age()[0].name != identifier:
        os.utime(OUT / identifier / "manifest.json")


def prune(keep: int) -> None:
    """Keep so many accepted and so many refused artifacts, and those that somebody uses."""
    named = {
        (OUT / name).read_text().strip() for name in ("LATEST", "PINNED") if (OUT / name).exists()
    }
    left = {True: keep, False: keep}
    for folder in by_age():
        accepted = verdict_of(folder).get("accepted", True)
        left[accepted] -= 1
        if left[accepted] >= 0 or folder.name in named:
            continue
        handle = os.open(folder / "manifest.json", os.O_RDONLY)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = OUT / f".draft-{secrets.token_hex(8)}"
            folder.rename(gone)
            shutil.rmtree(gone)
        os.close(handle)
