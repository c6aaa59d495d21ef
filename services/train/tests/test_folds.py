import logging

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_data import MadeData
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.folds import (
    check_target,
    equal_rows,
    find_time_cuts,
    make_folds,
    sample,
)
from modelling.model_selection.metrics import choose_metric
from sklearn.model_selection import TimeSeriesSplit
from stage_contract import ContractError

REGRESSION = MadeData("regression").problem
THREE = MadeData("three").problem
R2 = choose_metric("r2", REGRESSION)
LOG_LOSS = choose_metric("log_loss", THREE)
ROC_AUC = choose_metric("roc_auc", THREE)


def matrix(target: list[float], *, time: list[float] | None = None) -> Matrix:
    dtype = np.int64 if isinstance(target[0], int) else np.float64
    features = np.arange(float(len(target)))[:, np.newaxis]
    times = None if time is None else np.array(time)
    return Matrix(features, np.array(target, dtype=dtype), times)


def test_shuffled_folds_score_on_every_row_once() -> None:
    folds = make_folds(
        matrix([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), REGRESSION, metric=R2, folds=3, seed=0
    )

    assert sorted(row for _, held_out in folds for row in held_out) == [0, 1, 2, 3, 4, 5]
    assert all(set(fit).isdisjoint(held_out) for fit, held_out in folds)


def with_features(values: list[int], target: list[float]) -> Matrix:
    """Return rows of one feature."""
    dtype = np.int64 if isinstance(target[0], int) else np.float64
    return Matrix(np.array(values, np.float32)[:, np.newaxis], np.array(target, dtype=dtype))


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=20, max_size=120), st.integers(2, 5))
def test_no_row_is_scored_whose_equal_was_fitted_on(values: list[int], folds: int) -> None:
    assume(equal_rows(np.array(values, np.float32)[:, np.newaxis]) is not None)
    rows = with_features(values, [float(row) for row in range(len(values))])
    assume(len(set(values)) >= 2 * folds)

    found = make_folds(rows, REGRESSION, metric=R2, folds=folds, seed=0)

    for fit, held_out in found:
        assert not {values[row] for row in fit} & {values[row] for row in held_out}
    assert sorted(row for _, held_out in found for row in held_out) == list(range(len(values)))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), min_size=60, max_size=200))
def test_folds_of_equal_rows_hold_every_class_on_both_sides(pairs: list[tuple[int, int]]) -> None:
    rows = with_features([value for value, _ in pairs], [label for _, label in pairs])
    assume(np.bincount(rows.target, minlength=3).min() >= 3)

    for fit, held_out in make_folds(rows, THREE, metric=LOG_LOSS, folds=3, seed=0):
        assert set(rows.target[fit]) == set(rows.target[held_out]) == {0, 1, 2}


def going_by(*columns: str) -> Problem:
    """Return a problem with a feature of `size` and one of `claim`, and a split by columns."""
    features = [{"name": name, "source": name, "role": "numeric"} for name in ("size", "claim")]
    split = {"kind": "hash", **({"columns": [*columns]} if columns else {})}
    return Problem.model_validate(MadeData().features | {"features": features, "split": split})


@pytest.mark.parametrize("columns", [("size",), ("size", "colour")])
def test_rows_that_differ_only_in_what_the_split_leaves_out_are_in_one_fold(
    columns: tuple[str, ...],
) -> None:
    sizes = np.arange(120) // 2
    features = np.column_stack([sizes, np.random.default_rng(0).permutation(120)])
    rows = Matrix(features.astype(np.float32), np.arange(120.0))

    for fit, held_out in make_folds(rows, going_by(*columns), metric=R2, folds=3, seed=0):
        assert not {*sizes[fit]} & {*sizes[held_out]}


def test_a_feature_of_two_columns_is_left_out_where_the_split_leaves_out_one() -> None:
    sizes = np.arange(120) // 2
    claims = np.random.default_rng(0).permutation(120)
    rows = Matrix(np.column_stack([sizes, claims - sizes]).astype(np.float32), np.arange(120.0))
    difference = {"name": "days", "source": "size", "role": "number", "other_source": "claim"}
    problem = going_by("size").model_dump()
    problem["features"][1] = difference

    folds = make_folds(rows, Problem.model_validate(problem), metric=R2, folds=3, seed=0)
    for fit, held_out in folds:
        assert not {*sizes[fit]} & {*sizes[held_out]}


@pytest.mark.parametrize("columns", [(), ("size", "claim"), ("colour",)])
def test_rows_are_compared_in_all_features_where_the_split_leaves_out_none(
    columns: tuple[str, ...],
) -> None:
    features = np.column_stack([np.arange(120) // 2, np.arange(120)]).astype(np.float32)
    rows = Matrix(features, np.arange(120.0))

    found = make_folds(rows, going_by(*columns), metric=R2, folds=3, seed=0)
    expected = make_folds(rows, REGRESSION, metric=R2, folds=3, seed=0)

    for mine, theirs in zip(found, expected, strict=True):
        assert np.array_equal(mine[1], theirs[1])


def test_few_different_rows_are_divided_row_by_row() -> None:
    rows = with_features([0, 1, 2] * 40, [float(row) for row in range(120)])

    found = make_folds(rows, REGRESSION, metric=R2, folds=3, seed=0)

    assert [len(held_out) for _, held_out in found] == [40, 40, 40]


def test_every_fold_holds_every_class_on_both_sides() -> None:
    rows = matrix([0] * 30 + [1] * 6 + [2] * 3)

    for fit, held_out in make_folds(rows, THREE, metric=LOG_LOSS, folds=3, seed=0):
        assert set(rows.target[fit]) == set(rows.target[held_out]) == {0, 1, 2}


def test_a_rare_class_makes_fewer_folds_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        folds = make_folds(
            matrix([0] * 9 + [1] * 9 + [2] * 2), THREE, metric=LOG_LOSS, folds=3, seed=0
        )

    assert len(folds) == 2
    assert "folds = 3, but 2 can be made: too few rows of a class" in caplog.text


def test_folds_in_time_are_scored_on_later_rows_only() -> None:
    shuffled = matrix([6.0, 1.0, 4.0, 2.0, 5.0, 3.0], time=[60.0, 10.0, 40.0, 20.0, 50.0, 30.0])

    rows = sample(shuffled, REGRESSION, max_rows=100, folds=2, seed=0)
    folds = make_folds(rows, REGRESSION, metric=R2, folds=2, seed=0)

    assert rows.target.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert [held_out.tolist() for _, held_out in folds] == [[2, 3], [4, 5]]
    assert all(fit.max() < held_out.min() for fit, held_out in folds)


def timed(*rows_of_a_time: int) -> Matrix:
    """Return rows with this number of different times and of rows per time."""
    time = np.repeat(np.arange(float(len(rows_of_a_time))), rows_of_a_time)
    return matrix([float(row) for row in range(len(time))], time=time.tolist())


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=30), st.integers(2, 8))
def test_no_time_is_both_fitted_on_and_scored(rows_of_a_time: list[int], folds: int) -> None:
    rows = timed(*rows_of_a_time)
    assume(len(rows.target) >= 10)
    assume(find_time_cuts(rows.time, folds))

    found = make_folds(rows, REGRESSION, metric=R2, folds=folds, seed=0)

    assert 1 <= len(found) <= folds
    for fit, held_out in found:
        assert rows.time[fit].max() < rows.time[held_out].min()
        assert min(len(fit), len(held_out)) >= 2
    scored = np.concatenate([held_out for _, held_out in found])
    assert scored.tolist() == list(range(scored[0], len(rows.target)))


@settings(deadline=None)
@given(st.integers(10, 200), st.integers(2, 8))
def test_different_times_are_divided_evenly(rows: int, folds: int) -> None:
    found = make_folds(timed(*[1] * rows), REGRESSION, metric=R2, folds=folds, seed=0)

    split = TimeSeriesSplit(min(folds, rows // 2 - 1)).split(np.zeros(rows))
    for mine, theirs in zip(found, split, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(mine, theirs, strict=True))


def test_a_time_that_holds_nearly_all_rows_makes_fewer_folds_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        folds = make_folds(timed(3, 95, 1, 1), REGRESSION, metric=R2, folds=3, seed=0)

    assert [len(held_out) for _, held_out in folds] == [95, 2]
    assert "folds = 3, but 2 can be made: too few different times, or rows" in caplog.text


@pytest.mark.parametrize("rows_of_a_time", [(12,), (1, 11), (11, 1)])
def test_a_time_that_leaves_nothing_to_validate_with_is_an_error(
    rows_of_a_time: tuple[int, ...],
) -> None:
    with pytest.raises(ContractError, match=r"@time does not divide .*split = \"hash\""):
        make_folds(timed(*rows_of_a_time), REGRESSION, metric=R2, folds=3, seed=0)


def test_folds_in_time_that_lack_a_class_are_left_out_where_the_metric_needs_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = matrix([0, 1, 0, 1, 0, 1, 0, 1, 2], time=[float(t) for t in range(9)])

    with caplog.at_level(logging.WARNING):
        by_rank = make_folds(rows, THREE, metric=ROC_AUC, folds=2, seed=0)
    by_loss = make_folds(rows, THREE, metric=LOG_LOSS, folds=2, seed=0)

    assert [held_out.tolist() for _, held_out in by_rank] == [[6, 7, 8]]
    assert [held_out.tolist() for _, held_out in by_loss] == [[3, 4, 5], [6, 7, 8]]
    assert "folds = 2, but 1 can be made" in caplog.text


def test_time_that_brings_one_class_after_the_other_is_an_error_with_a_remedy() -> None:
    rows = matrix([0, 0, 0, 0, 0, 0, 1, 1, 2], time=[float(t) for t in range(9)])

    with pytest.raises(ContractError, match=r"no fold in time .* 'price' .*split = \"hash\""):
        make_folds(rows, THREE, metric=LOG_LOSS, folds=2, seed=0)


def test_a_sample_is_as_large_as_asked_and_always_the_same() -> None:
    rows = matrix([float(value) for value in range(1000)])

    first, second, other = (
        sample(rows, REGRESSION, max_rows=100, folds=3, seed=seed) for seed in (0, 0, 1)
    )

    assert len(first.target) == 100
    assert np.array_equal(first.target, second.target)
    assert not np.array_equal(first.target, other.target)


def test_a_sample_keeps_rows_of_the_rarest_class_for_every_fold() -> None:
    rows = matrix([0] * 5000 + [1] * 5000 + [2] * 4)

    drawn = sample(rows, THREE, max_rows=100, folds=3, seed=0)

    assert np.count_nonzero(drawn.target == 2) >= 3


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([0, 1, 2] * 3, "train/: 9 rows; expected at least 10"),
        ([0] * 9 + [1] * 9, "class 'middling' of 'price' has 0 of 18 rows; expected at least 2"),
        ([0] * 9 + [1] * 9 + [2], "class 'middling' of 'price' has 1 of 19 rows"),
    ],
)
def test_a_class_without_rows_to_learn_from_is_an_error(target: list[float], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_target(matrix(target).target, THREE)


def test_a_number_that_never_changes_is_an_error() -> None:
    with pytest.raises(ContractError, match="'price' is 7 in all 12 rows; expected values"):
        check_target(np.full(12, 7.0), REGRESSION)


def grouped(target: list[float], group: list[int], *, dtype: type = float) -> Matrix:
    features = np.arange(len(target), dtype=float).reshape(-1, 1)
    return Matrix(features, np.array(target, dtype=dtype), group=np.array(group))


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_no_group_is_on_both_sides_of_a_fold(task: str) -> None:
    group = [row // 4 for row in range(40)]
    target = [float(row % 2) for row in range(40)]
    problem = MadeData(task, by_group=True).problem
    rows = grouped(target, group, dtype=int if problem.classes else float)
    folds = make_folds(rows, problem, metric=choose_metric(None, problem), folds=3, seed=0)

    assert len(folds) == 3
    for fit, held_out in folds:
        assert not {group[row] for row in fit} & {group[row] for row in held_out}
    assert sorted(row for _, held_out in folds for row in held_out) == list(range(40))


def test_fewer_groups_than_folds_make_fewer_folds(caplog: pytest.LogCaptureFixture) -> None:
    problem = MadeData(by_group=True).problem
    rows = grouped([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1])
    folds = make_folds(rows, problem, metric=choose_metric(None, problem), folds=3, seed=0)

    assert len(folds) == 2
    assert "folds = 3, but 2 can be made" in caplog.text


def test_no_fold_is_scored_on_a_single_row_of_a_number() -> None:
    problem = MadeData(by_group=True).problem
    rows = grouped([float(row) for row in range(20)], [*range(20)])
    folds = make_folds(rows, problem, metric=choose_metric(None, problem), folds=20, seed=0)

    assert [len(held_out) for _, held_out in folds] == [2] * 10


def test_a_single_group_can_not_validate() -> None:
    problem = MadeData(by_group=True).problem
    with pytest.raises(ContractError, match="all rows are in one group"):
        make_folds(
            grouped([1.0, 2.0], [7, 7]),
            problem,
            metric=choose_metric(None, problem),
            folds=2,
            seed=0,
        )


def test_classes_that_are_groups_can_not_be_validated() -> None:
    problem = MadeData("binary", by_group=True).problem
    rows = grouped([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], dtype=int)
    with pytest.raises(ContractError, match="no fold by group has the classes"):
        make_folds(rows, problem, metric=choose_metric(None, problem), folds=2, seed=0)
