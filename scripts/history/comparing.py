"""`make verify`, second half: a live artifact, and what a run from nothing gives in its place."""

from stage_contract import Artifact, ContractError, NotReproducibleError, open_artifact
from stage_contract.artifacts.publishing import differing_files
from stage_contract.commands import make_command
from stage_contract.stages.causes import build_of, changes

from history.apart import first_difference
from history.mounted import Volume


def compare_stage(stage: str, *, live: list[Volume], scratch: list[Volume]) -> str:
    """Return a line that says that both are equal.

    Raises:
        ContractError: what is live was made from another cause, so there is nothing to compare.
        NotReproducibleError: the same cause gave other bytes; names the first of them.
    """
    volume = next(volume for volume in live if volume.stage == stage)
    made = next(volume for volume in scratch if volume.stage == stage)
    # Beside nothing that is live a gate may refuse what it lets pass here; the bytes are the same.
    refused = made.refused
    again = open_artifact(refused, made.kind) if refused else made.open()
    again.verify()
    before = _of_same_cause(volume, again)
    if found := _difference(before, again):
        raise NotReproducibleError(
            f"not reproducible: {stage} made other bytes of the same cause as"
            f" {before.kind} {before.id}: {found}"
        )
    size = sum(entry["bytes"] for entry in again.manifest["files"])
    return (
        f"  {stage}: {before.kind} {before.id} again, the same {len(again.manifest['files'])}"
        f" files, {size:,} bytes, content {again.content[:12]}"
    )


def _of_same_cause(volume: Volume, again: Artifact) -> Artifact:
    # A pinned volume may hold what a run gives beside what LATEST names.
    if (volume.path / again.id).is_dir():
        return open_artifact(volume.path / again.id, volume.kind)
    before = volume.open()
    found = changes(before, again.manifest, build_of(again.path))
    both_have_a_build = all("build" in each.manifest.get("stage", {}) for each in (before, again))
    if not both_have_a_build:
        # An image without build digest makes up its ids: settings and input are the cause.
        found = [change for change in found if not change.startswith("build")]
    if found or both_have_a_build:
        raise ContractError(
            f"{before.kind} {before.id} was made from another cause than {volume.stage} has now"
            f" ({', '.join(found)}); {make_command('rerun')} first"
        )
    return before


def _difference(before: Artifact, again: Artifact) -> str:
    """Return the first thing that differs, or nothing."""
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
