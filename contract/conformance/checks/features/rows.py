"""Features: every clean row trains, tests or is rejected, and a row stays where it is."""

from pathlib import Path

import pyarrow as pa

from conformance.checks.features.runs import FeatureRun, features_run, key_of, runs_of
from conformance.checks.features.split_runs import all_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.houses import Houses, houses, random_houses

_PLAIN = str | int | float


@check(
    "rows-kept",
    stages=["features"],
    promise="each clean row is in train/, test/ or rejects/; without target, in rejects/",
)
def rows_kept(subject: Subject) -> None:
    for run in all_runs(subject):
        column = run.data.features["target"]["column"]
        for number, (row, side) in enumerate(zip(run.rows, run.sides, strict=True), 1):
            if row[column] is None and side != "rejects":
                raise Fault(
                    f"{run.where('rejects/')}: row {number} has no value for the target '{column}'"
                    " and is not there",
                    "write it to rejects/ with its 1-based number in the input, and to no table",
                )
        counts = {side: len(run.rows_on(side)) for side in ("train", "test", "rejects")}
        stored = {"train": run.data.train.num_rows, "test": run.data.test.num_rows}
        stored["rejects"] = len({reject["row"] for reject in run.artifact.rejects})
        if counts != stored:
            raise Fault(
                f"{run.where('the artifact')} has {_listed(stored)} rows; of {len(run.rows)} clean"
                f" rows it should be {_listed(counts)} by what is in test-rows/ and rejects/",
                "let each clean row go to exactly one of train/, test/ and rejects/",
            )
        _check_records(run)


def _check_records(run: FeatureRun) -> None:
    """Check that a rejected row has its own values, as far as JSON has them as Parquet does."""
    for reject in run.artifact.rejects:
        row = run.rows[reject["row"] - 1]
        record = reject["record"]
        known = {
            name: value for name, value in row.items() if isinstance(value, _PLAIN | type(None))
        }
        if not isinstance(record, dict) or {name: record.get(name, "") for name in known} != known:
            raise Fault(
                f"{run.where('rejects/')}: the record of row {reject['row']} is not that row",
                "write all values of the row that `row` counts, with their types; null if missing",
                expected=known,
                found=record,
            )


@check(
    "test-rows-whole",
    stages=["features"],
    promise="no test row lacks a required input (since 1.2)",
)
def whole_test_rows(subject: Subject) -> None:
    for run in all_runs(subject):
        if run.artifact.manifest["contract"] in {"1.0", "1.1"}:
            raise Skipped("the artifact is of an older contract")
        for field in run.data.schema["fields"]:
            required = field.get("constraints", {}).get("required")
            name = field["name"]
            if required and (missing := run.data.test_rows[name].null_count):
                raise Fault(
                    f"{run.where('test-rows/')}: {missing} rows lack '{name}', which is required",
                    "write test rows that a server would refuse to rejects/",
                )


@check(
    "split-stays",
    stages=["features"],
    promise="a row stays in train or in test, whatever other rows the table has",
)
def split_stays(subject: Subject) -> None:
    first = runs_of(subject)[0]
    if first.data.features["split"]["kind"] == "time":
        raise Skipped("the split is by time, and new rows move its boundary")
    label = "with more rows in the input"
    source = subject.once("clean-data with more rows", lambda: _with_more_rows(subject))
    second = features_run(subject, label, settings=subject.settings, source=source)
    before = {key_of(row): side for row, side in zip(first.rows, first.sides, strict=True)}
    moved = [
        (row, before[key_of(row)], side)
        for row, side in zip(second.rows, second.sides, strict=True)
        if {before.get(key_of(row), side), side} == {"train", "test"}
    ]
    if moved:
        row, was, now = moved[0]
        raise Fault(
            f"{len(moved)} of {len(before)} rows change sides when the table has more rows:"
            f" {was} → {now} for {row}",
            "decide by a hash of the row's own values or its group, not by position or chance",
        )


def _with_more_rows(subject: Subject) -> Path:
    """Return the input with as many new rows again, before the old ones."""
    volume = subject.scratch()
    new = random_houses(houses().table.num_rows, subject.seed)
    write_clean_data(volume, Houses(pa.concat_tables([new.table, houses().table])))
    return volume


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {side}" for side, count in counts.items())
