"""What a run does to its output volume while others use it: renames, locks, old artifacts."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

from conformance.checks.batch.first import first_artifact
from conformance.checks.batch.large import MEMORY, long_seconds, long_volume
from conformance.checks.batch.repeating import (
    DEAD_DRAFT,
    changed_input,
    changed_run,
    changes_by_changed_run,
    volume_of_first,
)
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.observers import Event, LockHeldError, locking
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import with_key, without_key
from conformance.validity.digests import check_digests
from conformance.validity.published import Published, manifest_of, published

LATER = frozenset({"run.json", "verdict.json"})
"""Files that a later run may write."""
HELD, OLD = "00000000000000aa", "00000000000000bb"
_WAIT_SECONDS = 3.0
_BLOCKED_SECONDS = 20.0
_RUN_SECONDS = 300.0


@check("atomic", promise="an artifact appears by one rename, then LATEST is replaced by a rename")
def atomic(subject: Subject) -> None:
    first_artifact(subject)
    run, events = changed_run(subject), changes_by_changed_run(subject)
    published(run)
    made = sorted(set(run.published) - set(subject.first.published))
    if len(made) != 1:
        raise Fault(
            f"a run with another input published {len(made)} artifacts: {made}",
            "publish one artifact, under an id that is not there yet",
        )
    appeared = _check_artifact(events, made[0])
    if run.refused is None:
        _check_pointer(events, appeared)


def _check_artifact(events: Sequence[Event], name: str) -> int:
    """Check how an artifact came to be; return the place of the rename among the events."""
    renamed = Event("moved to", name, is_folder=True)
    moves = [n for n, event in enumerate(events) if event == renamed]
    if not moves:
        raise Fault(
            f"the folder {name} was created and then filled; a reader may see a part of it",
            "write everything to .draft-<anything>/ on the same volume, and rename that to <id>/",
        )
    for event in events[moves[0] + 1 :]:
        inside = event.path.removeprefix(f"{name}/")
        if inside != event.path and Path(inside).name not in LATER and event.kind != "moved from":
            raise Fault(
                f"{event.path} was changed ({event.kind}) after the artifact had its name",
                "complete the draft before it is renamed to <id>/",
            )
    return moves[0]


def _check_pointer(events: Sequence[Event], appeared: int) -> None:
    kinds = [event.kind for event in events if event.path == "LATEST"]
    if wrong := [kind for kind in kinds if kind != "moved to"]:
        raise Fault(
            f"LATEST was written in place or removed for a moment ({', '.join(wrong)}); a reader"
            " may find it empty",
            "write the id to a temporary file beside LATEST, and rename it to LATEST",
        )
    moved = [n for n, event in enumerate(events) if event.path == "LATEST"]
    if moved and moved[0] < appeared:
        raise Fault(
            "LATEST was replaced before the artifact that it names had its name",
            "rename the draft to <id>/ first, and replace LATEST last",
        )


@check("volume-lock", promise="it publishes only while it holds the lock of the output volume")
def volume_lock(subject: Subject) -> None:
    first = first_artifact(subject)
    with subject.volume(subject.first.out) as out, ExitStack() as lock:
        lock.enter_context(locking(subject, out))
        with subject.started(source=changed_input(subject).source, out=out) as container:
            container.let_run(_WAIT_SECONDS + 2 * subject.first.seconds)
            now = Run(0, "", 0, subject.copy(out))
            has_ended = not container.is_running
            if now.published != [first.path.name] or now.latest != first.path.name:
                raise Fault(
                    "it published while another process held the lock (flock) of /data/out",
                    "hold an exclusive flock on the folder /data/out while you make or remove"
                    " drafts, rename, replace LATEST and prune; another run or a rollback may be"
                    " at it",
                )
            if has_ended:
                raise Fault(
                    f"{container.finish(_WAIT_SECONDS).ending}, while another process held the"
                    " lock (flock) of /data/out",
                    "wait for the lock",
                )
            lock.close()
            run = container.finish(_RUN_SECONDS)
    published(run)
    _check_lock_while_it_works(subject)


def _check_lock_while_it_works(subject: Subject) -> None:
    """Take the lock after a run has begun its draft: it has to wait before it publishes."""
    seconds = long_seconds(subject)
    for share in (0.5, 0.25, 0.1):
        with (
            subject.volume() as out,
            subject.started(source=long_volume(subject), out=out, memory=MEMORY) as container,
        ):
            container.let_run(share * seconds)
            container.pause()
            try:
                with locking(subject, out):
                    # It may have published until here, and on a busy machine a pause may fail.
                    is_late = bool(Run(0, "", 0, subject.copy(out)).published)
                    container.go_on()
                    if not is_late:
                        container.let_run(2 * seconds + _WAIT_SECONDS)
                        check_waited(Run(0, "", 0, subject.copy(out)))
            except LockHeldError:
                # It holds the lock all the time, which is allowed.
                is_late = False
                container.go_on()
            run = container.finish(_RUN_SECONDS)
            published(run)
            if not is_late:
                return
            seconds = min(seconds, run.seconds)


def check_waited(now: Run) -> None:
    """Check that nothing was published while another process held the volume's lock."""
    if now.published or now.latest is not None:
        raise Fault(
            "it published while another process held the lock (flock) of /data/out, which it had"
            " held only for its draft",
            "hold an exclusive flock on the folder /data/out also while you rename, replace LATEST"
            " and prune; see contract/reference/publishing.md",
        )


@check("two-runs", promise="two runs on one volume do not disturb each other")
def two_runs(subject: Subject) -> None:
    """Pause a long run in the middle, let a short one publish, and go on with the long one."""
    first_artifact(subject)
    half = long_seconds(subject) / 2
    with (
        subject.volume() as out,
        subject.started(source=long_volume(subject), out=out, memory=MEMORY) as long,
    ):
        long.let_run(half)
        long.pause()
        with subject.started(out=out) as short_run:
            # A run that waits for the other one has to wait no longer.
            short_run.let_run(_BLOCKED_SECONDS)
            long.go_on()
            short = short_run.finish(_RUN_SECONDS)
        run = long.finish(_RUN_SECONDS)
    for what, each in (("a run beside another one", short), ("a run that was overtaken", run)):
        if each.exit_code != 0:
            raise Fault(
                f"{what}: {each.ending}",
                "give each draft a name of its own, hold a flock on it, and remove only drafts"
                " whose lock is free",
            )
        for name in each.published:
            check_digests(Published(each.out / name, manifest_of(each, name)))


@check("keep", promise="of old artifacts it keeps as many as `keep` says")
def keep(subject: Subject) -> None:
    run = _pruned_run(subject)
    # Beside a refused artifact, the newest accepted one stays, and all others are equally old.
    if OLD in run.published and run.refused is None:
        raise Fault(
            f"with keep = 1 in [{subject.stage}] the volume still holds {len(run.published)}"
            " artifacts",
            "remove all but the newest `keep` artifacts, never the one that LATEST names",
        )
    if DEAD_DRAFT in run.drafts:
        raise Fault(
            f"{DEAD_DRAFT}, which nobody holds, is still there after the next run",
            "remove drafts of dead runs: a live run holds a lock (flock) on its own",
        )
    if run.drafts:
        raise Fault(
            f"{run.drafts[0]} is left after old artifacts were removed",
            "remove what you have renamed before you removed it",
        )
    many = _run_with_old_ones(subject, without_key(subject.settings, subject.stage, "keep"))
    if lost := {OLD, HELD, first_artifact(subject).path.name} - set(many.published):
        raise Fault(
            f"{min(lost)} was removed, though 4 artifacts are fewer than `keep`, which is 5 unless"
            " it is set",
            "keep the newest 5 artifacts",
        )


@check("reader-lock", promise="it keeps an artifact whose manifest a reader holds with a lock")
def reader_lock(subject: Subject) -> None:
    run = _pruned_run(subject)
    if HELD not in run.published:
        raise Fault(
            f"with keep = 1 it removed {HELD}, while a reader held a shared lock (flock) on its"
            " manifest.json",
            "take an exclusive lock on manifest.json, without waiting, before you remove an"
            " artifact; keep it if the lock is not free",
        )


@check("repairs", promise="an artifact that is damaged on the volume is not taken for published")
def repairs(subject: Subject) -> None:
    first = first_artifact(subject)
    largest = max(first.manifest["files"], key=lambda entry: int(entry["bytes"]))["path"]
    for what, damage in _DAMAGES.items():
        content = volume_of_first(subject)
        damage(content / first.path.name / largest)
        with subject.volume(content) as out:
            run = subject.run(out=out)
        try:
            check_digests(published(run))
        except Fault as fault:
            raise Fault(
                f"a published artifact has {what}, and the next run leaves LATEST on it:"
                f" {fault.what}",
                "before you take a cause for published, check that exactly the listed files are"
                " there, as plain files of their size; if not, make the artifact again",
            ) from None


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _link(path: Path) -> None:
    artifact = next(folder for folder in path.parents if (folder / "manifest.json").exists())
    path.rename(artifact / "run.json")
    path.symlink_to(os.path.relpath(artifact / "run.json", path.parent))


def _add_a_file(path: Path) -> None:
    (path.parent / f"{path.stem}-more{path.suffix}").write_bytes(path.read_bytes())


def _add_a_link(path: Path) -> None:
    (path.parent / "more").symlink_to(path.name)


_DAMAGES: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        "a file that was cut off": _cut_off,
        "no more one of its files": Path.unlink,
        "a link in place of a file": _link,
        "a file that it does not list": _add_a_file,
        "a link that it does not list": _add_a_link,
    }
)


def _pruned_run(subject: Subject) -> Run:
    """Return a run with `keep = 1` on a volume with old artifacts, one of them held."""

    def run() -> Run:
        settings = with_key(subject.settings, subject.stage, "keep", 1)
        return _run_with_old_ones(subject, settings)

    return subject.once("pruned run", run)


def _run_with_old_ones(subject: Subject, settings: str) -> Run:
    first = first_artifact(subject)
    content = volume_of_first(subject)
    (content / DEAD_DRAFT / "table").mkdir(parents=True)
    for name in (HELD, OLD):
        shutil.copytree(first.path, content / name)
        path = content / name / "manifest.json"
        path.write_text(json.dumps(first.manifest | {"id": name}), encoding="utf-8")
    with (
        subject.volume(content) as out,
        locking(subject, out, f"{HELD}/manifest.json", shared=True),
    ):
        run = subject.run(source=changed_input(subject).source, out=out, settings=settings)
    published(run)
    return run
