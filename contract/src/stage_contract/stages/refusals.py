"""What is said of an artifact that was published and is refused: why, and what to do."""

from pathlib import Path

from stage_contract.artifacts.reading import Artifact, read_pointer
from stage_contract.artifacts.verdicts import refusal
from stage_contract.artifacts.volumes import read_refused
from stage_contract.commands import make_command
from stage_contract.errors import ContractError
from stage_contract.log import LOGGER


def report_refusal(volume: Path, artifact: Artifact, reason: str, *, done: str) -> None:
    """Log in one line that an artifact does not become the latest, and why."""
    LOGGER.warning(
        "%s: %s",
        done,
        describe_refusal(artifact.kind, artifact.id, reason, live=_live(volume)),
        extra={"artifact": artifact.id, "refused": reason},
    )


def describe_refusal(kind: str, artifact_id: str, reason: str, *, live: str | None) -> str:
    """Return one line: what is refused, why, what is live instead, and the remedy.

    A container does not know all variables of the command that accepts it; a script adds it.
    """
    stays = f"{live} stays live" if live else f"no {kind} is live"
    return f"{kind} {artifact_id}: {reason}; {stays}; fix the cause, or accept it anyway"


def standing_refusal(volume: Path, kind: str) -> str:
    """Return one line on what REFUSED names, or nothing if no refusal stands."""
    name = read_refused(volume)
    reason = refusal(volume / name) if name else ""
    if not name or not reason:
        return ""
    line = describe_refusal(kind, name, reason, live=_live(volume))
    return f"{line}: {make_command(f'accept ID={name}')}"


def _live(volume: Path) -> str | None:
    try:
        return read_pointer(volume)
    except ContractError:
        return None
