"""`make history`: the artifacts of each volume, newest first, with the changes between them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, SettingsError, did_you_mean, open_artifact
from stage_contract.artifacts.history import read_actions
from stage_contract.artifacts.reading import check_sizes
from stage_contract.artifacts.verdicts import read_verdict, refusal
from stage_contract.stages.causes import build_of, changes

from history.tables import aligned
from history.volumes import Volume, in_utc, published

HEADING = ("  artifact", "published (UTC)", "rows", "", "changed since the line below")


def history(chain: list[Volume], stage: str, served: str) -> Iterator[str]:
    """Yield the lines for all stages, or for one, named by its stage or artifact kind."""
    for volume in _chosen(chain, stage):
        paths = volume.newest_first()
        yield f"{volume.stage}: {volume.kind}"
        if paths:
            yield from aligned([HEADING, *_rows(volume, paths, served)], right=[2])
        else:
            yield "  nothing was published yet"
        for path in volume.kept_to_compare():
            yield f"  {path.name}: the different result of a forced run"
        yield from _actions(volume)
        yield ""


def _actions(volume: Volume) -> Iterator[str]:
    """Yield the manual moves of LATEST, newest first."""
    actions = read_actions(volume.path)
    if not actions:
        return
    yield "  by hand (UTC):"
    rows = [
        (
            f"  {in_utc(str(action.get('when', '')))}",
            str(action.get("action")),
            str(action.get("id")),
            f"from {action.get('previous') or 'nothing'}",
            f"by {action.get('who')}{_reason(action)}",
        )
        for action in reversed(actions)
    ]
    yield from aligned(rows)


def _reason(action: Mapping[str, object]) -> str:
    return f": {action['why']}" if action.get("why") else ""


def _chosen(chain: list[Volume], stage: str) -> list[Volume]:
    chosen = [volume for volume in chain if stage in ("", volume.stage, volume.kind)]
    if not chosen:
        known = [volume.stage for volume in chain]
        raise SettingsError(f"STAGE={stage}: no such stage{did_you_mean(stage, known)}")
    return chosen


def _rows(volume: Volume, paths: list[Path], served: str) -> Iterator[tuple[str, ...]]:
    artifacts = [_open(path, volume.kind) for path in paths]
    for path, (artifact, older) in zip(paths, itertools.pairwise([*artifacts, None]), strict=True):
        marks = ", ".join(_marks(path.name, volume, served))
        rows = f"{artifact.rows:,}" if artifact else ""
        yield (
            f"  {path.name}",
            published(path),
            rows,
            marks,
            _change(artifact, older, path, paths) + _of_verdict(path),
        )


def _open(path: Path, kind: str) -> Artifact | None:
    try:
        artifact = open_artifact(path, kind)
        check_sizes(artifact)
    except ContractError:
        return None
    return artifact


def _marks(name: str, volume: Volume, served: str) -> Iterable[str]:
    if name == volume.latest:
        yield "LATEST"
    if name == volume.pinned:
        yield "PINNED"
    if name == served and volume.kind == "model":
        yield "served"
    if refusal(volume.path / name):
        yield "refused"
    elif "override" in read_verdict(volume.path / name):
        yield "accepted by hand"


def _of_verdict(path: Path) -> str:
    """Return why an artifact was refused, or who accepted it; empty for most."""
    if reason := refusal(path):
        return f"; refused: {reason}"
    verdict = read_verdict(path)
    override = verdict.get("override")
    if not isinstance(override, dict):
        return _of_suspension(verdict)
    why = f" ({override['why']})" if override.get("why") else ""
    reasons = "; ".join(map(str, verdict.get("reasons", [])))
    return f"; accepted by {override.get('who')}{why}, though {reasons}"


def _of_suspension(verdict: Mapping[str, Any]) -> str:
    """Return why an artifact was not compared with the live one; empty for most."""
    checks = verdict.get("checks")
    for check in checks if isinstance(checks, list) else []:
        if isinstance(check, dict) and check.get("suspended"):
            reasons = "; ".join(map(str, check["suspended"]))
            return f"; not compared with {check.get('model')}: {reasons}"
    return ""


def _change(
    artifact: Artifact | None, older: Artifact | None, path: Path, paths: list[Path]
) -> str:
    if artifact is None:
        return "damaged"
    if path == paths[-1]:
        return "the oldest kept artifact"
    if older is None:
        return "the artifact below is damaged"
    found = changes(older, artifact.manifest, build_of(artifact.path))
    return ", ".join(found) or "nothing: an image without a build digest ran again"
