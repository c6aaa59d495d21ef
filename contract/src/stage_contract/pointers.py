"""`python -m stage_contract.pointers KIND rollback ID | unpin | accept ID`: LATEST by hand.

Runs in a one-off container of the stage that writes the volume, so that it keeps its one writer.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from stage_contract.artifacts import LATEST, PINNED, Artifact, open_artifact
from stage_contract.errors import ContractError, SettingsError
from stage_contract.failures import as_stage_error, check_writable, one_line
from stage_contract.gates import set_aside
from stage_contract.log import LOGGER, configure_logging
from stage_contract.names import did_you_mean
from stage_contract.publishing import newest_first, write_verdict
from stage_contract.verdicts import read_verdict, refusal
from stage_contract.volumes import is_latest, locked, note_refusal, point_to, write_text


def roll_back(volume: Path, artifact_id: str, *, kind: str) -> Artifact:
    """Make a published artifact the latest, and keep it so until the volume is unpinned.

    Raises:
        SettingsError: there is none of this id.
        ContractError: it is damaged, or of another kind.
    """
    artifact = _find(volume, artifact_id, kind=kind)
    with artifact.hold():
        artifact.verify()
        with locked(volume):
            write_text(volume / PINNED, f"{artifact_id}\n")
            write_text(volume / LATEST, f"{artifact_id}\n")
    return artifact


def accept(volume: Path, artifact_id: str, *, kind: str, who: str, why: str) -> Artifact:
    """Set the refusal of an artifact aside, which its verdict.json records, and point LATEST to it.

    A pinned volume stays where it is.

    Raises:
        SettingsError: there is none of this id.
        ContractError: it is damaged, or of another kind.
    """
    artifact = _find(volume, artifact_id, kind=kind)
    with artifact.hold():
        artifact.verify()
        with locked(volume):
            if refusal(artifact.path):
                write_verdict(
                    artifact.path, set_aside(read_verdict(artifact.path), who=who, why=why)
                )
            point_to(volume, artifact_id)
            note_refusal(volume, artifact_id)
    return artifact


def unpin(volume: Path, *, kind: str) -> Artifact:
    """Let runs move LATEST again, and point it at the newest artifact that is whole and accepted.

    Raises:
        ContractError: none is; then the volume stays as it was.
    """
    for path in newest_first(volume):
        if refusal(path):
            continue
        try:
            artifact = open_artifact(path, kind)
            with artifact.hold():
                artifact.verify()
                with locked(volume):
                    (volume / PINNED).unlink(missing_ok=True)
                    point_to(volume, artifact.id)
        except ContractError as error:
            LOGGER.warning("passed over: %s", error)
        else:
            return artifact
    raise ContractError(
        f"{volume}: no {kind} that is whole and accepted; run the stage that writes it again"
    )


def _find(volume: Path, artifact_id: str, *, kind: str) -> Artifact:
    published = [path.name for path in newest_first(volume)]
    if artifact_id not in published:
        hint = did_you_mean(artifact_id, published)
        raise SettingsError(f"ID={artifact_id}: no such {kind} on this volume{hint}")
    return open_artifact(volume / artifact_id, kind)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run as a process; exit codes as those of a stage."""
    options = _parser().parse_args(arguments)
    configure_logging(options.command)
    volume = Path(os.environ.get("STAGE_OUT", "/data/out")).absolute()
    try:
        check_writable(volume)
        _run(volume, options)
    except Exception as error:
        failure = as_stage_error(error, volume)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)
    sys.exit(0)


def _run(volume: Path, options: argparse.Namespace) -> None:
    if options.command == "rollback":
        was_latest = is_latest(volume, options.id)
        artifact = roll_back(volume, options.id, kind=options.kind)
        how = "pinned where it was" if was_latest else "LATEST points to it and is pinned"
        LOGGER.info("%s %s: %s", artifact.kind, artifact.id, how, extra={"artifact": artifact.id})
        return
    if options.command == "accept":
        _accept(volume, options)
        return
    was_pinned = (volume / PINNED).exists()
    artifact = unpin(volume, kind=options.kind)
    how = "unpinned, LATEST points to it" if was_pinned else "was not pinned, LATEST points to it"
    LOGGER.info("%s %s: %s", artifact.kind, artifact.id, how, extra={"artifact": artifact.id})


def _accept(volume: Path, options: argparse.Namespace) -> None:
    reason, was_latest = refusal(volume / options.id), is_latest(volume, options.id)
    artifact = accept(volume, options.id, kind=options.kind, who=options.by, why=options.why)
    how = "its refusal is set aside" if reason else "was not refused"
    is_live = is_latest(volume, artifact.id)
    live = "LATEST points to it" if is_live else "but the volume is pinned, make unpin"
    live = f"{live} as before" if was_latest else live
    LOGGER.info(
        "%s %s: %s, %s%s",
        artifact.kind,
        artifact.id,
        how,
        live,
        f" ({reason})" if reason else "",
        extra={"artifact": artifact.id, "refused": reason},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stage_contract.pointers",
        description="Move the pointer LATEST of the volume at /data/out by hand.",
    )
    parser.add_argument("kind", help="the kind of artifact that the volume holds, such as model")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rollback = commands.add_parser("rollback", help="point LATEST to an artifact and pin it there")
    rollback.add_argument("id", help="16 hex digits, the name of the artifact's folder")
    accepted = commands.add_parser("accept", help="set a refusal aside and point LATEST to it")
    accepted.add_argument("id", help="16 hex digits, the name of the artifact's folder")
    accepted.add_argument("--by", default="", help="who accepts it, for verdict.json")
    accepted.add_argument("--why", default="", help="for verdict.json")
    commands.add_parser("unpin", help="let runs move LATEST again; it names the newest at once")
    return parser


if __name__ == "__main__":
    main()
