"""Features: splits by time and group, their shares and columns, weights, a renamed target."""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from conformance.checks.batch.first import first_artifact
from conformance.checks.batch.large import large_input, large_run
from conformance.checks.features.runs import FeatureRun
from conformance.checks.features.split_runs import (
    EXCLUDED,
    GROUP_NAME,
    TARGET,
    TEST_SHARE,
    TIME_NAME,
    TRANSFORM,
    declares_transform,
    group_run,
    time_run,
)
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.split_data import GROUP, GROUPS, ROWS_OF_A_TIME, TIME, WEIGHT
from conformance.validity.published import published
from conformance.validity.rows import check_counts, check_rejects

_DEVIATIONS = 5
"""How many standard deviations a share of held-out rows or groups may be off."""
_MIN_DIVIDED = 30
"""If chance divides this many groups on average, it never leaves all of them whole."""
_KEPT, _TEST = "@kept", "@test"
_PAGE = "see 'The split' in contract/reference/kinds.md"


@check(
    "time-split",
    stages=["features"],
    promise="a split by time trains on earlier rows than it tests; the share is test_share",
)
def time_split(subject: Subject) -> None:
    run = time_run(subject)
    _check_documents(run, kind="time", column=TIME, target=TIME_NAME)
    transform = run.data.features["target"].get("transform")
    if declares_transform(subject) and transform != TRANSFORM:
        raise Fault(
            f"{run.where('features.json')}: target.transform is not that of the settings",
            "repeat it, so that train learns the logarithm; @target is still the value",
            expected=TRANSFORM,
            found=transform,
        )
    _check_rejected(run, missing=[TIME])
    times = {side: [row[TIME] for row in run.rows_on(side)] for side in ("train", "test")}
    last, first = max(times["train"]), min(times["test"])
    if last >= first:
        raise Fault(
            f"{run.where('train/')}: a row of {last} trains, and one of {first} tests",
            f"let rows from one time on test, and all rows before it train; {_PAGE}",
        )
    boundary = run.data.features["split"].get("boundary")
    if boundary is not None and not last < datetime.fromisoformat(boundary) <= first:
        raise Fault(
            f"{run.where('features.json')}: split.boundary does not divide the rows",
            "write the exact time from which on rows test",
            expected=f"later than {last}, and no later than {first}",
            found=boundary,
        )
    # Rows that a server would refuse are rejected after the split.
    usable = [row[TIME] for row in run.rows if None not in (row[TIME], row[TARGET])]
    held_out = sum(time >= first for time in usable)
    if abs(held_out - TEST_SHARE * len(usable)) > ROWS_OF_A_TIME:
        raise Fault(
            f"{run.where('test/')}: {held_out} of {len(usable)} rows are at or after the boundary",
            f"choose the boundary by test_share; rows of one time stay together; {_PAGE}",
            expected=f"{TEST_SHARE * len(usable):.0f}, give or take {ROWS_OF_A_TIME}",
            found=held_out,
        )


@check(
    "group-split",
    stages=["features"],
    promise="a split by group keeps groups together; group and weight are no inputs",
)
def group_split(subject: Subject) -> None:
    run = group_run(subject)
    _check_documents(run, kind="group", column=GROUP, target=GROUP_NAME)
    roles = {column["name"]: column["role"] for column in run.data.features["columns"]}
    if (roles.get(GROUP), roles.get(WEIGHT)) != ("group", "weight"):
        raise Fault(
            f"{run.where('features.json')}: '{GROUP}' has the role {roles.get(GROUP)}, '{WEIGHT}'"
            f" has the role {roles.get(WEIGHT)}",
            "give the column of the groups the role group, and that of the weights weight",
        )
    _check_rejected(run, missing=[GROUP, WEIGHT])
    for number, (row, side) in enumerate(zip(run.rows, run.sides, strict=True), 1):
        if row[WEIGHT] is not None and row[WEIGHT] <= 0 and side != "rejects":
            raise Fault(
                f"{run.where('rejects/')}: row {number} has the weight {row[WEIGHT]} and is not"
                " there",
                "reject rows without a positive weight",
            )
    groups = {row[GROUP] for row in run.rows_on("test")}
    allowed = _DEVIATIONS * (TEST_SHARE * (1 - TEST_SHARE) * GROUPS) ** 0.5
    if abs(len(groups) - TEST_SHARE * GROUPS) > allowed:
        raise Fault(
            f"{run.where('test/')}: {len(groups)} of {GROUPS} groups are held out",
            f"let the hash of a group hold it out with the probability test_share; {_PAGE}",
            expected=f"{TEST_SHARE * GROUPS:.0f}, give or take {allowed:.0f}",
            found=len(groups),
        )


def _check_documents(run: FeatureRun, *, kind: str, column: str, target: str) -> None:
    features = run.data.features
    expected = {"kind": kind, "column": column, "test_share": TEST_SHARE}
    found = {key: features["split"].get(key) for key in expected}
    named = {key: features["target"].get(key) for key in ("name", "column")}
    if (found, named) != (expected, {"name": target, "column": TARGET}):
        raise Fault(
            f"{run.where('features.json')}: split or target is not that of the settings",
            "repeat the settings; target.name is what the API calls the prediction",
            expected=expected | {"name": target, "target": TARGET},
            found=found | {"name": named["name"], "target": named["column"]},
        )
    inputs = {field["name"] for field in run.data.fields}
    hidden = {TARGET, *EXCLUDED} | ({GROUP, WEIGHT} if kind == "group" else set())
    if learned := sorted(inputs & hidden):
        raise Fault(
            f"{run.where('schema.json')}: '{learned[0]}' is an input",
            "let no model learn from the target, its group, its weight or an excluded column",
        )
    check_counts(run.artifact)
    check_rejects(run.artifact)


def _check_rejected(run: FeatureRun, *, missing: Collection[str]) -> None:
    for number, (row, side) in enumerate(zip(run.rows, run.sides, strict=True), 1):
        for name in missing:
            if row[name] is None and side != "rejects":
                raise Fault(
                    f"{run.where('rejects/')}: row {number} has no '{name}' and is not there",
                    f"reject rows without it; {_PAGE}",
                )


@check(
    "test-share",
    stages=["features"],
    promise="a hash holds out test_share of many rows, and is of split.columns and no others",
)
def held_out_share(subject: Subject) -> None:
    first_artifact(subject)
    run = FeatureRun("large", large_input(subject).source, published(large_run(subject)))
    split = run.data.features["split"]
    if split["kind"] != "hash":
        raise Skipped(f"the split is by {split['kind']}")
    names = split.get("columns") or run.clean.column_names
    numbers = {reject["row"] for reject in run.artifact.rejects}
    kept = [number not in numbers for number in range(1, run.clean.num_rows + 1)]
    rows = hashed_rows(run.clean.filter(pa.array(kept)), run.data.test_rows, names)
    check_share(rows, test_share=split["test_share"], rejected=len(numbers))
    check_hash(rows, names, test_share=split["test_share"])


def hashed_rows(kept: pa.Table, test: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return the different rows of some columns, how many are kept, and how many of them test."""
    parts = [
        table.select(names)
        .append_column(_KEPT, pa.array(np.full(len(table), not is_test, np.int64)))
        .append_column(_TEST, pa.array(np.full(len(table), is_test, np.int64)))
        for table, is_test in ((kept, False), (test, True))
    ]
    return _summed(pa.concat_tables(parts), names)


def _summed(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    sums = rows.group_by(names).aggregate([(_KEPT, "sum"), (_TEST, "sum")])
    return sums.rename_columns([*names, _KEPT, _TEST])


def check_share(rows: pa.Table, *, test_share: float, rejected: int) -> None:
    """Check how many rows are held out; equal rows count as one draw."""
    sizes = rows.column(_KEPT).to_numpy().astype(float)
    found, expected = int(rows.column(_TEST).to_numpy().sum()), test_share * sizes.sum()
    # Equal rows go to one side together, and test rows may be rejected.
    variance = test_share * (1 - test_share) * float((sizes**2).sum())
    allowed = _DEVIATIONS * variance**0.5 + rejected
    if abs(found - expected) > allowed:
        raise Fault(
            f"features.json: split.test_share is {test_share}, and {found} of"
            f" {sizes.sum():.0f} rows are held out",
            f"hold a row out if its hash is below test_share of all hashes; {_PAGE}",
            expected=f"{expected:.0f}, give or take {allowed:.0f}",
            found=found,
        )


def check_hash(rows: pa.Table, names: Sequence[str], *, test_share: float) -> None:
    """Check that the side of a row follows from all these columns together, and no others."""
    kept, test = (rows.column(name).to_numpy() for name in (_KEPT, _TEST))
    if len(divided := np.flatnonzero((test > 0) & (test < kept))):
        raise Fault(
            f"features.json: {len(divided)} times, rows that are equal in split.columns are on both"
            " sides",
            "name the columns that the hash is of",
            row={name: rows.column(name)[divided[0]].as_py() for name in names},
        )
    if len(names) == 1:
        return
    once = rows.set_column(len(names), _KEPT, pa.array(np.ones(len(rows), np.int64)))
    once = once.set_column(len(names) + 1, _TEST, pa.array((test > 0).astype(np.int64)))
    fewer = [[name] for name in names] + [[n for n in names if n != name] for name in names]
    for chosen in fewer:
        groups = _summed(once, chosen)
        kept, test = (groups.column(name).to_numpy() for name in (_KEPT, _TEST))
        several = kept > 1
        likely_divided = several.sum() * test_share * (1 - test_share)
        if likely_divided > _MIN_DIVIDED and not ((test > 0) & (test < kept)).any():
            raise Fault(
                f"features.json: split.columns is {', '.join(names)}, but all rows that are equal"
                f" in {', '.join(chosen)} are on one side",
                "name the columns that the hash is of, and no others",
                expected=list(chosen),
                found=list(names),
            )
