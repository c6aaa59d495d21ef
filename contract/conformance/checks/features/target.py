"""Checks of features: target, time, group and weight of each row."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from conformance.checks.features.runs import FeatureRun, Side
from conformance.checks.features.split_runs import all_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.feature_data import GROUP, TARGET, TIME, WEIGHT, bits_of, matrix_of
from conformance.models.tensors import as_number


@check(
    "target",
    stages=["features"],
    promise="@target is the number, or the class's index; @time, @group and @weight match the row",
)
def target(subject: Subject) -> None:
    for run in all_runs(subject):
        _check_targets(run, "test")
        _check_targets(run, "train")
        if GROUP in run.data.test.column_names:
            _check_groups(run)


def _check_targets(run: FeatureRun, side: Side) -> None:
    table = run.data.test if side == "test" else run.data.train
    rows = run.data.test_rows.to_pylist() if side == "test" else run.rows_on("train")
    expected = {TARGET: [run.data.target_of(row) for row in rows]}
    if TIME in table.column_names:
        column = run.data.features["split"]["column"]
        expected[TIME] = [as_number(row[column]) for row in rows]
    if (weight := run.data.weight_column) is not None:
        expected[WEIGHT] = [as_number(row[weight]) for row in rows]
    for name, values in expected.items():
        found = table.column(name).to_pylist()
        is_right = found == values if side == "test" else _agree(run, found, values)
        if not is_right:
            raise Fault(
                f"{run.where(f'{side}/')}: {name} differs from the clean rows: found"
                f" {found[:5]}…, expected {values[:5]}…"
                f"{' in the order of their features' if side == 'train' else ''}",
                "the number as double, or the position of the class in features.json",
            )


def _check_groups(run: FeatureRun) -> None:
    column = run.data.features["split"]["column"]
    held_out = [row[column] for row in run.data.test_rows.to_pylist()]
    divided = {row[column] for row in run.rows_on("train")} & set(held_out)
    if divided:
        raise Fault(
            f"{run.where('test/')}: {len(divided)} values of '{column}', which decides the"
            " split, are also in train/",
            "let the hash of the group decide the side of its rows",
        )
    numbers = set(zip(held_out, run.data.test.column(GROUP).to_pylist(), strict=True))
    if len(numbers) != len(set(held_out)):
        raise Fault(
            f"{run.where('test/')}: rows with the same '{column}' differ in {GROUP}",
            f"make {GROUP} from the group only",
        )


def _agree(run: FeatureRun, found: Sequence[Any], values: Sequence[Any]) -> bool:
    """Return whether each training row has its own value; the rows may be in any order."""
    stored = matrix_of(run.data.train, run.data.names)
    made = run.data.transformed(run.rows_on("train"))
    if bits_of(stored) - bits_of(made):
        # Another check reports it; the values alone can still be compared.
        return not Counter(found) - Counter(values)
    return not bits_of(stored, found) - bits_of(made, values)
