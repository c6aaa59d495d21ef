"""`python -m stage_contract.pointers KIND rollback ID | unpin | accept ID`: change LATEST by hand.

Runs in a one-off container of the stage that writes the volume, so the volume has one writer.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from stage_contract.artifacts.history import UNKNOWN_AUTHOR, Action, Author, record_action
from stage_contract.artifacts.manifests import LATEST
from stage_contract.artifacts.plain_files import read_plain
from stage_contract.artifacts.publishing import newest_first, write_verdict
from stage_contract.artifacts.reading import (
    PINNED,
    Artifact,
    open_artifact,
    read_pinned,
    read_pointer,
)
from stage_contract.artifacts.verdicts import (
    MAX_VERDICT_BYTES,
    REFUSED,
    VERDICT,
    read_verdict,
    refusal,
)
from stage_contract.artifacts.volumes import is_latest, locked, note_refusal, pin, point_to
from stage_contract.commands import make_command
from stage_contract.errors import ContractError, SettingsError
from stage_contract.log import LOGGER, configure_logging
from stage_contract.stages.failures import as_stage_error, check_writable, one_line
from stage_contract.stages.gates import override_refusal
from stage_contract.suggestions import find_by_prefix


def roll_back(
    volume: Path, artifact_id: str, *, kind: str, author: Author = UNKNOWN_AUTHOR
) -> Artifact:
    """Make a published artifact the latest, and keep it so until the volume is unpinned.

    `artifact_id` may be a prefix of an id, here and in `accept`.

    Raises:
        SettingsError: There is no such artifact.
        ContractError: It is damaged, or of another kind.
    """
    artifact = _find(volume, artifact_id, kind=kind)
    with artifact.hold():
        with _advice(artifact.path, kind):
            artifact.verify()
        with _recorded(volume, "rollback", artifact.id, author):
            if not _is_pinned(volume, artifact.id):
                pin(volume, artifact.id)
    return artifact


def accept(
    volume: Path, artifact_id: str, *, kind: str, author: Author = UNKNOWN_AUTHOR
) -> Artifact:
    """Override the refusal of an artifact, record it in verdict.json, and point LATEST to it.

    The pointer of a pinned volume does not move.

    Raises:
        SettingsError: There is no such artifact, or it was neither refused nor is it the latest.
        ContractError: It is damaged, or of another kind.
    """
    artifact = _find(volume, artifact_id, kind=kind)
    with artifact.hold():
        with _advice(artifact.path, kind):
            artifact.verify()
        if not (refusal(artifact.path) or is_latest(volume, artifact.id)):
            raise SettingsError(
                f"{kind} {artifact.id} was not refused, so there is nothing to accept; to make it"
                f" the latest and keep it so: {make_command(f'rollback ID={artifact.id}')}"
            )
        with _recorded(volume, "accept", artifact.id, author):
            if refusal(artifact.path):
                verdict = read_verdict(artifact.path)
                write_verdict(
                    artifact.path, override_refusal(verdict, who=author.who, why=author.why)
                )
            point_to(volume, artifact.id)
            note_refusal(volume, artifact.id)
    return artifact


def unpin(volume: Path, *, kind: str, author: Author = UNKNOWN_AUTHOR) -> Artifact:
    """Let runs move LATEST again, and point it to the newest undamaged, accepted artifact.

    The newest artifact is from the last run, so it has the current cause.

    Raises:
        ContractError: There is none; then the volume stays unchanged.
    """
    for path in newest_first(volume):
        if refusal(path):
            continue
        try:
            with _advice(path, kind):
                artifact = open_artifact(path, kind)
            with artifact.hold():
                with _advice(path, kind):
                    artifact.verify()
                with _recorded(volume, "unpin", artifact.id, author):
                    (volume / PINNED).unlink(missing_ok=True)
                    point_to(volume, artifact.id)
        except ContractError as error:
            LOGGER.warning("passed over: %s", error)
        else:
            return artifact
    raise ContractError(
        f"no {kind} on this volume is whole and accepted; {make_command('rerun FORCE=1')} makes one"
    )


@contextmanager
def _recorded(volume: Path, action: Action, artifact_id: str, author: Author) -> Iterator[None]:
    """Lock the volume for an action, and record the action if it has changed something."""
    with locked(volume):
        previous, before = _latest(volume), _state(volume, artifact_id)
        yield
        if _state(volume, artifact_id) == before:
            return
        record_action(volume, action, artifact_id, previous=previous, author=author)


@contextmanager
def _advice(artifact: Path, kind: str) -> Iterator[None]:
    """Give an error about a damaged artifact a remedy that works for one that was chosen by id."""
    try:
        yield
    except ContractError as error:
        what, _, remedy = str(error).partition("; ")
        # Users on the host do not know where the volume is mounted here.
        what = what.replace(f"{artifact.parent}/", f"{kind} ", 1)
        if is_latest(artifact.parent, artifact.name):
            raise ContractError(f"{what}; {remedy}") from None
        if newest_first(artifact.parent)[0] == artifact:
            remedy = (
                f"{make_command('rerun FORCE=1')} makes it again if data and settings are those of"
                f" its run; else take another id of {make_command('models')}"
            )
        else:
            remedy = (
                f"take another id of {make_command('models')}; this one can't be made again,"
                f" {make_command('prune')} removes it with the other old ones"
            )
        raise ContractError(f"{what}; {remedy}") from None


def _state(volume: Path, artifact_id: str) -> list[bytes | None]:
    """Return the files that an action may change."""
    found: list[bytes | None] = []
    for name in (LATEST, PINNED, REFUSED, f"{artifact_id}/{VERDICT}"):
        try:
            found.append(read_plain(volume / name, max_bytes=MAX_VERDICT_BYTES))
        except (OSError, ContractError):
            found.append(None)
    return found


def _is_pinned(volume: Path, artifact_id: str) -> bool:
    with suppress(ContractError):
        return read_pinned(volume) == artifact_id and is_latest(volume, artifact_id)
    return False


def _latest(volume: Path) -> str | None:
    """Return the id in LATEST; None if it is missing or unreadable."""
    with suppress(ContractError):
        return read_pointer(volume)
    return None


def _find(volume: Path, artifact_id: str, *, kind: str) -> Artifact:
    published = [path.name for path in newest_first(volume)]
    found = find_by_prefix(artifact_id, published, variable="ID", what=f"{kind} on this volume")
    with _advice(volume / found, kind):
        return open_artifact(volume / found, kind)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run as a process, with the exit codes of a stage."""
    options = _parser().parse_args(arguments)
    configure_logging(options.command)
    volume = Path(os.environ.get("STAGE_OUT", "/data/out")).absolute()
    try:
        check_writable(volume)
        _run(volume, options)
    except Exception as error:
        failure = as_stage_error(error, volume, kind=options.kind)
        if failure is None:
            raise
        LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
        sys.exit(failure.exit_code)
    sys.exit(0)


UNCHANGED = "; nothing changed, and nothing was recorded"


def _run(volume: Path, options: argparse.Namespace) -> None:
    author = Author(options.by, options.why)
    if options.command == "rollback":
        previous = _latest(volume)
        if reason := refusal(_find(volume, options.id, kind=options.kind).path):
            LOGGER.warning("the gate refused this %s: %s", options.kind, reason)
        before = _state(volume, "")
        artifact = roll_back(volume, options.id, kind=options.kind, author=author)
        if _state(volume, "") == before:
            how = f"was pinned already{UNCHANGED}"
        elif previous == artifact.id:
            how = "pinned where it was"
        else:
            how = "LATEST points to it and is pinned"
        LOGGER.info("%s %s: %s", artifact.kind, artifact.id, how, extra={"artifact": artifact.id})
        return
    if options.command == "accept":
        _accept(volume, options, author)
        return
    was_pinned, previous = (volume / PINNED).exists(), _latest(volume)
    before = _state(volume, "")
    artifact = unpin(volume, kind=options.kind, author=author)
    how = "unpinned" if was_pinned else "the volume was not pinned"
    moved = f" instead of {previous}" if previous else ""
    LOGGER.info(
        "%s %s: %s, LATEST points to it%s%s",
        artifact.kind,
        artifact.id,
        how,
        " as before" if previous == artifact.id else moved,
        UNCHANGED if _state(volume, "") == before else "",
        extra={"artifact": artifact.id},
    )


def _accept(volume: Path, options: argparse.Namespace, author: Author) -> None:
    meant = _find(volume, options.id, kind=options.kind)
    reason, was_latest = refusal(meant.path), is_latest(volume, meant.id)
    before = _state(volume, meant.id)
    artifact = accept(volume, meant.id, kind=options.kind, author=author)
    how = "its refusal is set aside" if reason else "was not refused"
    is_live = is_latest(volume, artifact.id)
    live = (
        "LATEST points to it" if is_live else f"but the volume is pinned, {make_command('unpin')}"
    )
    live = f"{live} as before" if was_latest else live
    LOGGER.info(
        "%s %s: %s, %s%s%s",
        artifact.kind,
        artifact.id,
        how,
        live,
        f" ({reason})" if reason else "",
        UNCHANGED if _state(volume, artifact.id) == before else "",
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
    rollback.add_argument("id", help="the id of the artifact, or its first digits")
    accepted = commands.add_parser("accept", help="set a refusal aside and point LATEST to it")
    accepted.add_argument("id", help="the id of the artifact, or its first digits")
    unpinned = commands.add_parser("unpin", help="let runs move LATEST again, to the newest")
    for command in (rollback, accepted, unpinned):
        command.add_argument("--by", default="", help="who does it, for history.jsonl")
        command.add_argument("--why", default="", help="the reason, for history.jsonl")
    return parser


if __name__ == "__main__":
    main()
