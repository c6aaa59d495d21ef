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
"""A quarter of the memory limit in compose.yaml."""
ROWS = MappingProxyType({"ingest": 300_000, "clean": 300_000, "features": 300_000, "train": 20_000})
"""Number of rows by stage; train takes longest per row."""
SECONDS = 300.0
LONG_SECONDS = 6.0
"""Duration of a run that is interrupted: many checks have such runs."""
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


def large_run(subject: Subject) -> Run:
    """Return the run on the large input, made once."""
    return subject.once(
        "large run",
        lambda: subject.run(source=_large_volume(subject), memory=MEMORY, seconds=SECONDS),
    )


def long_volume(subject: Subject) -> Volume:
    """Return a volume with an input for runs that are interrupted.

    It has the first rows of the large input, enough for a run of `LONG_SECONDS`.
    """

    def make() -> Volume:
        share = _long_share(subject)
        if share == 1:
            return _large_volume(subject)
        rows = round(share * ROWS[subject.stage])
        made = stage_input(subject, _large_table(subject).head(rows))
        return subject.volumes.make(made.source)

    return subject.once("long volume", make)


def long_seconds(subject: Subject) -> float:
    """Return about how long a run on that input takes."""
    shortest = subject.first.seconds
    return shortest + _long_share(subject) * max(0, large_run(subject).seconds - shortest)


def _long_share(subject: Subject) -> float:
    return min(1, LONG_SECONDS / large_run(subject).seconds)


def _large_volume(subject: Subject) -> Volume:
    return subject.once("large volume", lambda: subject.volumes.make(large_input(subject).source))


def _large_table(subject: Subject) -> Houses:
    return subject.once("large table", lambda: _make_large_table(subject))


def _make_large_table(subject: Subject) -> Houses:
    table = random_houses(ROWS[subject.stage], subject.seed)
    if subject.reads is not None:
        return table
    # A source that does not fit into /tmp, and whose last rows need quotes, as no other row does.
    noise = random.Random(subject.seed).randbytes(TMP_BYTES // 2).hex()  # noqa: S311  # no secret
    width = len(noise) // len(table)
    remarks = [noise[row * width : (row + 1) * width] for row in range(len(table))]
    remarks[-HARD_ROWS:] = [f'"{row}",\nor\t{row}' for row in range(HARD_ROWS)]
    return table.with_column("remark", remarks, "string", pa.string())
