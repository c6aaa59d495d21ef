"""`make verify`, second half: compare a live artifact with a run from scratch."""

from stage_contract import Artifact, ContractError, NotReproducibleError, open_artifact
from stage_contract.artifacts.publishing import differing_files
from stage_contract.commands import make_command
from stage_contract.stages.causes import build_of, changes

from history.file_differences import first_difference
from history.volumes import Volume


def compare_stage(stage: str, *, live: list[Volume], scratch: list[Volume]) -> str:
    """Return a line that reports equal artifacts.

    Raises:
        ContractError: The live artifact has another cause, so it was not made again.
        NotReproducibleError: The same cause gave other bytes; names the first difference.
    """
    volume = next(volume for volume in live if volume.stage == stage)
    made = next(volume for volume in scratch if volume.stage == stage)
    # Without a live model to compare with, the gate may decide otherwise; the bytes are the same.
    refused = made.refused
    again = open_artifact(refused, made.kind) if refused else made.open()
    again.verify()
    before = _of_same_cause(volume, again)
    if found := _difference(before, again):
        raise NotReproducibleError(
            f"not reproducible: {stage} made other bytes from the same cause as"
            f" {before.kind} {before.id}: {found}"
        )
    if volume is live[-1] and before.id != volume.latest:
        raise ContractError(_not_live(volume, before))
    size = sum(entry["bytes"] for entry in again.manifest["files"])
    return (
        f"  {stage}: {before.kind} {before.id} again, the same {len(again.manifest['files'])}"
        f" files, {size:,} bytes, content {again.content[:12]}"
    )


def _of_same_cause(volume: Volume, again: Artifact) -> Artifact:
    # With a pinned LATEST, the newest artifact may be another one on the same volume.
    if (volume.path / again.id).is_dir():
        return open_artifact(volume.path / again.id, volume.kind)
    before = volume.open()
    found = changes(before, again.manifest, build_of(again.path))
    both_have_a_build = all("build" in each.manifest.get("stage", {}) for each in (before, again))
    if not both_have_a_build:
        # An image without a build digest has random ids: only settings and input are the cause.
        found = [change for change in found if not change.startswith("build")]
    if found or both_have_a_build:
        raise ContractError(
            f"{before.kind} {before.id} has another cause than a new run of {volume.stage}"
            f" ({', '.join(found)}); run {make_command('rerun')} first"
        )
    return before


def _not_live(volume: Volume, made: Artifact) -> str:
    """Return a line about equal bytes of a model that is not live: pinned beside it, or refused."""
    live = volume.open()
    found = ", ".join(changes(live, made.manifest, build_of(made.path)))
    remedy = make_command("unpin" if volume.pinned else "rerun")
    if volume.refused and volume.refused.name == made.id:
        remedy = make_command(f"accept ID={made.id}")
    return (
        f"{volume.stage} made {made.kind} {made.id} again, byte by byte, but {live.id} is live and"
        f" was not made again: it has another cause ({found}); undo that, or run {remedy} first"
    )


def _difference(before: Artifact, again: Artifact) -> str:
    """Return the first difference, or an empty text."""
    names = differing_files(before.manifest, again.manifest)
    if names:
        first, count = names[0], len(names)
        more = f" ({count} files differ in all)" if count > 1 else ""
        return f"{first}: {first_difference(before.path / first, again.path / first)}{more}"
    for fact in ("rows", "metrics"):
        if before.manifest.get(fact) != again.manifest.get(fact):
            was, now = before.manifest.get(fact), again.manifest.get(fact)
            return f"the manifest's {fact}: {was} → {now}"
    return ""
