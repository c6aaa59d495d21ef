from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from clean_tables import columns_of, table_of
from features.data.target import Target
from features.splitting.splits import (
    NO_TARGET,
    NO_TIME,
    TEST,
    TRAIN,
    HashRule,
    TimeRule,
    assign_rows,
    check_assignment,
)
from hypothesis import given
from hypothesis import strategies as st
from stage_contract import ContractError

TARGET = Target(columns_of(y="number")[0], "y", None)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def timestamp(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.floats(0.01, 0.98))
def test_a_larger_test_share_only_adds_test_rows(hashes: list[int], share: float) -> None:
    batch = pa.RecordBatch.from_pydict({"y": [1.0] * len(hashes)})
    found = np.array(hashes, np.uint64)
    small = assign_rows(batch, found, rule=HashRule(share), target=TARGET)
    large = assign_rows(batch, found, rule=HashRule(share + 0.01), target=TARGET)

    assert np.all((small == TEST) <= (large == TEST))


def test_rows_at_the_boundary_are_test_rows_and_rows_without_time_are_none() -> None:
    times = [datetime(2024, 1, 1, 11, tzinfo=UTC), NOON, datetime(2024, 1, 2, tzinfo=UTC), None]
    table = table_of({"y": ("number", [1.0] * 4), "at": ("datetime", times)})
    rule = TimeRule("at", timestamp(NOON))
    assignment = assign_rows(
        table.to_batches()[0], np.zeros(4, np.uint64), rule=rule, target=TARGET
    )

    assert assignment.tolist() == [TRAIN, TEST, TEST, NO_TIME]


def test_a_row_without_target_is_on_no_side() -> None:
    table = table_of({"y": ("number", [None]), "at": ("datetime", [None])})
    for rule in (HashRule(0.5), TimeRule("at", 0)):
        assignment = assign_rows(
            table.to_batches()[0], np.zeros(1, np.uint64), rule=rule, target=TARGET
        )

        assert assignment.tolist() == [NO_TARGET]


@pytest.mark.parametrize(
    ("assignment", "complaint"),
    [
        ([NO_TARGET] * 12, "target 'y' is missing in all 12 rows; choose another column"),
        ([TRAIN, TEST, NO_TARGET], r"only 2 of 3 rows can be used \(the others: 1 target missing"),
        ([TRAIN] * 12, "no test rows; set another test_share or seed"),
        ([TEST] * 12, "no training rows"),
    ],
)
def test_a_table_without_enough_rows_says_what_is_missing(
    assignment: list[int], complaint: str
) -> None:
    with pytest.raises(ContractError, match=complaint):
        check_assignment(np.array(assignment, np.uint8), rule=HashRule(0.2), target=TARGET)


def test_a_private_boundary_is_in_no_message() -> None:
    rule = TimeRule("at", timestamp(NOON), is_private=True)

    with pytest.raises(ContractError, match="by time at a private time; set"):
        check_assignment(np.full(12, TEST), rule=rule, target=TARGET)


def test_a_split_by_time_without_earlier_rows_names_the_boundary() -> None:
    with pytest.raises(ContractError, match=r"no training rows .* at 2024-01-01T12:00:00Z"):
        check_assignment(np.full(12, TEST), rule=TimeRule("at", timestamp(NOON)), target=TARGET)
