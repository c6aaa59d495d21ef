from hypothesis import given
from hypothesis import strategies as st
from made_data import MadeData
from modelling.trials import settings_to_try
from train.candidates import CANDIDATES
from train.plans import make_plan

SPACE = {"depth": [3.0, 1.0, 2.0], "rate": [0.1, 0.2]}
PROBLEM = MadeData("regression").problem
BOTH = ["gradient-boosting", "linear"]


def test_the_defaults_are_tried_first() -> None:
    first = settings_to_try(SPACE, count=1, seed=5)

    assert first == [{"depth": 3.0, "rate": 0.1, "random_state": 5}]


@given(st.integers(1, 10), st.integers(0, 100))
def test_no_setting_is_tried_twice_and_no_more_than_there_are(count: int, seed: int) -> None:
    tried = settings_to_try(SPACE, count=count, seed=seed)

    assert len(tried) == min(count, 6) == len({tuple(settings.items()) for settings in tried})


def test_candidates_take_turns_until_the_trials_are_used_up() -> None:
    plan = make_plan(BOTH, PROBLEM, rows=1000, trials=5, seed=0)

    assert {name: len(settings) for name, settings in plan.items()} == {
        "gradient-boosting": 3,
        "linear": 2,
    }


def test_a_small_space_leaves_its_share_to_the_others() -> None:
    plan = make_plan(BOTH, PROBLEM, rows=50_000, trials=20, seed=0)

    assert {name: len(settings) for name, settings in plan.items()} == {
        "gradient-boosting": 16,
        "linear": 4,
    }


def test_leaves_stay_small_where_rows_are_few() -> None:
    sizes = {
        rows: CANDIDATES["gradient-boosting"].space(PROBLEM, rows)["min_samples_leaf"]
        for rows in (10, 80, 400, 1000, 50_000)
    }

    assert sizes == {10: [1], 80: [2], 400: [5], 1000: [20, 5], 50_000: [20, 100, 500]}


def test_many_classes_take_fewer_iterations_of_a_tree_each() -> None:
    many = MadeData("three").problem.model_copy(update={"classes": list(range(50))})

    assert CANDIDATES["gradient-boosting"].space(many, 1000)["max_iter"] == [20, 40]
    assert CANDIDATES["gradient-boosting"].space(PROBLEM, 1000)["max_iter"] == [100, 200]
