import time

import pytest
from train.search.time_budget import TimeBudget


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list whose only item is the time."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def after_rounds(hands: list[float], *seconds: float, budget: float | None) -> TimeBudget:
    time_budget = TimeBudget(budget, round_started=hands[0])
    for spent in seconds:
        hands[0] += spent
        time_budget.end_round(trials=2)
    return time_budget


def test_without_a_budget_there_is_always_time(hands: list[float]) -> None:
    assert after_rounds(hands, 1e6, budget=None).has_time(trials=4, final_fit_seconds=1e6)


@pytest.mark.parametrize(
    ("rounds", "last_fit", "has_time"),
    [
        ([10], 0, True),
        ([10], 40, True),
        ([10], 41, False),
        ([31], 0, False),
        ([10, 5, 10], 25, True),
        ([10, 5, 10], 26, False),
        # What came before the last three is forgotten.
        ([20, 5, 5, 5], 20, True),
        ([20, 5, 5, 5], 21, False),
    ],
)
def test_a_round_and_the_last_fit_must_end_in_time(
    hands: list[float], rounds: list[float], last_fit: float, *, has_time: bool
) -> None:
    time_budget = after_rounds(hands, *rounds, budget=60)

    assert time_budget.has_time(trials=2, final_fit_seconds=last_fit) is has_time


def test_a_larger_round_takes_longer(hands: list[float]) -> None:
    time_budget = after_rounds(hands, 10, budget=60)

    assert time_budget.has_time(trials=10, final_fit_seconds=0)
    assert not time_budget.has_time(trials=11, final_fit_seconds=0)


def test_the_first_round_has_time(hands: list[float]) -> None:
    assert after_rounds(hands, budget=1).has_time(trials=4, final_fit_seconds=100)
