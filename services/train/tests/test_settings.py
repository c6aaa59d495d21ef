import pytest
from pydantic import ValidationError
from train.settings import Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trials": 1}, "trials = 1: expected one for each of 2 candidates at least"),
        ({"candidates": []}, "at least 1 item"),
        ({"candidates": ["linear", "linear"]}, "expected each candidate once"),
        ({"candidates": ["forest"]}, "gradient-boosting"),
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
