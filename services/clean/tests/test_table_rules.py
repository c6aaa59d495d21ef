"""Table rules: duplicates by key, and columns without repeated values."""

import pytest
from conftest import CleanStage, rejects_of, table_of

ORDERS = {
    "order": ["1", "2", "1", "3", "2"],
    "state": ["new", "new", "paid", "new", "new"],
}


@pytest.mark.parametrize(
    ("keep", "states", "rejected"),
    [
        ("first", [(1, "new"), (2, "new"), (3, "new")], [(3, 1), (5, 2)]),
        ("last", [(1, "paid"), (3, "new"), (2, "new")], [(1, 3), (2, 5)]),
    ],
)
def test_of_rows_with_one_key_the_first_or_the_last_stays(
    stage: CleanStage, keep: str, states: list[object], rejected: list[object]
) -> None:
    artifact = stage.clean(ORDERS, f'[clean]\nkey = ["order"]\nkeep_duplicates = "{keep}"\n')

    table = table_of(artifact).to_pydict()
    assert list(zip(table["order"], table["state"], strict=True)) == states
    rejects = rejects_of(artifact)
    assert [(reject["row"], reject[keep]) for reject in rejects] == rejected
    assert {reject["reason"] for reject in rejects} == {"duplicate"}
    assert artifact.manifest["metrics"]["duplicates"] == 2
    assert artifact.manifest["metrics"]["rejected"] == 0


def test_the_last_of_equal_rows_may_stay(stage: CleanStage) -> None:
    artifact = stage.clean({"x": ["a", "b", "a"]}, '[clean]\nkeep_duplicates = "last"\n')

    assert table_of(artifact)["x"].to_pylist() == ["b", "a"]


def test_a_key_is_compared_after_cleaning(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"id": ["A", " a"], "x": ["1", "2"]},
        '[clean]\nkey = ["id"]\n[clean.columns.id]\ncase = "lower"\n',
    )

    assert table_of(artifact).to_pydict() == {"id": ["a"], "x": [1]}


def test_rows_that_lack_a_part_of_the_key_are_compared_as_a_whole(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"a": ["1", "1", "1", "1"], "b": ["", "", "", "2"], "x": ["5", "6", "5", "7"]},
        '[clean]\nkey = ["a", "b"]\n',
    )

    assert table_of(artifact)["x"].to_pylist() == [5, 6, 7]
    assert [reject["row"] for reject in rejects_of(artifact)] == [3]


def test_a_value_that_another_row_has_is_rejected(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"id": ["1", "2", "1", "1", "", ""], "x": ["a", "b", "c", "a", "d", "e"]},
        "[clean.columns.id]\nunique = true\n",
    )

    assert table_of(artifact)["x"].to_pylist() == ["a", "b", "d", "e"]
    repeated, copy = rejects_of(artifact)
    assert repeated == {
        "row": 3,
        "reason": "not unique",
        "column": "id",
        "value": "1",
        "expected": "a value that stands in no other row",
        "record": {"id": "1", "x": "c"},
    }
    assert (copy["row"], copy["reason"]) == (4, "duplicate")
    assert artifact.manifest["metrics"]["rejected_by_reason"] == {"not unique": 1}


def test_a_duplicate_makes_no_other_row_repeat_it(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"key": ["1", "1", "2"], "id": ["x", "y", "y"]},
        '[clean]\nkey = ["key"]\n[clean.columns.id]\nunique = true\n',
    )

    assert table_of(artifact).to_pydict() == {"key": [1, 2], "id": ["x", "y"]}


def test_rules_between_rows_do_not_depend_on_batches(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clean.tables.parquet_reader.BATCH_ROWS", 2)
    monkeypatch.setattr("clean.table_rules.duplicate_files.ROWS_PER_FILE", 2)
    artifact = stage.clean(
        {"key": ["1", "2", "3", "1", "4"], "id": ["a", "b", "b", "c", "a"]},
        '[clean]\nkey = ["key"]\nkeep_duplicates = "last"\n[clean.columns.id]\nunique = true\n',
    )

    assert table_of(artifact).to_pydict() == {"key": [3, 1, 4], "id": ["b", "c", "a"]}


def test_of_two_repeated_values_the_column_that_comes_first_is_named(stage: CleanStage) -> None:
    one, other = (f"[clean.columns.{name}]\nunique = true\n" for name in "ab")
    artifact = stage.clean({"a": ["1", "1"], "b": ["x", "x"], "c": ["5", "6"]}, other + one)

    [reject] = rejects_of(artifact)
    assert reject["column"] == "a"
    assert stage.run(one + other, "--force") == 0, stage.printed()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            '[clean]\nkey = ["ordr"]',
            "[clean] key: the table has no column 'ordr'; did you mean order?",
        ),
        (
            '[clean]\nkey = ["order"]\nduplicates = "keep"',
            '[clean] key does nothing with duplicates = "keep"; remove one of them',
        ),
        (
            '[clean.columns.state]\noutliers = "iqr"',
            "[clean.columns.state] outliers does not fit a column of type string; remove it",
        ),
        (
            "[clean.columns.order]\noutlier_factor = 2",
            '[clean.columns.order] outlier_factor needs outliers = "iqr" or "mad"',
        ),
        ("[clean]\nkey = []", "key = []: List should have at least 1 item"),
    ],
)
def test_a_rule_between_rows_that_makes_no_sense_is_told(
    stage: CleanStage, settings: str, message: str
) -> None:
    stage.clean(ORDERS)

    assert stage.run(f"{settings}\n") == 78
    assert message in stage.printed()
