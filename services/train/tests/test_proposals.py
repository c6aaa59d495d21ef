from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from made_data import MadeData
from modelling.data.problem import Problem
from modelling.model_selection.metrics import choose_metric
from modelling.model_selection.trials import Trial
from optuna.trial import create_trial
from train.candidates import gradient_boosting
from train.candidates.allow_list import CANDIDATES
from train.search.proposals import Proposal, Proposals
from train.settings import CANDIDATE_NAMES, Settings

PROBLEM = MadeData("regression").problem
BOTH = ["gradient-boosting", "linear"]

type Judge = Callable[[Proposal], float]


def proposals(names: list[str], *, metric: str = "r2", seed: int = 0) -> Proposals:
    chosen = choose_metric(metric, PROBLEM)
    settings = Settings(candidates=names, seed=seed)
    return Proposals(PROBLEM, rows=1000, metric=chosen, settings=settings)


def play(found: Proposals, judge: Judge, *, rounds: int, size: int = 4) -> list[Proposal]:
    """Return the proposals of rounds whose scores were recorded."""
    played = []
    for number in range(rounds):
        asked = found.ask(size if number else found.candidates)
        for proposal in asked:
            score = judge(proposal)
            found.tell(proposal, Trial(proposal.name, proposal.hyperparameters, score, 0))
        played += asked
    return played


def by_name(scores: Mapping[str, float]) -> Judge:
    return lambda proposal: scores[proposal.name]


def test_the_list_in_the_settings_is_the_list_of_candidates() -> None:
    assert tuple(CANDIDATES) == CANDIDATE_NAMES


def test_the_defaults_of_each_candidate_come_first_in_their_order() -> None:
    asked = proposals([*CANDIDATE_NAMES]).ask(len(CANDIDATE_NAMES))

    assert [proposal.name for proposal in asked] == [*CANDIDATE_NAMES]
    for proposal in asked:
        space = CANDIDATES[proposal.name].space(PROBLEM, 1000, {})
        expected = space.starting_points[0] | space.fixed | {"random_state": 0}
        assert proposal.hyperparameters == expected


@pytest.mark.parametrize(("metric", "leader"), [("r2", "linear"), ("rmse", "gradient-boosting")])
def test_the_best_so_far_has_three_turns_of_four(metric: str, leader: str) -> None:
    judge = by_name({"gradient-boosting": 0.1, "linear": 0.2})

    played = play(proposals(BOTH, metric=metric), judge, rounds=4)

    counts = Counter(proposal.name for proposal in played[2:])
    assert counts[leader] == 9
    assert counts.total() == 12


def test_the_others_share_the_fourth_turn() -> None:
    judge = by_name(dict.fromkeys(CANDIDATE_NAMES, 0.1) | {"linear": 0.2})

    played = play(proposals([*CANDIDATE_NAMES]), judge, rounds=4)

    assert Counter(proposal.name for proposal in played[4:]) == {
        "linear": 9,
        "gradient-boosting": 1,
        "random-forest": 1,
        "extra-trees": 1,
    }


def test_equal_scores_give_equal_proposals_and_another_seed_gives_others() -> None:
    def judge(proposal: Proposal) -> float:
        return -abs(np.log(float(proposal.hyperparameters["alpha"])) - 2)

    runs = [play(proposals(["linear"], seed=seed), judge, rounds=5) for seed in (1, 1, 2)]

    first, again, other = [[p.hyperparameters["alpha"] for p in played] for played in runs]
    assert first == again
    # The defaults, with and without target encoding.
    assert first[:2] == other[:2] == [1.0, 1.0]
    assert set(first[2:]).isdisjoint(other[2:])


def test_a_shorter_last_round_proposes_the_same_as_a_whole_one() -> None:
    """Fewer trials equal the first trials of a longer search."""
    whole, shorter = (proposals(["linear"]) for _ in range(2))
    for found in (whole, shorter):
        play(found, lambda proposal: float(proposal.hyperparameters["alpha"]), rounds=3)

    more, fewer = (
        [p.hyperparameters for p in found.ask(n)] for found, n in [(whole, 4), (shorter, 2)]
    )

    assert fewer == more[:2]


def test_what_did_well_is_tried_more_closely() -> None:
    def distance(proposal: Proposal) -> float:
        return abs(np.log10(float(proposal.hyperparameters["alpha"])) - 3)

    played = play(proposals(["linear"], metric="rmse"), distance, rounds=11)

    assert np.median([distance(p) for p in played[-12:]]) < np.median(
        [distance(p) for p in played[1:6]]
    )


def test_a_trial_that_was_given_up_leads_nothing() -> None:
    found = proposals(BOTH)
    gradient_boosting, linear = found.ask(2)
    found.tell(gradient_boosting, Trial(gradient_boosting.name, {}, 0.5, 0))
    found.tell(linear, Trial(linear.name, {}, 0.9, 0, pruned=True))

    assert [proposal.name for proposal in found.ask(3)] == ["gradient-boosting"] * 3


def test_leaves_stay_small_where_rows_are_few() -> None:
    space = CANDIDATES["gradient-boosting"].space

    firsts = {
        rows: space(PROBLEM, rows, {}).starting_points[0]["min_samples_leaf"]
        for rows in (10, 80, 400, 50_000)
    }

    assert firsts == {10: 1, 80: 2, 400: 10, 50_000: 20}


@pytest.mark.parametrize("classes", [2, 50, 1000])
@pytest.mark.parametrize("rows", [10, 300, 50_000])
@pytest.mark.parametrize("name", CANDIDATE_NAMES)
def test_the_first_values_lie_in_their_ranges(name: str, rows: int, classes: int) -> None:
    problem: Problem = MadeData("three").problem.model_copy(
        update={"classes": list(range(classes))}
    )
    space = CANDIDATES[name].space(problem, rows, {})

    for first in space.starting_points:
        # Raises ValueError where one does not.
        create_trial(params=first, distributions=dict(space.varied), value=0.0)


@pytest.mark.parametrize(
    ("classes", "leaves", "most"), [(None, 31, 1000), (2, 128, 468), (3, 64, 312), (10, 20, 300)]
)
def test_where_time_is_given_boosting_may_go_on_as_far_as_a_server_admits(
    classes: int | None, leaves: int, most: int
) -> None:
    problem = PROBLEM.model_copy(update={"classes": classes and list(range(classes))})
    found = {"max_iter": 300, "max_leaf_nodes": leaves}

    assert gradient_boosting.prolong(found, problem) == found | {"max_iter": most}


def test_only_where_time_is_given() -> None:
    metric = choose_metric("r2", PROBLEM)
    plain, timed = (
        Proposals(PROBLEM, rows=99, metric=metric, settings=Settings(budget=budget))
        for budget in (None, "2m")
    )

    assert plain.ask(1)[0].hyperparameters["max_iter"] == 300
    assert timed.ask(1)[0].hyperparameters["max_iter"] == 1000


def test_many_classes_take_fewer_iterations_of_a_tree_each_and_forests_fewer_leaves() -> None:
    many = MadeData("three").problem.model_copy(update={"classes": list(range(50))})

    def fixed(name: str, problem: Problem) -> float:
        found = CANDIDATES[name].space(problem, 1000, {}).fixed
        return found.get("max_iter") or found["max_leaf_nodes"]

    assert fixed("gradient-boosting", many) * 5 == fixed("gradient-boosting", PROBLEM)
    assert fixed("extra-trees", many) * 30 < fixed("extra-trees", PROBLEM)
