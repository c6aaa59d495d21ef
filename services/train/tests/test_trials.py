import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_data import MadeData
from modelling.model_selection.metrics import choose_metric
from modelling.model_selection.trials import Trial, best_of, rank, sample_hyperparameters

SPACE = {"depth": [3.0, 1.0, 2.0], "rate": [0.1, 0.2]}


def test_the_defaults_are_tried_first() -> None:
    first = sample_hyperparameters(SPACE, count=1, seed=5)

    assert first == [{"depth": 3.0, "rate": 0.1, "random_state": 5}]


@given(st.integers(1, 10), st.integers(0, 100))
def test_no_setting_is_tried_twice_and_no_more_than_there_are(count: int, seed: int) -> None:
    tried = sample_hyperparameters(SPACE, count=count, seed=seed)

    assert len(tried) == min(count, 6) == len({tuple(settings.items()) for settings in tried})


@pytest.mark.parametrize(("metric", "best"), [("r2", "high"), ("rmse", "low")])
def test_a_trial_that_was_given_up_is_never_the_best(metric: str, best: str) -> None:
    chosen = choose_metric(metric, MadeData("regression").problem)
    trials = [
        Trial("dummy", {}, 0.5, 0),
        Trial("lucky", {}, {"high": 0.99, "low": 0.01}[best], 0, pruned=True),
        Trial("high", {}, 0.9, 0),
        Trial("low", {}, 0.1, 0),
    ]

    ranked = rank(trials, chosen)

    assert best_of(ranked).name == best
    assert ranked[-1].name == "lucky"
