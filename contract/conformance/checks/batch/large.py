"""A large input under a memory limit, and a long run, which other checks interrupt."""

import random
from types import MappingProxyType

import pyarrow as pa

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.harness.volumes import Volume
from conformance.inputs.houses import Houses, random_houses
from conformance.inputs.stage_input import StageInput, stage_input
from conformance.validity.whole import check_whole

MEMORY = "1g"
"""A quarter of what compose.yaml gives a stage."""
ROWS = MappingProxyType({"ingest": 300_000, "clean": 300_000, "features": 300_000, "train": 20_000})
"""Train works longest for a row."""
SECONDS = 300.0
TMP_BYTES = 64 * 1024 * 1024
"""The size of /tmp in compose.yaml."""
HARD_ROWS = 10


@check("large", promise=f"a large table is processed in {MEMORY} of memory")
def large(subject: Subject) -> None:
    first_artifact(subject)
    made = large_input(subject)
    check_whole(subject, large_run(subject), made.source, rows_in=made.rows)


def large_input(subject: Subject) -> StageInput:
    """Return the large input, made once."""
    return subject.once("large", lambda: stage_input(subject, _large_table(subject)))


def _large_table(subject: Subject) -> Houses:
    table = random_houses(ROWS[subject.stage], subject.seed)
    if subject.reads is not None:
        return table
    # A source that does not fit into /tmp, and whose last rows need what the first do not.
    noise = random.Random(subject.seed).randbytes(TMP_BYTES // 2).hex()  # noqa: S311  # no secret
    width = len(noise) // len(table)
    remarks = [noise[row * width : (row + 1) * width] for row in range(len(table))]
    remarks[-HARD_ROWS:] = [f'"{row}",\nor\t{row}' for row in range(HARD_ROWS)]
    return table.with_column("remark", remarks, "string", pa.string())


def long_volume(subject: Subject) -> Volume:
    """Return a volume with an input that takes a while."""

    def make() -> Volume:
        if subject.reads is not None:
            return subject.volumes.make(large_input(subject).source)
        table = random_houses(ROWS[subject.stage], subject.seed)
        return subject.volumes.make(stage_input(subject, table).source)

    return subject.once("long volume", make)


def long_run(subject: Subject) -> Run:
    """Return a run that takes a while, made once; other checks interrupt such runs."""
    if subject.reads is not None:
        return large_run(subject)
    return subject.once(
        "long run",
        lambda: subject.run(source=long_volume(subject), memory=MEMORY, seconds=SECONDS),
    )


def large_run(subject: Subject) -> Run:
    """Return the run on the large input, made once."""

    def run() -> Run:
        source = large_input(subject).source if subject.reads is None else long_volume(subject)
        return subject.run(source=source, memory=MEMORY, seconds=SECONDS)

    return subject.once("large run", run)
