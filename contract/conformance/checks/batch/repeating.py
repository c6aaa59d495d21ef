"""Repeating: a second run on a volume that has an artifact."""

import hashlib
import json
import shutil
from pathlib import Path

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.observers import Event, watching
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.harness.volumes import LONG_AGO
from conformance.inputs.houses import random_houses
from conformance.inputs.pipeline_files import with_key
from conformance.inputs.stage_input import StageInput, stage_input
from conformance.validity.manifests import check_schema
from conformance.validity.published import Published, published
from conformance.validity.whole import check_whole

FEW = 80
DEAD_DRAFT, FAILED = ".draft-dead", "FAILED.json"
STALE_ID = "0" * 16
"""The id in REFUSED of a run that a gate refused before."""


@check("equal-cause", promise="an equal cause gives equal content, also on another host")
def equal_cause(subject: Subject) -> None:
    first = first_artifact(subject)
    again = published(run_elsewhere(subject))
    for one, other in zip(first.manifest["files"], again.manifest["files"], strict=False):
        if one != other:
            raise Fault(
                f"{one['path']} differs between two runs on the same input",
                "fix seeds, sort what has no order, and keep times and hosts in run.json",
            )
    for key in first.manifest.keys() | again.manifest.keys():
        # A stage without the helper may use any fresh id.
        if key != "id" and first.manifest.get(key) != again.manifest.get(key):
            raise Fault(
                f"manifest.json: {key} differs between two runs on the same input",
                "a manifest is a function of cause and files; everything else goes into run.json",
            )


@check("skips", promise="a second run of the same cause says so and rewrites nothing")
def skips(subject: Subject) -> None:
    first = first_artifact(subject)
    if "build" not in first.manifest["stage"]:
        raise Skipped("its manifest has no stage.build, so it may work every time")
    second = second_run(subject)
    if second.exit_code != 0 or second.latest != first.path.name:
        raise Fault(
            f"{second.ending}; LATEST is {second.latest}", "end with 0 and leave LATEST alone"
        )
    if first.path.name not in second.log:
        raise Fault(
            f"the log of a run that published nothing does not name {first.path.name}",
            "name the id of the artifact that this cause has already",
            found=second.log,
        )
    check_tidied(second, broken_run(subject), "a run that found its cause published")
    for path in sorted(second.out.rglob("*")):
        if path.is_file() and int(path.stat().st_mtime) != LONG_AGO:
            raise Fault(
                f"{path.relative_to(second.out)} was written again",
                "if <id>/ is there and its sizes are right, end with 0; or leave stage.build out",
            )


@check("immutable", promise="what was published is never changed")
def immutable(subject: Subject) -> None:
    before = _hashes(first_artifact(subject))
    for run in (second_run(subject), changed_run(subject)):
        path = run.out / first_artifact(subject).path.name
        # Old artifacts may be removed.
        if path.exists() and (changed := before.items() ^ _hashes(Published(path, {})).items()):
            raise Fault(
                f"{path.name}/{min(changed)[0]} was changed, added or removed by a second run",
                "write to a new draft, and never into a published artifact",
            )


@check("moves-on", promise="a changed input moves LATEST to a new artifact")
def moves_on(subject: Subject) -> None:
    first = first_artifact(subject)
    run = changed_run(subject)
    if run.exit_code == 0 and run.latest == first.path.name:
        raise Fault(
            f"another input was given the same id, {first.path.name}, or none was published",
            "the id follows from the input's content, or is fresh;"
            " see 'The id' in contract/reference/skipping.md",
        )
    made = changed_input(subject)
    check_whole(subject, run, made.source, rows_in=made.rows)


RECORDED = b'{"when": "2026-01-31T12:00:00+00:00", "action": "rollback", "who": "ada", "why": ""}\n'


@check(
    "pinned",
    promise="while PINNED exists, a run publishes and keeps LATEST and history.jsonl",
)
def pinned(subject: Subject) -> None:
    name = first_artifact(subject).path.name
    content = volume_of_first(subject)
    (content / "PINNED").write_text(f"{name}\n", encoding="utf-8")
    (content / "history.jsonl").write_bytes(RECORDED)
    leave_failure(content, broken_run(subject))
    with subject.volume(content) as out:
        # The pinned artifact is the older one, and `keep` does not remove it.
        settings = with_key(subject.settings, subject.stage, "keep", 1)
        run = subject.run(source=changed_input(subject).source, out=out, settings=settings)
    if run.exit_code != 0:
        raise Fault(f"{run.ending}; expected 0", "publish as usual, but do not change LATEST")
    if name not in run.published:
        raise Fault(
            f"with keep = 1 a run removed {name}, which LATEST and PINNED name",
            "never remove the artifact that LATEST names",
        )
    if run.latest != name or not (run.out / "PINNED").is_file():
        raise Fault(
            f"LATEST went from {name} to {run.latest} though the volume was pinned",
            "if there is a file PINNED, publish the artifact and do not replace LATEST",
        )
    check_tidied(run, broken_run(subject), "a run on a pinned volume")
    history = run.out / "history.jsonl"
    if not history.is_file() or history.read_bytes() != RECORDED:
        raise Fault(
            "history.jsonl was changed or removed by a run",
            "change only your own drafts and artifacts on the volume",
        )
    if len(run.published) < 2:
        raise Fault("nothing was published on a pinned volume", "publish, but do not change LATEST")


@check(
    "failed-run", promise="a run that fails leaves the old artifact live, and the next one works"
)
def failed_run(subject: Subject) -> None:
    first = first_artifact(subject)
    _check_still_live(broken_run(subject), first)
    works = changed_run(subject)
    if published(works).path.name == first.path.name:
        raise Fault(
            "after a failed run the next one did not publish", "start each run from a clean state"
        )
    check_tidied(works, broken_run(subject), "a run after one that failed")


def _check_still_live(run: Run, first: Published) -> None:
    if run.exit_code == 0:
        raise Fault("it ended with 0 on a pipeline file that is not TOML", "end with 78")
    _check_failure(run)
    same = (run.out / first.path.name).is_dir() and _hashes(
        Published(run.out / first.path.name, {})
    ) == _hashes(first)
    if run.latest != first.path.name or not same:
        raise Fault(
            f"after a failed run LATEST is {run.latest}, expected {first.path.name} as before",
            "leave LATEST and what was published as they are until the new artifact is complete",
        )


def _check_failure(run: Run) -> None:
    """Check FAILED.json, which a failed run may leave."""
    path = run.out / FAILED
    if not path.exists():
        return
    try:
        failure = json.loads(path.read_bytes())
    except ValueError as error:
        raise Fault(f"FAILED.json is not JSON: {error}", "replace it by a rename") from None
    check_schema(failure, "FAILED", "FAILED.json")
    if failure["exit_code"] != run.exit_code:
        raise Fault(
            "FAILED.json has another exit code than the run",
            "see 'FAILED.json' in contract/reference/logs.md",
            expected=run.exit_code,
            found=failure["exit_code"],
        )


@check(
    "refused-removed",
    promise="a run whose artifact no gate refuses removes REFUSED, also if its stage has no gate",
)
def refused_removed(subject: Subject) -> None:
    first_artifact(subject)
    check_no_stale_refusal(second_run(subject))


def check_no_stale_refusal(run: Run) -> None:
    """Check that a run that ended well left no REFUSED of an earlier run."""
    if run.exit_code == 0 and run.refused == STALE_ID:
        raise Fault(
            "a run whose artifact is live left REFUSED of an earlier run",
            "remove REFUSED, or write the id of this run's artifact to it if a gate refuses that;"
            " see 'The gate' in contract/reference/gate.md",
            found=f"REFUSED holds {run.refused}",
        )


def volume_of_first(subject: Subject) -> Path:
    """Return a copy of the output volume of the run on the example."""
    return Path(shutil.copytree(subject.first.out, subject.scratch(), dirs_exist_ok=True))


def second_run(subject: Subject) -> Run:
    """Return a run of the same cause on the volume of the first, after a dead and a failed run."""

    def run() -> Run:
        content = volume_of_first(subject)
        (content / DEAD_DRAFT / "table").mkdir(parents=True)
        (content / "REFUSED").write_text(f"{STALE_ID}\n", encoding="utf-8")
        leave_failure(content, broken_run(subject))
        with subject.volume(content) as out:
            return subject.run(out=out, hostname="elsewhere")

    return subject.once("second run", run)


def leave_failure(volume: Path, failed: Run) -> None:
    """Put FAILED.json on a volume, if a run that failed has left one."""
    if (failed.out / FAILED).is_file():
        shutil.copy(failed.out / FAILED, volume)


def check_tidied(run: Run, failed: Run, which: str) -> None:
    """Check that a run that ended well removed what dead and failed runs leave."""
    if DEAD_DRAFT in run.drafts:
        raise Fault(
            f"{which} left {DEAD_DRAFT}, which nobody holds",
            "remove drafts of dead runs in every run; see 'Files of a volume' in"
            " contract/reference/volumes.md",
        )
    if (failed.out / FAILED).is_file() and (run.out / FAILED).exists():
        raise Fault(
            f"{which} left {FAILED}",
            "remove it when a run publishes or skips; see 'FAILED.json' in"
            " contract/reference/logs.md",
        )


def broken_run(subject: Subject) -> Run:
    """Return a run on the volume of the first that had to fail."""
    return _failed_and_changed(subject)[0]


def changed_run(subject: Subject) -> Run:
    """Return a run of another input on the volume of the first, after one that failed.

    What a gate of the image refused is treated as accepted.
    """
    return _failed_and_changed(subject)[1]


def changes_by_changed_run(subject: Subject) -> list[Event]:
    """Return the changes that this run made to the volume, in their order."""
    return _failed_and_changed(subject)[2]


def _failed_and_changed(subject: Subject) -> tuple[Run, Run, list[Event]]:
    def run() -> tuple[Run, Run, list[Event]]:
        with subject.volume(subject.first.out) as out:
            failed = subject.run(settings="this is no TOML", out=out)
            with watching(subject, out) as watch:
                changed = subject.run(source=changed_input(subject).source, out=out)
                events = watch.events()
        if changed.refused is not None:
            (changed.out / "LATEST").write_text(f"{changed.refused}\n", encoding="utf-8")
        return failed, changed, events

    return subject.once("failed and changed", run)


def run_elsewhere(subject: Subject) -> Run:
    """Return a run on the example on a host of another name, with logs for machines."""
    environment = {"LOG_FORMAT": "json"}
    return subject.once(
        "elsewhere", lambda: subject.run(hostname="elsewhere", environment=environment)
    )


def changed_input(subject: Subject) -> StageInput:
    """Return a small input that is not the example."""
    return subject.once(
        "changed", lambda: stage_input(subject, random_houses(FEW, subject.seed + 1))
    )


def _hashes(artifact: Published) -> dict[str, str]:
    return {
        path.relative_to(artifact.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in artifact.path.rglob("*")
        # These may tell of a later run, too.
        if path.is_file() and path.name not in {"run.json", "verdict.json"}
    }
