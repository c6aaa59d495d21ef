"""Checks of how a run ends: on SIGTERM, on kill -9, and on a full or read-only disk."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from conformance.checks.batch.first import first_artifact
from conformance.checks.batch.large import long_seconds, long_volume
from conformance.checks.batch.repeating import changed_input
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.validity.digests import check_digests
from conformance.validity.outcomes import EXIT_UNWRITABLE, check_ending
from conformance.validity.published import Published, manifest_of, published

GRACE_SECONDS = 10
"""Time between SIGTERM and SIGKILL in compose.yaml."""
KILLS = 3
EXIT_CODES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"SIGTERM": (143, 130), "SIGINT": (130,)}
)
"""Valid exit codes after a signal, the usual one first."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@check("sigterm", promise=f"SIGTERM ends it within {GRACE_SECONDS} s, with nothing published")
def sigterm(subject: Subject) -> None:
    first_artifact(subject)
    generator = random.Random(f"{subject.seed} term")  # noqa: S311  # no secret
    shares = (generator.uniform(0.3, 0.7), generator.uniform(0.2, 0.4), 0.3, 0.2, 0.1)
    check_interrupted(
        lambda delay: _interrupted(subject, delay, "SIGTERM"),
        "SIGTERM",
        seconds=long_seconds(subject),
        shares=shares,
    )


@check("sigint", promise=f"Ctrl+C ends it within {GRACE_SECONDS} s with exit code 130")
def sigint(subject: Subject) -> None:
    first_artifact(subject)
    check_interrupted(
        lambda delay: _interrupted(subject, delay, "SIGINT"),
        "SIGINT",
        seconds=long_seconds(subject),
        shares=(0.4, 0.3, 0.2, 0.1),
    )


def check_interrupted(
    run_until: Callable[[float], Run], signal: str, *, seconds: float, shares: Sequence[float]
) -> None:
    """Check the first run that failed and published nothing; without one, the last run.

    A run may end before the signal arrives, as `seconds` was measured while the machine did other
    work. It shows how long a run takes now, and the next signal arrives earlier.

    Args:
        run_until: Runs the image, and sends the signal after so many seconds.
        signal: Its name.
        seconds: About how long a run takes.
        shares: When the signal arrives, as shares of that.
    """
    for share in shares:
        run = run_until(share * seconds)
        leftover = run.latest or next(iter(run.published), None)
        if run.exit_code != 0 and leftover is None:
            break
        seconds = min(seconds, run.seconds)
    if run.exit_code == 0:
        raise Fault(
            f"after {signal} it runs to its end and publishes",
            f"do not ignore {signal}; a shell does not pass it on, so use exec",
        )
    if run.exit_code not in EXIT_CODES[signal]:
        raise Fault(
            f"after {signal} {run.ending}; expected {EXIT_CODES[signal][0]}",
            f"let {signal} end it; see 'Exit codes' in contract/reference/exit-codes.md",
        )
    if leftover is not None:
        raise Fault(
            f"after {signal} there is {leftover} on the output",
            "publish the finished artifact with one rename, as the last step",
        )


def _interrupted(subject: Subject, delay: float, signal: str) -> Run:
    with subject.started(source=long_volume(subject)) as container:
        container.let_run(delay)
        container.signal(signal)
        try:
            return container.finish(GRACE_SECONDS)
        except Fault:
            raise Fault(
                f"{GRACE_SECONDS} s after {signal} at {delay:.1f} s (seed {subject.seed}) it"
                " still runs, and compose would kill it",
                'exec the program, or ENTRYPOINT ["program"], since a shell waits; end on'
                f" {signal}",
            ) from None


@check(
    "kill",
    promise="kill -9 at any moment leaves nothing incomplete; the next run works and cleans up",
)
def kill(subject: Subject) -> None:
    first_artifact(subject)
    seconds = long_seconds(subject)
    generator = random.Random(f"{subject.seed} kill")  # noqa: S311  # no secret
    with subject.volume() as out:
        for _ in range(KILLS):
            delay = generator.uniform(0.2, 1.0) * seconds
            with subject.started(source=long_volume(subject), out=out) as container:
                container.let_run(delay)
                container.signal("SIGKILL")
                run = container.finish(GRACE_SECONDS)
            _check_nothing_incomplete(run, f"killed after {delay:.2f} s (seed {subject.seed})")
        after = subject.run(out=out)
    if after.exit_code != 0:
        raise Fault(
            f"the run after the killed ones: {after.ending}",
            "ignore or remove the files of a killed run",
        )
    check_digests(published(after))
    if after.drafts:
        raise Fault(
            f"{after.drafts[0]} of a killed run is still there after the next one",
            "remove drafts of killed runs at the start: a run in progress holds a lock (flock) on"
            " its draft",
        )


def _check_nothing_incomplete(run: Run, when: str) -> None:
    for name in run.published:
        try:
            check_digests(Published(run.out / name, manifest_of(run, name)))
        except (Fault, KeyError) as fault:
            raise Fault(
                f"{when}, {name} is incomplete: {fault}",
                "write to .draft-<anything>/ and rename it to <id>/ when it is complete",
            ) from None
    if run.latest is not None and run.latest not in run.published:
        raise Fault(
            f"{when}, LATEST holds {run.latest!r}, which does not exist",
            "write LATEST last: write another file, then rename it",
        )


@check("full-disk", promise="a full disk ends it with 73, and the old artifact stays live")
def full_disk(subject: Subject) -> None:
    first = first_artifact(subject)
    files = [path for path in subject.first.out.rglob("*") if path.is_file()]
    # Room for the existing files and one page: no artifact of several files fits.
    size = sum(-(-path.stat().st_size // PAGE) for path in files) * PAGE + PAGE
    with subject.small_volume(size, subject.first.out) as out:
        run = subject.run(source=changed_input(subject).source, out=out)
    _check_unwritable(run)
    if run.latest != first.path.name:
        raise Fault(
            f"on a full disk LATEST went from {first.path.name} to {run.latest}",
            "replace LATEST by a rename, when everything else is on the disk",
        )
    check_digests(Published(run.out / first.path.name, first.manifest))
    for name in run.published:
        check_digests(Published(run.out / name, manifest_of(run, name)))


@check("read-only-output", promise="an output that cannot be written ends it with 73")
def read_only_output(subject: Subject) -> None:
    first_artifact(subject)
    _check_unwritable(subject.run(out_mode="ro"))


def _check_unwritable(run: Run) -> None:
    if run.exit_code == 0:
        raise Fault(
            "it ended with 0 though it could not write", "check every write, fsync and rename"
        )
    check_ending(run, EXIT_UNWRITABLE)
