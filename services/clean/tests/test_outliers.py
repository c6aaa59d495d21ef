"""Outliers: exact quantiles in bounded memory, and the rejected rows."""

from pathlib import Path

import numpy as np
import pytest
from clean.schema.constraints import Limits
from clean.table_rules import outliers
from clean.table_rules.outliers import ColumnValues, quantile
from conftest import CleanStage, rejects_of, table_of
from hypothesis import given, settings
from hypothesis import strategies as st

doubles = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(
    values=st.lists(doubles | st.sampled_from([0.0, -0.0, 1.0, 5e-324, -1e308]), min_size=1),
    share=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
)
@settings(deadline=None)
def test_a_quantile_is_that_of_the_sorted_values(values: list[float], share: float) -> None:
    chunks = [np.array(values[:3]), np.array(values[3:])]

    found = quantile(lambda: iter(chunks), len(values), share)

    ordered = sorted(values)
    low, high = (ordered[int(f(share * (len(values) - 1)))] for f in (np.floor, np.ceil))
    part = share * (len(values) - 1) % 1
    assert found == pytest.approx(low * (1 - part) + high * part, rel=1e-15)


def values_of(folder: Path, numbers: list[float]) -> ColumnValues:
    values = ColumnValues(folder / "values")
    values.add(np.array(numbers[:2], dtype=np.float64))
    values.add(np.array(numbers[2:], dtype=np.float64))
    return values


def test_limits_are_so_many_ranges_beyond_the_quartiles(tmp_path: Path) -> None:
    values = values_of(tmp_path, [1, 2, 3, 4, 5])

    assert values.limits("iqr", factor=3) == Limits(2 - 6, 4 + 6)


def test_limits_are_so_many_deviations_from_the_median(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outliers, "_CHUNK_VALUES", 2)
    values = values_of(tmp_path, [1, 2, 3, 4, 100])

    assert values.limits("mad", factor=2) == Limits(3 - 2 * 1.4826, 3 + 2 * 1.4826)


@pytest.mark.parametrize("numbers", [[], [1, 1, 1, 9]])
def test_without_a_spread_nothing_is_an_outlier(tmp_path: Path, numbers: list[float]) -> None:
    values = values_of(tmp_path, numbers)

    assert values.limits("iqr", factor=3) == (None if numbers == [] else Limits(-5, 9))
    assert values.limits("mad", factor=3) is None


def test_a_row_with_an_outlier_is_rejected(stage: CleanStage) -> None:
    numbers = [*map(str, range(100)), "5000", "x"]
    artifact = stage.clean(
        {"x": numbers},
        '[clean.columns.x]\ntype = "integer"\noutliers = "iqr"\noutlier_factor = 2\n',
    )

    assert table_of(artifact)["x"].to_pylist() == [*range(100)]
    outlier, wrong = rejects_of(artifact)
    assert outlier == {
        "row": 101,
        "reason": "outlier",
        "column": "x",
        "value": "5000",
        "expected": "a value between -75 and 175",
        "record": {"x": "5000"},
    }
    assert wrong["reason"] == "type"


def test_limits_of_a_private_column_are_not_told(stage: CleanStage) -> None:
    numbers = [*map(str, range(100)), "5000"]
    artifact = stage.clean({"x": numbers}, '[clean.columns.x]\nprivate = true\noutliers = "mad"\n')

    [reject] = rejects_of(artifact)
    assert reject["expected"] == "a value near the others"


def test_outliers_do_not_depend_on_batches(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clean.tables.parquet_reader.BATCH_ROWS", 7)
    numbers = [*map(str, range(100)), "5000", "-5000"]
    artifact = stage.clean({"x": numbers}, '[clean.columns.x]\noutliers = "iqr"\n')

    assert [reject["row"] for reject in rejects_of(artifact)] == [101, 102]


def test_a_column_whose_values_are_alike_has_no_outliers(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"x": ["1"] * 9 + ["9"]},
        '[clean]\nduplicates = "keep"\n[clean.columns.x]\noutliers = "iqr"\n',
    )

    assert artifact.manifest["rows"] == 10
    assert "column x: no outliers by iqr, because at least half of its values" in stage.printed()
