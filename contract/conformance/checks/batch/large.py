"""A large input under a memory limit, and the run on it, which other checks interrupt."""

from types import MappingProxyType

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.harness.volumes import Volume
from conformance.inputs.houses import random_houses
from conformance.inputs.stage_input import StageInput, stage_input
from conformance.validity.whole import check_whole

MEMORY = "1g"
"""A quarter of what compose.yaml gives a stage."""
ROWS = MappingProxyType({"ingest": 300_000, "clean": 300_000, "features": 300_000, "train": 20_000})
"""Train works longest for a row."""
SECONDS = 300.0


@check("large", promise=f"a large table is processed in {MEMORY} of memory")
def large(subject: Subject) -> None:
    first_artifact(subject)
    made = large_input(subject)
    check_whole(subject, large_run(subject), made.source, rows_in=made.rows)


def large_input(subject: Subject) -> StageInput:
    """Return the large input, made once."""
    return subject.once(
        "large", lambda: stage_input(subject, random_houses(ROWS[subject.stage], subject.seed))
    )


def large_volume(subject: Subject) -> Volume:
    """Return a volume with the large input."""
    return subject.once("large volume", lambda: subject.volumes.make(large_input(subject).source))


def large_run(subject: Subject) -> Run:
    """Return the run on the large input, made once."""
    return subject.once(
        "large run",
        lambda: subject.run(source=large_volume(subject), memory=MEMORY, seconds=SECONDS),
    )
