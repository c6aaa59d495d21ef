"""Running a stage: find its input, do what is due, publish, and end with the right exit code."""

import argparse
import json
import os
import pkgutil
import platform
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from stage_contract.artifacts.digests import CONTRACT_VERSION, artifact_id, settings_text
from stage_contract.artifacts.manifests import MANIFEST
from stage_contract.artifacts.publishing import Draft, open_draft, prune, publish
from stage_contract.artifacts.reading import Artifact
from stage_contract.artifacts.verdicts import refusal
from stage_contract.artifacts.volumes import is_latest, output_volume, read_refused
from stage_contract.errors import RefusedError
from stage_contract.heartbeats import heartbeat, working_on
from stage_contract.log import LOGGER, configure_logging
from stage_contract.stages.build import build_digest, read_build
from stage_contract.stages.causes import reason_to_run
from stage_contract.stages.definition import Source, Stage
from stage_contract.stages.failures import (
    as_stage_error,
    check_writable,
    forget_failure,
    one_line,
    record_failure,
)
from stage_contract.stages.gates import Judging
from stage_contract.stages.pipelines import pipeline_path, read_pipeline
from stage_contract.stages.refusals import report_refusal
from stage_contract.stages.selection import selection_of
from stage_contract.stages.settings import SettingsModel, resolve
from stage_contract.stages.skipping import skip
from stage_contract.stages.watch_mode import watch_instead

FORCED = "works: forced; other bytes than before would be an error"


def run_stage[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], arguments: Sequence[str] | None = None
) -> NoReturn:
    """Run a stage as a process: parse the command line, work if due, exit.

    Exit codes: 0 published or unchanged, else those of `stage_contract.errors`; 143 after SIGTERM.
    """
    options = _parser(stage).parse_args(arguments)
    if options.watch:
        watch_instead(stage.name, sources=stage.sources, refresh=stage.refresh)
    configure_logging(stage.name)
    caught = _end_on_signals()
    volume = output_volume()
    try:
        check_writable(volume)
        force = options.force or os.environ.get("STAGE_FORCE") == "1"
        with heartbeat():
            _run(stage, volume, force=force, accepts=options.accept)
    except Exception as error:
        if caught:
            # A library's callback swallowed the exit; what it failed with then is no failure.
            sys.exit(128 + caught[0])
        failure = as_stage_error(error, volume)
        record_failure(volume, stage.name, failure or error)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)
    sys.exit(0)


def _run[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], volume: Path, *, force: bool, accepts: str | None
) -> None:
    started = time.monotonic()
    pipeline = read_pipeline(pipeline_path())
    keep = pipeline.keep(stage.name)
    settings = resolve(stage.settings, pipeline, stage.name)
    with working_on("looking for the input and its digests"):
        source = stage.find(Path(os.environ.get("STAGE_IN", "/data/in")), settings)
    parts = read_build()
    manifest = _manifest(stage, settings, source, parts)
    judging = Judging(stage, source, settings, volume, accepts)
    if parts is not None and manifest["id"] is not None and not force:
        judging.judge_again(manifest["id"])
        if skip(volume, manifest, parts, started=started):
            _prune(volume, keep)
            _end_if_refused(judging, manifest["id"])
            return
    is_forced = force and parts is not None
    LOGGER.info("%s", FORCED if is_forced else reason_to_run(volume, manifest, parts))
    with open_draft(volume) as draft:
        draft.id = manifest["id"]
        with source.hold():
            with working_on("verifying the input"):
                source.verify()
            with working_on("loading libraries"):
                work = pkgutil.resolve_name(stage.work)
            work(source, draft, settings)
        # A source elsewhere is known by its digest only now.
        manifest = _manifest(stage, settings, source, parts)
        with working_on("judging the result"):
            judged = judging.judge(draft.path, artifact_id=manifest["id"])
        draft.verdict = draft.verdict if judged is None else judged
        ancestors = [source.id] if isinstance(source, Artifact) else []
        run = {"ancestors": ancestors, "build": parts} | draft.run
        if selection := _selection(stage, settings, source):
            run["selection"] = selection
        with working_on("hashing and publishing the result"):
            _publish(draft, volume, manifest, run=run, started=started)
    _prune(volume, keep)
    _end_if_refused(judging, manifest["id"])


def _selection[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], settings: Settings, source: Input
) -> dict[str, Any]:
    handed_on = selection_of(source) if isinstance(source, Artifact) else {}
    own = {stage.name: stage.selection(settings)} if stage.selection else {}
    return {**handed_on, **own}


def _end_if_refused(judging: Judging[Any, Any], artifact_id: str) -> None:
    if reason := judging.refused(artifact_id):
        # What follows the first semicolon is the remedy.
        reasons = reason.replace("; ", ", and ")
        raise RefusedError(
            f"{judging.stage.writes} {artifact_id} is refused: {reasons}; fix the cause, or accept"
            " it anyway"
        )


def _prune(volume: Path, keep: int) -> None:
    if removed := prune(volume, keep=keep):
        LOGGER.info("removed %d older artifacts", len(removed), extra={"removed": removed})


def _manifest[Settings: SettingsModel, Input: Source](
    stage: Stage[Settings, Input], settings: Settings, source: Input, parts: dict[str, str] | None
) -> dict[str, Any]:
    """Return the part of the manifest that is no result of the work: the cause.

    Its id is None while a source is known by its address only.
    """
    build = build_digest(parts) if parts is not None else f"none {time.time_ns()}"
    text = settings_text(settings.model_dump(mode="json"))
    inputs, lineage = stage.origin(source)
    known = source.inputs
    return {
        "contract": CONTRACT_VERSION,
        "kind": stage.writes,
        "id": artifact_id(stage.writes, build=build, settings=text, inputs=known)
        if known is not None
        else None,
        "content": None,
        "stage": {"name": stage.name, "version": stage.version}
        | ({"build": build} if parts is not None else {}),
        "settings": text,
        "inputs": inputs,
        "lineage": lineage,
    }


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
    forget_failure(volume)
    done = _done(draft, artifact)
    if reason := refusal(artifact.path) if read_refused(volume) == artifact.id else "":
        report_refusal(volume, artifact, reason, done=f"{done.removesuffix(':')}, but refused")
        return
    if not is_latest(volume, artifact.id):
        done = f"{done.removesuffix(':')}, but the volume is pinned:"
    LOGGER.info(
        "%s %s %s, %s rows  %.1f s",
        done,
        artifact.kind,
        artifact.id,
        f"{artifact.rows:,}",
        time.monotonic() - started,
        extra={"artifact": artifact.id, "rows": artifact.rows, "seconds": seconds},
    )


def _done(draft: Draft, artifact: Artifact) -> str:
    """Return what became of the draft: what was there already under its id was not replaced."""
    if not draft.path.exists():
        return "published"
    if json.loads((draft.path / MANIFEST).read_bytes())["content"] == artifact.content:
        return "gave the same bytes as before:"
    return "gave, as a clock allows, other bytes than a run that came first; that one stays:"


def _end_on_signals() -> list[int]:
    """Unwind on SIGTERM or Ctrl+C, so that the draft is removed; return the signals caught."""
    caught: list[int] = []

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)
        caught.append(number)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return caught


def _parser(stage: Stage[Any, Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=stage.name,
        description=f"The {stage.name} stage: reads /data/in, writes {stage.writes} to /data/out.",
        epilog="Settings: the table [" + stage.name + "] of /config/$PIPELINE.toml.",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--force", action="store_true", help="work anew and compare the bytes")
    how.add_argument("--watch", action="store_true", help="stay, and run when the cause changes")
    parser.set_defaults(accept=None)
    if stage.gate is not None:
        how.add_argument(
            "--accept",
            nargs="?",
            const="",
            metavar="WHY",
            help="let it become the latest even if the gate refuses it; recorded in verdict.json",
        )
    parser.add_argument("--version", action="version", version=f"%(prog)s {stage.version}")
    return parser
