"""Publishing artifacts, all at once or not at all, and removing old ones."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract.artifacts.digests import content_digest, file_digest
from stage_contract.artifacts.manifests import MANIFEST
from stage_contract.artifacts.reading import (
    BESIDE,
    Artifact,
    is_id,
    open_artifact,
    read_pinned,
    sizes,
)
from stage_contract.artifacts.run_facts import RUN
from stage_contract.artifacts.verdicts import VERDICT, read_verdict, refusal
from stage_contract.artifacts.volumes import (
    DRAFT,
    is_latest,
    locked,
    note_refusal,
    point_to,
    read_refused,
    remove_dead_drafts,
    sync,
    try_lock,
    write_text,
)
from stage_contract.commands import make_command
from stage_contract.errors import ContractError, NotReproducibleError
from stage_contract.log import Progress

DIFFERS = ".differs-"


@dataclass
class Draft:
    """A publication in progress: a stage fills `path` and says what it counted."""

    path: Path
    rows: int = 0
    """Rows of the table in this artifact."""
    rejected: int = 0
    """Rows of the input that went to rejects/."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Counts and scores for the manifest; they must follow from cause and files alone."""
    verdict: dict[str, Any] | None = None
    """Facts that depend on history; written to verdict.json, outside `files`."""
    run: dict[str, Any] = field(default_factory=dict)
    """Facts of this run that may differ between equal runs; they go to run.json."""
    columns: list[dict[str, Any]] = field(default_factory=list)
    """What this stage knows about each column, for its record in `pipeline` of run.json."""
    id: str | None = None
    """Id of the artifact; None if it is unknown before the work is done."""
    may_differ: bool = False
    """Whether a time budget decided: a concurrent run of the same cause may differ in bytes."""

    def folder(self, name: str) -> Path:
        """Return a new or existing folder inside the draft."""
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def open_draft(volume: Path) -> Iterator[Draft]:
    """Yield an empty draft; remove it at the end unless it was published."""
    with ExitStack() as stack:
        with locked(volume):
            remove_dead_drafts(volume)
            path = Path(tempfile.mkdtemp(prefix=DRAFT, dir=volume))
            stack.enter_context(try_lock(path))
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        path.chmod(0o755)
        yield Draft(path)


def publish(
    draft: Draft, volume: Path, manifest: dict[str, Any], *, run: dict[str, Any]
) -> Artifact:
    """Turn a draft into the artifact `manifest["id"]` and make it the latest, if it may be that.

    The last record of `pipeline` in `run` is about this artifact, and gets its content.

    If that id exists and verifies, it stays, since an equal cause gives equal bytes. It gets the
    run.json of this run, becomes the newest again, and LATEST moves. Unless it is live or was
    accepted by hand, it gets the verdict of the draft. If the draft may differ, an artifact with
    other bytes stays unchanged: the first of two concurrent writers wins.

    Raises:
        NotReproducibleError: The id exists with other, unexplained bytes; both are kept.
    """
    files = _list_files(draft.path)
    content = content_digest([(entry["path"], entry["sha256"]) for entry in files])
    write_json(draft.path / MANIFEST, manifest | {"content": content, "files": files})
    if "pipeline" in run:
        *earlier, own = run["pipeline"]
        run = run | {"pipeline": [*earlier, own | {"content": content}]}
    write_json(draft.path / RUN, run)
    if draft.verdict is not None:
        write_json(draft.path / VERDICT, draft.verdict)
    for folder, _, _ in os.walk(draft.path):
        sync(Path(folder))
    target = volume / str(manifest["id"])
    with locked(volume):
        published = _published(target)
        if published is not None:
            now = manifest | {"content": content, "files": files}
            difference = _difference(published.manifest, now)
            if difference and not draft.may_differ:
                _keep_both(draft.path, published, content, difference=difference)
            if not difference:
                # The verdict of this run is valid for the same bytes only.
                _replace_verdict(published, draft.verdict)
                _record_rerun(published, draft.path / RUN)
        if published is None:
            _replace_folder(draft.path, target)
        point_to(volume, target.name)
        note_refusal(volume, target.name)
        return open_artifact(target)


def made_before(draft: Draft) -> Artifact | None:
    """Return the artifact of the same cause on this volume, or on the volume STAGE_REPLAY.

    Work with a time budget needs it: equal bytes need the same number of steps.
    """
    if draft.id is None:
        return None
    volumes = [draft.path.parent, *map(Path, filter(None, [os.environ.get("STAGE_REPLAY")]))]
    found = (_published(volume / draft.id) for volume in volumes)
    return next((artifact for artifact in found if artifact is not None), None)


def prune(volume: Path, *, keep: int) -> list[str]:
    """Remove old artifacts that no reader holds; return their ids."""
    with locked(volume):
        removed = [path.name for path in prunable(volume, keep=keep) if _remove_unless_held(path)]
        for path in volume.glob(f"{DIFFERS}*"):
            if path.name.removeprefix(DIFFERS)[:16] in removed:
                shutil.rmtree(path)
        return removed


def prunable(volume: Path, *, keep: int) -> list[Path]:
    """Return all artifacts but the newest `keep`, and the newest `keep` that are refused.

    Artifacts that LATEST, PINNED or REFUSED name are never among them.
    """
    known = newest_first(volume)
    refused = [path for path in known if refusal(path)]
    accepted = [path for path in known if path not in refused]
    # Counted separately, so that refused artifacts do not displace accepted ones.
    old = [*accepted[keep:], *refused[keep:]]
    return [path for path in old if not _is_named(volume, path.name)]


def differing_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the files that differ between two manifests or are in one of them only."""
    before, now = ({e["path"]: e["sha256"] for e in each["files"]} for each in (old, new))
    names = before.keys() | now.keys()
    return sorted((name for name in names if before.get(name) != now.get(name)), key=str.encode)


def newest_first(volume: Path) -> Sequence[Path]:
    """Return the folders of all artifacts on a volume, the last published first."""
    manifests = [path for path in volume.glob(f"*/{MANIFEST}") if is_id(path.parent.name)]
    by_age = sorted(manifests, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.parent for path in by_age]


def make_newest(artifact: Path) -> None:
    """Make an artifact the newest of its volume, since its cause is current again.

    If it is the newest already, no file is touched.
    """
    if newest_first(artifact.parent)[0] != artifact:
        os.utime(artifact / MANIFEST)
        sync(artifact)


def write_verdict(artifact: Path, verdict: Mapping[str, Any]) -> None:
    """Replace the verdict on a published artifact; call it while the volume is locked."""
    # Written beside the artifact first, so that it never contains an incomplete file.
    draft = artifact.with_name(f"{DRAFT}{VERDICT}-{artifact.name}")
    write_json(draft, verdict)
    draft.replace(artifact / VERDICT)
    sync(artifact)


def write_json(path: Path, value: object) -> None:
    """Write pretty, ordered JSON that ends in a newline; NaN is no JSON and raises ValueError."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def _list_files(root: Path) -> list[dict[str, Any]]:
    found = sizes(root)
    entries = []
    progress = Progress("files written out and hashed", total=len(found))
    for name in sorted(found.keys() - BESIDE, key=str.encode):
        sync(root / name)
        entries.append({"path": name, "bytes": found[name], "sha256": file_digest(root / name)})
        progress.add(1)
    return entries


def _published(target: Path) -> Artifact | None:
    """Return the artifact of this id if it is complete and undamaged."""
    if not target.exists(follow_symlinks=False):
        return None
    try:
        artifact = open_artifact(target)
        artifact.verify()
    except ContractError:
        return None
    return artifact


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return the difference between two results of an equal cause, or nothing."""
    if names := differing_files(before, now):
        return names[0] if len(names) == 1 else f"{len(names)} files, first {names[0]}"
    facts = [name for name in ("rows", "metrics") if before.get(name) != now.get(name)]
    return f"the manifest's {' and '.join(facts)}" if facts else ""


def _keep_both(draft: Path, published: Artifact, content: str, *, difference: str) -> None:
    volume = published.path.parent
    for older in volume.glob(f"{DIFFERS}*"):
        shutil.rmtree(older)
    kept = volume / f"{DIFFERS}{published.id}-{content[:8]}"
    _replace_folder(draft, kept)
    raise NotReproducibleError(
        f"not reproducible: {published.kind} {published.id} was published with content"
        f" {published.content[:12]}, the same cause now gave {content[:12]}: other bytes in"
        f" {difference}; the old one stays, the new one is beside it on the volume as {kept.name},"
        f" compare with: {make_command(f'diff A={published.id} B={kept.name}')}"
    )


def _replace_folder(draft: Path, target: Path) -> None:
    damaged = target.with_name(f"{DRAFT}damaged-{target.name}")
    if target.exists(follow_symlinks=False):
        target.rename(damaged)
    draft.rename(target)
    sync(target.parent)
    shutil.rmtree(damaged, ignore_errors=True)


def _replace_verdict(published: Artifact, verdict: dict[str, Any] | None) -> None:
    path = published.path
    if verdict is None or is_latest(path.parent, path.name) or "override" in read_verdict(path):
        return
    write_verdict(path, verdict)


def _record_rerun(published: Artifact, run: Path) -> None:
    """Replace run.json after a run with the same bytes; its facts about the source are newer."""
    run.replace(published.path / run.name)
    os.utime(published.path / MANIFEST)
    sync(published.path)


def _is_named(volume: Path, artifact_id: str) -> bool:
    names = (_pinned(volume), read_refused(volume))
    return is_latest(volume, artifact_id) or artifact_id in names


def _pinned(volume: Path) -> str | None:
    # An unreadable PINNED counts as none; roll_back made LATEST name the same id.
    with suppress(ContractError):
        return read_pinned(volume)
    return None


def _remove_unless_held(path: Path) -> bool:
    with try_lock(path / MANIFEST) as is_free:
        if is_free:
            # Renamed under its lock, so that a reader waiting for the lock finds it removed.
            shutil.rmtree(path.rename(path.with_name(f"{DRAFT}{path.name}")))
        return is_free
