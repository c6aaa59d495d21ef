"""Sentinels: 999 among ages is worth a word, 999 among prices is not."""

import pyarrow as pa
import pytest
from clean.sentinels import Sentinel, find_sentinel
from conftest import CleanStage, table_of

AGES = {18.0: 3, 45.0: 1, 87.0: 2}


@pytest.mark.parametrize(
    ("counts", "sentinel"),
    [
        (AGES | {999.0: 2}, Sentinel(999, 2, 18, 87)),
        (AGES | {-9.0: 5}, Sentinel(-9, 5, 18, 87)),
        (AGES | {999.0: 1}, None),
        (AGES | {99.0: 9}, None),
        (AGES | {-9.0: 5, -3.0: 1}, None),
        (AGES | {500.0: 1, 999.0: 9}, None),
        ({1.0: 5, 9.0: 5}, None),
        ({}, None),
    ],
)
def test_a_number_of_nines_far_from_all_others_is_one(
    counts: dict[float, int], sentinel: Sentinel | None
) -> None:
    assert find_sentinel(counts) == sentinel


AGES_AND_NINES = ["18", "45", "87", "999", "999"]


def test_a_sentinel_is_suggested_and_kept(stage: CleanStage) -> None:
    rows = [str(number) for number in range(5)]
    artifact = stage.clean({"age": AGES_AND_NINES, "row": rows})

    assert table_of(artifact)["age"].to_pylist() == [18, 45, 87, 999, 999]
    assert (
        "column age: 999 stands in 2 rows, far from the other values (18 to 87); if it means"
        " missing, add it to `missing` in [clean.columns.age]"
    ) in stage.printed()


def test_a_typed_column_gives_no_hint_as_its_numbers_are_no_missing_texts(
    stage: CleanStage,
) -> None:
    stage.publish_raw(pa.table({"age": [18, 45, 87, 999, 999], "row": range(5)}))

    assert stage.run() == 0
    assert "999" not in stage.printed()


def test_a_private_column_gives_no_hint(stage: CleanStage) -> None:
    rows = [str(number) for number in range(5)]
    stage.clean({"age": AGES_AND_NINES, "row": rows}, "[clean.columns.age]\nprivate = true\n")

    assert "999" not in stage.printed()
