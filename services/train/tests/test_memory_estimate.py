"""The memory estimate of train: it grows with the rows to fit, and its error message."""

import pytest
from conftest import LINEAR, TrainStage
from made_data import MadeData
from train.fitting.memory_estimate import check_memory


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The memory that is required, on two processors."""
    needs: list[int] = []
    monkeypatch.setattr(
        "train.fitting.memory_estimate.require_memory", lambda need, **_facts: needs.append(need)
    )
    monkeypatch.setattr("train.threads.MAX_PARALLEL_FITS", 2)
    return needs


def test_each_class_beyond_two_takes_memory_for_every_row_of_the_fits_at_once(
    asked: list[int],
) -> None:
    for classes in (0, 2, 3, 200):
        check_memory(rows=40_000, features=5, cv_rows=100_000, classes=classes)

    numbers, two, three, many = asked
    assert numbers == two
    assert three - two == 25 * 3 * 80_000
    # Measured: 406 MB more than nothing.
    assert many - two == 25 * 200 * 80_000


def test_beyond_the_sample_of_cross_validation_a_row_is_in_one_fit(asked: list[int]) -> None:
    for rows in (100_000, 1_000_000, 2_000_000):
        check_memory(rows=rows, features=10, cv_rows=100_000, classes=50)

    at_sample, ten_times, twenty_times = asked
    per_row = 10 * (4 + 17) + 25 * 50 + 200
    assert twenty_times - ten_times == per_row * 1_000_000
    assert ten_times - at_sample < per_row * 900_000


def test_classes_that_do_not_fit_are_refused_before_they_are_read(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish(MadeData("three"))
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)

    assert stage.run(LINEAR) == 78
    printed = stage.printed()
    assert "features and 3 classes needs about" in printed
    assert "or leave columns out (exclude in [features]) or lower cv_rows in [train]" in printed
    assert "or set target_encoding = false in [train.hyperparameters] of every candidate" in printed


def test_target_encoding_is_no_remedy_where_it_is_off(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish(MadeData("three"))
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)
    off = "[train.hyperparameters.linear]\ntarget_encoding = false"

    assert stage.run(f"{LINEAR}\n{off}") == 78
    assert "target_encoding" not in stage.printed()
