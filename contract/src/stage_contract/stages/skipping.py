"""Skipping: a run whose cause was published before does not repeat the work."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stage_contract.artifacts.publishing import make_newest
from stage_contract.artifacts.reading import check_sizes, open_artifact, open_latest
from stage_contract.artifacts.volumes import (
    is_latest,
    locked,
    note_refusal,
    point_to,
    remove_dead_drafts,
)
from stage_contract.errors import ContractError
from stage_contract.log import LOGGER
from stage_contract.stages.causes import changes
from stage_contract.stages.failures import forget_failure
from stage_contract.stages.refusals import report_refusal


def skip(
    volume: Path, cause: Mapping[str, Any], parts: Mapping[str, str], *, started: float
) -> bool:
    """Return True if this cause was published before; LATEST then names its artifact.

    A refused artifact stays refused and is not made again.
    """
    target = volume / str(cause["id"])
    if not target.exists():
        return False
    with locked(volume):
        try:
            published = open_artifact(target, str(cause["kind"]))
            check_sizes(published)
        except ContractError as error:
            LOGGER.warning("the artifact of this cause is damaged: %s", error)
            return False
        was_latest = is_latest(volume, published.id)
        reason = "" if was_latest else _why_again(volume, cause, parts)
        moved = point_to(volume, published.id)
        refused = note_refusal(volume, published.id)
        make_newest(published.path)
        remove_dead_drafts(volume)
    forget_failure(volume)
    if refused:
        report_refusal(volume, published, refused, done="refused as before")
        return True
    LOGGER.info(
        "%s: %s %s, %s rows%s  %.1f s",
        _how(was_latest=was_latest, moved=moved),
        published.kind,
        published.id,
        f"{published.rows:,}",
        reason,
        time.monotonic() - started,
        extra={"artifact": published.id, "skipped": True},
    )
    return True


def _how(*, was_latest: bool, moved: bool) -> str:
    if was_latest:
        return "unchanged"
    return "published before" if moved else "published before, but the volume is pinned"


def _why_again(volume: Path, cause: Mapping[str, Any], parts: Mapping[str, str]) -> str:
    """Return the difference from the previous latest artifact."""
    try:
        latest = open_latest(volume, str(cause["kind"]))
    except ContractError:
        return ""
    return ", since " + (", ".join(changes(latest, cause, parts)) or "LATEST named another one")
