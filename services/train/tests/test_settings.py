import pytest
from pydantic import ValidationError
from train.settings import Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"candidates": ["linear", "extra-trees"], "trials": 1},
            "trials = 1: expected one for each of 2 candidates at least",
        ),
        ({"candidates": []}, "at least 1 item"),
        ({"candidates": ["linear", "linear"]}, "expected each candidate once"),
        (
            {"candidates": ["svm"]},
            "'svm' is not one of gradient-boosting, linear, random-forest, extra-trees; only",
        ),
        ({"budget": "2 minutes"}, 'expected a time, such as "90s", "2m" or "1h"'),
        ({"budget": "0s"}, "expected a time"),
        ({"budget": 120}, "string"),
        ({"metric": "auc"}, "roc_auc"),
        ({"folds": 1}, "greater than or equal to 2"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"minutes": 5}, "Extra inputs"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate(settings)


def test_one_trial_is_enough_for_one_candidate() -> None:
    assert Settings.model_validate({"candidates": ["linear"], "trials": 1}).trials == 1


def test_of_the_default_candidates_the_first_ones_do_with_fewer_trials() -> None:
    assert Settings.model_validate({"trials": 1}).trials == 1


@pytest.mark.parametrize(
    ("budget", "seconds"), [("90s", 90.0), ("2m", 120.0), ("1h", 3600.0), (None, None)]
)
def test_a_budget_is_a_time(budget: str | None, seconds: float | None) -> None:
    assert Settings.model_validate({"budget": budget}).budget_seconds == seconds
