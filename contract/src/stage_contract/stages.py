"""Running a stage: find its input, do what is due, publish, and end with the right exit code."""

import argparse
import errno
import os
import pkgutil
import platform
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Protocol

from stage_contract.artifacts import Artifact, check_sizes, open_artifact, open_latest, read_pointer
from stage_contract.build import build_digest, read_build
from stage_contract.digests import CONTRACT_VERSION, artifact_id, settings_text
from stage_contract.errors import ContractError, OutputError, StageError
from stage_contract.log import LOGGER, configure_logging
from stage_contract.pipelines import Pipeline, SettingsModel, pipeline_path, read_pipeline, resolve
from stage_contract.publishing import (
    Draft,
    locked,
    open_draft,
    point_to,
    prune,
    publish,
    remove_dead_drafts,
    write_json,
)
from stage_contract.reasons import reason_to_run

FAILED = "FAILED.json"

type Origin = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""The manifest's `inputs` and `lineage`."""

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


class Source(Protocol):
    """What a stage works from: an artifact, or for ingest the source files."""

    @property
    def inputs(self) -> Sequence[tuple[str, str]]:
        """(kind, content) of each input; for ingest (source path, sha256)."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep the input in place, or notice that it changed, while the stage works."""

    def verify(self) -> None:
        """Raise a StageError unless the bytes are those that were published."""


@dataclass(frozen=True)
class Stage[Settings: SettingsModel, Input: Source]:
    """What makes a stage: its name, its settings, where it reads, what it writes, its work."""

    name: str
    version: str
    writes: str
    settings: type[Settings]
    find: Callable[[Path, Settings], Input]
    """Finds the input below /data/in without reading its data."""
    work: str
    """Name of the function (input, draft, settings) that fills the draft, as `module:function`.

    It is imported only when work is due, so that a skip loads no heavy library.
    """
    origin: Callable[[Input], Origin]


def read_artifact(kind: str) -> Callable[[Path, object], Artifact]:
    """Return a `find` for a stage that reads the latest artifact of a kind."""
    return lambda volume, _settings: open_latest(volume, kind)


def origin_of_artifact(source: Artifact) -> Origin:
    """Return `inputs` and `lineage` for a stage that reads one artifact."""
    manifest = source.manifest
    own = {
        "stage": manifest.get("stage", {}).get("name", "?"),
        "kind": source.kind,
        "content": source.content,
        "rows": source.rows,
        "rejected": manifest.get("metrics", {}).get("rejected"),
    }
    inputs = [{"kind": source.kind, "content": source.content}]
    return inputs, [*manifest.get("lineage", []), own]


def run_stage[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], arguments: Sequence[str] | None = None
) -> NoReturn:
    """Run a stage as a process: parse the command line, work if due, exit.

    Exit codes: 0 published or unchanged, else those of `stage_contract.errors`; 143 after SIGTERM.
    """
    options = _parser(stage).parse_args(arguments)
    configure_logging(stage.name)
    signal.signal(signal.SIGTERM, _end)
    volume_out = Path(os.environ.get("STAGE_OUT", "/data/out"))
    try:
        _check_writable(volume_out)
        _run(stage, volume_out, force=options.force)
    except StageError as error:
        _fail(volume_out, stage.name, error, error.exit_code)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        cause = OutputError(
            f"{volume_out}: cannot be written ({error.strerror}); free space or mend its owner"
        )
        _fail(volume_out, stage.name, cause, cause.exit_code)
    except Exception as error:
        _record_failure(volume_out, stage.name, error, 1)
        raise
    sys.exit(0)


def _run[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], volume_out: Path, *, force: bool
) -> None:
    started = time.monotonic()
    pipeline = read_pipeline(pipeline_path())
    settings = resolve(stage.settings, pipeline, stage.name)
    source = stage.find(Path(os.environ.get("STAGE_IN", "/data/in")), settings)
    parts = read_build()
    manifest = _manifest(stage, settings, source, parts)
    if parts is not None and not force and _skip(volume_out, manifest, started):
        return
    LOGGER.info("%s", "forced" if force else reason_to_run(volume_out, manifest, parts))
    source.verify()
    with source.hold(), open_draft(volume_out) as draft:
        pkgutil.resolve_name(stage.work)(source, draft, settings)
        ancestors = [source.id] if isinstance(source, Artifact) else []
        run = {"ancestors": ancestors, "build": parts}
        _publish(draft, volume_out, manifest, run=run, started=started)
    _after(stage, pipeline, volume_out)


def _manifest[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], settings: Settings, source: Input, parts: dict[str, str] | None
) -> dict[str, Any]:
    """Return the part of the manifest that is known before the work: the cause."""
    build = build_digest(parts) if parts is not None else f"none {time.time_ns()}"
    text = settings_text(settings.model_dump(mode="json"))
    inputs, lineage = stage.origin(source)
    return {
        "contract": CONTRACT_VERSION,
        "kind": stage.writes,
        "id": artifact_id(stage.writes, build=build, settings=text, inputs=source.inputs),
        "content": None,
        "stage": {"name": stage.name, "version": stage.version}
        | ({"build": build} if parts is not None else {}),
        "settings": text,
        "inputs": inputs,
        "lineage": lineage,
    }


def _skip(volume: Path, manifest: dict[str, Any], started: float) -> bool:
    """Return True if this very cause was published before; LATEST then names it."""
    target = volume / str(manifest["id"])
    if not target.exists():
        return False
    try:
        published = open_artifact(target, str(manifest["kind"]))
        check_sizes(published)
    except ContractError as error:
        LOGGER.warning("what was published for this cause is damaged: %s", error)
        return False
    is_latest = read_pointer(volume) == published.id
    with locked(volume):
        moved = point_to(volume, published.id)
    _forget_failure(volume)
    remove_dead_drafts(volume)
    LOGGER.info(
        "%s: %s %s, %s rows  %.1f s",
        _how_skipped(is_latest=is_latest, moved=moved),
        published.kind,
        published.id,
        f"{published.rows:,}",
        time.monotonic() - started,
        extra={"artifact": published.id, "skipped": True},
    )
    return True


def _how_skipped(*, is_latest: bool, moved: bool) -> str:
    if is_latest:
        return "unchanged"
    return "published before" if moved else "published before, but the volume is pinned"


def _publish(
    draft: Draft, volume: Path, manifest: dict[str, Any], *, run: dict[str, Any], started: float
) -> None:
    seconds = time.monotonic() - started
    manifest = manifest | {
        "rows": draft.rows,
        "metrics": {"rejected": draft.rejected} | draft.metrics,
    }
    run = run | {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "rows_per_second": round(draft.rows / seconds, 1),
        "host": platform.node(),
    }
    artifact = publish(draft, volume, manifest, run=run)
    _forget_failure(volume)
    LOGGER.info(
        "published %s %s, %s rows  %.1f s",
        artifact.kind,
        artifact.id,
        f"{artifact.rows:,}",
        time.monotonic() - started,
        extra={"artifact": artifact.id, "rows": artifact.rows, "seconds": seconds},
    )


def _after[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], pipeline: Pipeline, volume: Path
) -> None:
    removed = prune(volume, keep=pipeline.keep(stage.name))
    if removed:
        LOGGER.info("removed %d older artifacts", len(removed), extra={"removed": removed})


def _check_writable(volume: Path) -> None:
    if not os.access(volume, os.W_OK | os.X_OK):
        raise OutputError(
            f"{volume}: not writable for uid {os.getuid()}; the image must create it:"
            f" RUN install -d -o 10001 -g 10001 {volume}"
        )


def _fail(volume: Path, stage: str, error: StageError, exit_code: int) -> NoReturn:
    _record_failure(volume, stage, error, exit_code)
    LOGGER.error("%s", error, extra={"exit_code": exit_code})
    sys.exit(exit_code)


def _record_failure(volume: Path, stage: str, error: Exception, exit_code: int) -> None:
    """Leave FAILED.json for whoever looks at the volume; a full or read-only one stays as it is."""
    cause, _, hint = str(error).partition("; ")
    failure = {
        "stage": stage,
        "exit_code": exit_code,
        "cause": cause or type(error).__name__,
        "hint": hint,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        write_json(volume / FAILED, failure)
    except OSError as unwritable:
        LOGGER.warning("%s could not be written: %s", FAILED, unwritable)


def _forget_failure(volume: Path) -> None:
    (volume / FAILED).unlink(missing_ok=True)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Unwind on SIGTERM, so that the draft is removed on the way out."""
    sys.exit(128 + signal.SIGTERM)


def _parser(stage: Stage[Any, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=stage.name,
        description=f"The {stage.name} stage: reads /data/in, writes {stage.writes} to /data/out.",
        epilog="Settings: the table [" + stage.name + "] of /config/$PIPELINE.toml.",
    )
    parser.add_argument("--force", action="store_true", help="work anew and compare the bytes")
    parser.add_argument("--version", action="version", version=f"%(prog)s {stage.version}")
    return parser
