"""A replay of a search that the time budget ended has the same number of trials."""

import json
from pathlib import Path

import pytest
from conftest import TrainStage
from made_data import MadeData
from train.search.time_budget import TimeBudget

CUT = 'candidates = ["linear"]\ntrials = 9\nbudget = "1s"'


def allow(monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """Replace the clock by one that has time for this number of rounds."""
    done: list[None] = []
    monkeypatch.setattr(
        "train.search.time_budget.TimeBudget.end_round", lambda _clock, **_: done.append(None)
    )
    monkeypatch.setattr(
        "train.search.time_budget.TimeBudget.has_time",
        lambda time_budget, **_: time_budget.budget_seconds is None or len(done) < rounds,
    )


@pytest.fixture
def cut(stage: TrainStage, monkeypatch: pytest.MonkeyPatch) -> TrainStage:
    """The stage with a model whose search the budget ended after two rounds."""
    stage.build()
    allow(monkeypatch, 2)
    stage.train(MadeData("regression"), CUT)
    return stage


def test_what_time_cut_short_is_recorded(cut: TrainStage) -> None:
    names = [trial["name"] for trial in cut.document()["candidates"]]

    assert cut.document()["search"] == {"trials": 5, "cut": True}
    assert sorted(names) == ["dummy", *["linear"] * 5]
    assert "the budget of 1 s ended the search after 5 trials" in cut.printed()
    run = json.loads((cut.artifact().path / "run.json").read_bytes())
    assert run["search_seconds"] >= 0


def test_a_forced_run_makes_as_many_trials_and_gives_the_same_bytes(
    cut: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, 3)

    assert cut.run(CUT, "--force") == 0, cut.printed()
    assert "runs 5 trials regardless of the time budget" in cut.printed()
    assert cut.document()["search"] == {"trials": 5, "cut": True}


def test_on_another_volume_the_one_to_replay_tells_how_many(
    cut: TrainStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = cut.artifact()
    allow(monkeypatch, 1)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("STAGE_OUT", str(scratch))
    monkeypatch.setenv("STAGE_REPLAY", str(before.path.parent))

    assert cut.run(CUT) == 0, cut.printed()
    again = json.loads((scratch / before.id / "manifest.json").read_bytes())
    assert again["content"] == before.content


def test_with_another_clock_and_nothing_to_replay_a_budget_may_give_another_model(
    cut: TrainStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    allow(monkeypatch, 3)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("STAGE_OUT", str(scratch))

    assert cut.run(CUT) == 0, cut.printed()
    model = json.loads((scratch / cut.artifact().id / "model.json").read_bytes())
    assert model["search"] == {"trials": 9, "cut": False}


def test_a_budget_that_was_spent_is_no_reason_to_run_again(cut: TrainStage) -> None:
    assert cut.run(CUT) == 0
    assert "unchanged: model" in cut.printed()


@pytest.mark.parametrize("rounds", [1, 3])
def test_of_two_runs_at_once_the_first_to_end_wins_whichever_had_more_time(
    cut: TrainStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rounds: int
) -> None:
    first = cut.artifact()
    aside = first.path.rename(tmp_path / "not yet published")

    def publish_meanwhile(_clock: TimeBudget, **_facts: object) -> bool:
        # The other run, with the same cause, ends while this one is at work.
        if aside.exists():
            aside.rename(first.path)
        return rounds > 1

    monkeypatch.setattr("train.search.time_budget.TimeBudget.has_time", publish_meanwhile)

    assert cut.run(CUT) == 0, cut.printed()
    assert (
        "other bytes than a concurrent run, due to the time budget; the first result stays: model"
        in cut.printed()
    )
    assert cut.artifact().manifest == first.manifest
    cut.artifact().verify()
