"""Running a stage: find its input, do the work if needed, publish, and exit with a code."""

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
from stage_contract.stages.gates import GateRun
from stage_contract.stages.pipeline_records import (
    Record,
    earlier_records,
    pipeline_of,
    record_of_run,
)
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
    """Run a stage as a process: parse the command line, work if needed, exit.

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
            # The exit was swallowed by a callback of a library; its error is a consequence.
            sys.exit(128 + caught[0])
        failure = as_stage_error(error, volume, kind=stage.writes)
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
    judging = GateRun(stage, source, settings, volume, accepts)
    if parts is not None and manifest["id"] is not None and not force:
        judging.judge_again(manifest["id"])
        if skip(volume, manifest, parts, started=started):
            _prune(volume, keep)
            _end_if_refused(judging, manifest["id"])
            return
    is_forced = force and parts is not None
    reason = FORCED if is_forced else reason_to_run(volume, manifest, parts)
    LOGGER.info("%s", reason)
    with open_draft(volume) as draft:
        draft.id = manifest["id"]
        with source.hold():
            with working_on("verifying the input"):
                source.verify()
            with working_on("loading libraries"):
                work = pkgutil.resolve_name(stage.work)
            work(source, draft, settings)
            earlier = earlier_records(source) if isinstance(source, Artifact) else []
            cause = "forced" if is_forced else reason.partition(" ")[2]
            own: Record = {"cause": cause, "columns": draft.columns}
        # The digest of a remote source is known only now.
        manifest = _manifest(stage, settings, source, parts)
        with working_on("evaluating the result"):
            judged = judging.judge(draft.path, artifact_id=manifest["id"])
        draft.verdict = draft.verdict if judged is None else judged
        ancestors = [source.id] if isinstance(source, Artifact) else []
        run = {"ancestors": ancestors, "build": parts} | draft.run
        run["pipeline"] = [*earlier, own]
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


def _end_if_refused(judging: GateRun[Any, Any], artifact_id: str) -> None:
    if reason := judging.refused(artifact_id):
        # The text after the first semicolon is the remedy.
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
    """Return the cause: the part of the manifest that does not depend on the result.

    Its id is None while only the address of a source is known.
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
    *earlier, own = run["pipeline"]
    run["pipeline"] = pipeline_of(earlier, record_of_run(manifest, run) | own)
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
    """Return the outcome of publishing; an existing artifact of the same id is not replaced."""
    if not draft.path.exists():
        return "published"
    if json.loads((draft.path / MANIFEST).read_bytes())["content"] == artifact.content:
        return "gave the same bytes as before:"
    return "other bytes than a concurrent run, due to the time budget; the first result stays:"


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
    how.add_argument("--force", action="store_true", help="repeat the work and compare the bytes")
    how.add_argument(
        "--watch",
        action="store_true",
        help="keep running, and run the stage when its cause changes",
    )
    parser.set_defaults(accept=None)
    if stage.gate is not None:
        how.add_argument(
            "--accept",
            nargs="?",
            const="",
            metavar="WHY",
            help="make it the latest even if the gate refuses it; recorded in verdict.json",
        )
    parser.add_argument("--version", action="version", version=f"%(prog)s {stage.version}")
    return parser
