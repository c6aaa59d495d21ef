"""Shapley values against their definition, with functions of a few columns."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from serve.model.graph.shapley import MAX_RUNS, make_plan

type Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def by_definition(
    function: Function, row: NDArray[np.float64], background: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean effect of each column over all orders of the columns."""
    orders = [*itertools.permutations(range(len(row)))]
    total = np.zeros(len(row))
    for start, order in itertools.product(background, orders):
        along = [start]
        for column in order:
            along.append(np.where(np.arange(len(row)) == column, row, along[-1]))
        total[[*order]] += np.diff(function(np.array(along)))
    return total / (len(orders) * len(background))


def explained(
    function: Function, row: NDArray[np.float64], background: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    plan = make_plan(len(row), background_rows=len(background))
    return plan.attribute(function(np.where(plan.members, row, background[plan.background])))


def uneven(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a function with effects of one, two, three and four columns; steps as of trees."""
    steps = np.floor(3 * rows)
    return np.asarray(
        100 * np.sin(rows[:, 0])
        + steps[:, 1] * steps[:, 2] * 7
        + (rows[:, 0] > 0.5) * steps[:, 3] * rows[:, 2]
        + np.prod(1 + rows[:, :4], axis=1)
    )


@pytest.mark.parametrize("columns", [4, 5, 6])
def test_few_columns_have_the_shapley_values_of_the_definition(columns: int) -> None:
    random = np.random.default_rng(columns)
    row, background = random.random(columns), random.random((3, columns))

    base, found = explained(uneven, row, background)

    assert found == pytest.approx(by_definition(uneven, row, background), rel=1e-9, abs=1e-9)
    assert base == pytest.approx(uneven(background).mean())
    assert make_plan(columns, background_rows=3).method == "exact_shapley"


def test_effects_of_pairs_are_exact_for_many_columns() -> None:
    random = np.random.default_rng(1)
    columns = 20
    row, background = random.random(columns), random.random((16, columns))
    single, pairs = random.normal(size=columns), random.normal(size=(columns, columns))

    def quadratic(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(rows @ single + np.einsum("ni,ij,nj->n", rows, pairs, rows))

    both = pairs + pairs.T
    difference = row - background
    expected = (difference * (single + (row + background) @ both / 2)).mean(axis=0)
    base, found = explained(quadratic, row, background)

    assert make_plan(columns, background_rows=16).method == "permutation_shapley"
    assert found == pytest.approx(expected, rel=1e-9)
    assert base + found.sum() == pytest.approx(quadratic(row[None])[0], rel=1e-12)


def test_sampled_values_are_near_those_of_the_definition() -> None:
    random = np.random.default_rng(2)
    row, background = random.random(8), random.random((16, 8))
    masks = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)
    means = np.mean([uneven(np.where(masks, row, start)) for start in background], axis=0)
    exact = np.zeros(8)
    for player, mask in itertools.product(range(8), range(256)):
        if not mask >> player & 1:
            size = masks[mask].sum()
            weight = 1 / (8 * [1, 7, 21, 35, 35, 21, 7, 1][size])
            exact[player] += weight * (means[mask | 1 << player] - means[mask])

    _base, found = explained(uneven, row, background)

    assert np.abs(found - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("columns", [3, 30])
def test_columns_that_act_alike_have_equal_values_and_an_unused_one_has_zero(columns: int) -> None:
    random = np.random.default_rng(3)
    row, background = random.random(columns), random.random((16, columns))
    row[1], background[:, 1] = row[0], background[:, 0]

    _base, found = explained(lambda rows: rows[:, 0] * rows[:, 1], row, background)

    assert found[0] == pytest.approx(found[1], rel=1e-9)
    assert (found[2:] == 0).all()


@pytest.mark.parametrize("columns", [1, 2, 7, 8, 30, 31, 32, 100, 200, 1000, 1500])
@pytest.mark.parametrize("background_rows", [1, 2, 5, 16])
def test_the_number_of_runs_is_bounded(columns: int, background_rows: int) -> None:
    plan = make_plan(columns, background_rows=background_rows)

    assert plan.runs <= max(MAX_RUNS, 2 * (columns + 1))
    assert plan.members.shape == (plan.runs, columns)
    counts = np.bincount(plan.background)
    assert len(counts) <= background_rows


def test_a_plan_is_the_same_each_time() -> None:
    first, second = (make_plan(40, background_rows=16) for _ in range(2))

    assert (first.members == second.members).all()


def test_each_background_row_is_used_equally_often() -> None:
    for rows in (1, 2, 4, 8, 16):
        plan = make_plan(20, background_rows=rows)
        assert len({*np.bincount(plan.background).tolist()}) == 1
