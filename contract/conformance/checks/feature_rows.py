"""Features: every clean row trains, tests or is rejected, and a row stays where it is."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from conformance.checking import Fault, Skipped, check
from conformance.models.feature_runs import FeatureRun, features_run, key_of, runs_of
from conformance.models.inputs import latest_of
from conformance.republishing import republish
from conformance.subject import Subject


@check(
    "rows-kept",
    stages=["features"],
    promise="each clean row is in train/, test/ or rejects/; without target in the last",
)
def rows_kept(subject: Subject) -> None:
    for run in runs_of(subject):
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


@check(
    "split-stays",
    stages=["features"],
    promise="a row stays on its side, train or test, whatever else is in the table",
)
def split_stays(subject: Subject) -> None:
    first = runs_of(subject)[0]
    if first.data.features["split"]["kind"] != "hash":
        raise Skipped(f"the split is by {first.data.features['split']['kind']}, not by hash")
    volume = subject.once("clean-data with more rows", lambda: _with_more_rows(subject, first))
    label = "with more rows in the input"
    second = features_run(subject, label, settings=subject.settings, source=volume)
    before = {key_of(row): side for row, side in zip(first.rows, first.sides, strict=True)}
    moved = [
        (row, before[key_of(row)], side)
        for row, side in zip(second.rows, second.sides, strict=True)
        if before.get(key_of(row), side) != side
    ]
    if moved:
        row, was, now = moved[0]
        raise Fault(
            f"{len(moved)} of {len(before)} rows are on another side when the table has more rows:"
            f" {was} → {now} for {str(row)[:160]}",
            "decide by a hash of the row's own values, not by its position or a random draw",
        )


def _with_more_rows(subject: Subject, run: FeatureRun) -> Path:
    """Return the input with as many new rows again, before the old ones."""
    volume = subject.scratch()
    latest = latest_of(run.source)

    def change(artifact: Path) -> None:
        table = latest.table("table")
        new = [{name: _another(value) for name, value in row.items()} for row in table.to_pylist()]
        for part in (artifact / "table").iterdir():
            part.unlink()
        for number, rows in enumerate((pa.Table.from_pylist(new, table.schema), table)):
            parquet.write_table(
                rows, artifact / f"table/part-{number:05}.parquet", use_dictionary=False
            )

    republish(latest.path, volume, change, rows=2 * latest.manifest["rows"])
    return volume


def _another(value: Any) -> Any:
    """Return a value of the same type that is not the same, if there is one that is no surprise."""
    if isinstance(value, bool | str) or value is None:
        return value
    return value + (timedelta(days=1) if isinstance(value, date | datetime) else 1)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {side}" for side, count in counts.items())
