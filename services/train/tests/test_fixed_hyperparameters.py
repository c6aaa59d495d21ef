"""Fixed hyperparameters, while the others are searched."""

from collections.abc import Mapping
from typing import Any

import pytest
from conftest import TrainStage
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import MadeData
from modelling.data.problem import Problem
from modelling.model_selection.metrics import choose_metric
from modelling.model_selection.trials import Trial
from stage_contract import SettingsError
from train.candidates.allow_list import CANDIDATES
from train.candidates.search_spaces import count
from train.search.fixed_hyperparameters import check_fixed_hyperparameters, remaining_space
from train.search.proposals import Proposal, Proposals
from train.settings import CANDIDATE_NAMES, Settings

NUMBERS = MadeData("regression").problem
CLASSES = MadeData("three").problem
COUNTS = st.integers(1, 60)
SHARES = st.floats(0.01, 1)
STRENGTHS = st.floats(1e-6, 1e6)
FOREST = {
    "n_estimators": COUNTS,
    "max_leaf_nodes": st.integers(2, 100),
    "min_samples_leaf": COUNTS,
    "max_features": SHARES,
}
VALUES: Mapping[str, Mapping[str, st.SearchStrategy[float]]] = {
    "gradient-boosting": {
        "max_iter": COUNTS,
        "learning_rate": SHARES,
        "max_leaf_nodes": st.integers(2, 100),
        "min_samples_leaf": COUNTS,
        "l2_regularization": STRENGTHS,
        "max_features": SHARES,
    },
    "linear": {"C": STRENGTHS, "max_iter": COUNTS},
    "random-forest": FOREST | {"max_samples": SHARES},
    "extra-trees": FOREST | {"bootstrap": st.booleans()},
}
ALL_OF_BOOSTING = """
[train.hyperparameters.gradient-boosting]
max_iter = 30
learning_rate = 0.2
max_leaf_nodes = 7
min_samples_leaf = 4
l2_regularization = 0
max_features = 0.9
"""


def held_of(name: str) -> st.SearchStrategy[tuple[str, dict[str, float]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries({}, optional=dict(VALUES[name])))


def wish(held: Mapping[str, Mapping[str, Any]], **others: Any) -> Settings:
    return Settings.model_validate({"hyperparameters": held} | others)


def proposals(wished: Settings, *, problem: Problem = NUMBERS, rows: int = 1000) -> Proposals:
    metric = choose_metric(None, problem)
    return Proposals(problem, rows=rows, metric=metric, settings=wished)


def play(found: Proposals, trials: int) -> list[Proposal]:
    """Return proposals; each new score is the best so far."""
    played = []
    for number in range(found.limit_trials(trials)):
        (proposal,) = found.ask(1)
        found.tell(proposal, Trial(proposal.name, proposal.hyperparameters, number, 0))
        played.append(proposal)
    return played


@settings(max_examples=30, deadline=None)
@given(
    held=st.sampled_from(CANDIDATE_NAMES).flatmap(held_of), rows=st.sampled_from([60, 1000, 40_000])
)
def test_a_held_value_is_in_every_trial(held: tuple[str, dict[str, float]], rows: int) -> None:
    name, values = held
    found = proposals(wish({name: values}, candidates=[name]), problem=CLASSES, rows=rows)

    for proposal in play(found, 8):
        assert proposal.hyperparameters.items() >= values.items()


def test_what_is_not_held_is_searched_as_before() -> None:
    played = play(proposals(wish({"gradient-boosting": {"max_leaf_nodes": 12}})), 12)

    boosted = [p.hyperparameters for p in played if p.name == "gradient-boosting"]
    others = [p.hyperparameters for p in played if p.name != "gradient-boosting"]
    assert {found["max_leaf_nodes"] for found in boosted} == {12}
    assert len({found["learning_rate"] for found in boosted}) > 2
    assert all(found.get("max_leaf_nodes") != 12 for found in others)


def test_nothing_changes_where_nothing_is_held() -> None:
    absent, empty = proposals(Settings()), proposals(wish({"linear": {}}))

    assert [p.hyperparameters for p in play(absent, 12)] == [
        p.hyperparameters for p in play(empty, 12)
    ]


def test_first_settings_that_become_the_same_are_tried_once() -> None:
    held = {
        "max_leaf_nodes": 10,
        "min_samples_leaf": 9,
        "l2_regularization": 1,
        "max_features": 1.0,
        "target_encoding": True,
    }
    rates = remaining_space("gradient-boosting", NUMBERS, rows=1000, given=held).starting_points

    assert rates == [{"learning_rate": 0.1}, {"learning_rate": 0.05}]


def test_what_has_nothing_left_to_vary_is_tried_once_and_the_others_share_the_rest() -> None:
    held = {"linear": {"alpha": 3.0}}
    both = proposals(wish(held, candidates=["linear", "gradient-boosting"]))
    alone = proposals(wish(held, candidates=["linear"]))

    assert [p.name for p in play(both, 9)] == ["linear", *["gradient-boosting"] * 8]
    assert [p.hyperparameters["alpha"] for p in play(alone, 9)] == [3.0]


def test_a_range_of_one_value_is_nothing_to_vary() -> None:
    """With few rows, the range of min_samples_leaf is only 1."""
    found = proposals(
        wish({"random-forest": {"max_features": 0.3}}, candidates=["random-forest"]), rows=900
    )

    assert [p.hyperparameters["min_samples_leaf"] for p in play(found, 9)] == [1]


def test_held_iterations_are_not_prolonged_where_time_is_given() -> None:
    held = {"gradient-boosting": {"max_iter": 100}}

    plain, leaves = (
        proposals(wish(of, budget="2m")).ask(1)[0].hyperparameters["max_iter"]
        for of in (held, {"gradient-boosting": {"max_leaf_nodes": 100}})
    )

    assert plain == 100
    # As many as a server holds of trees that large.
    assert leaves == 600


@pytest.mark.parametrize(
    ("name", "held", "beside"),
    [
        ("gradient-boosting", {"max_leaf_nodes": 1000}, {"max_iter": 60}),
        ("gradient-boosting", {"max_leaf_nodes": 60_000}, {"max_iter": 1}),
        ("gradient-boosting", {"max_leaf_nodes": 2}, {"max_iter": 300}),
        ("random-forest", {"n_estimators": 200}, {"max_leaf_nodes": 100}),
        ("random-forest", {"max_leaf_nodes": 1000}, {"n_estimators": 20}),
        ("extra-trees", {"n_estimators": 10}, {"max_leaf_nodes": 400}),
        ("extra-trees", {"max_samples": 0.5}, {"bootstrap": True}),
        ("extra-trees", {}, {"bootstrap": False}),
    ],
)
def test_what_is_not_held_makes_room_for_what_is(
    name: str, held: dict[str, float], beside: dict[str, float]
) -> None:
    space = remaining_space(name, NUMBERS, rows=1000, given=held)

    assert space.fixed.items() >= beside.items()


def test_held_iterations_leave_so_many_leaves_to_choose_from() -> None:
    few, many = (
        remaining_space("gradient-boosting", NUMBERS, rows=1000, given={"max_iter": number})
        for number in (1, 3000)
    )

    assert few.varied["max_leaf_nodes"] == count(8, 128)
    assert many.varied["max_leaf_nodes"] == count(8, 20)
    assert max(first["max_leaf_nodes"] for first in many.starting_points) == 20


def test_extra_trees_that_see_all_of_many_rows_have_no_sample() -> None:
    assert "max_samples" in remaining_space("extra-trees", NUMBERS, rows=40_000, given={}).fixed
    space = remaining_space("extra-trees", NUMBERS, rows=40_000, given={"bootstrap": False})

    assert "max_samples" not in space.fixed


@pytest.mark.parametrize(
    ("problem", "held", "message"),
    [
        (
            NUMBERS,
            {"gradient-boosting": {"max_iter": 1000, "max_leaf_nodes": 61}},
            "max_iter = 1000 and max_leaf_nodes = 61 are 61,000 leaves in all; expected 60,000 at",
        ),
        (NUMBERS, {"gradient-boosting": {"max_iter": 7501}}, "max_leaf_nodes = 8 are 60,008"),
        (
            CLASSES,
            {"gradient-boosting": {"max_iter": 1000, "max_leaf_nodes": 21}},
            "max_leaf_nodes = 21 for each of 3 classes are 63,000",
        ),
        (NUMBERS, {"extra-trees": {"n_estimators": 3000}}, "extra-trees: n_estimators = 3000"),
        (NUMBERS, {"random-forest": {"max_leaf_nodes": 20_001}}, "20,001 leaves in all"),
        (
            NUMBERS,
            {"linear": {"C": 1.0}},
            r"\[train\] hyperparameters.linear.C is none of regression; expected one of alpha",
        ),
        (CLASSES, {"linear": {"alpha": 1.0}}, "alpha is none of classification; expected one of C"),
    ],
)
def test_what_does_not_fit_the_task_or_a_server_is_refused(
    problem: Problem, held: Mapping[str, Mapping[str, float]], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        check_fixed_hyperparameters(wish(held), problem, rows=1000)


@pytest.mark.parametrize("classes", [0, 2, 50, 1000])
@pytest.mark.parametrize("name", CANDIDATE_NAMES)
def test_the_usual_values_may_be_held(name: str, classes: int) -> None:
    problem = CLASSES.model_copy(update={"classes": list(range(classes)) or None})
    space = CANDIDATES[name].space(problem, 50_000, {})
    usual = space.starting_points[0] | space.fixed

    check_fixed_hyperparameters(wish({name: usual}), problem, rows=50_000)


@pytest.mark.parametrize("most", [1, 5, 30])
def test_the_folds_choose_of_few_iterations_too(stage: TrainStage, most: int) -> None:
    stage.train(
        MadeData("binary"),
        'candidates = ["gradient-boosting"]\ntrials = 2\ngate = {better_than_dummy = false}\n'
        f"[train.hyperparameters]\ngradient-boosting.max_iter = {most}",
    )
    made = [
        trial["hyperparameters"]["max_iter"]
        for trial in stage.document()["candidates"]
        if trial["name"] != "dummy"
    ]

    assert len(made) == 2
    assert all(1 <= iterations <= most for iterations in made)


def test_the_model_has_what_is_held_and_a_forced_run_gives_the_same_bytes(
    stage: TrainStage,
) -> None:
    stage.build()
    wished = f'candidates = ["gradient-boosting"]\nbudget = "1m"\n{ALL_OF_BOOSTING}'
    stage.train(MadeData("regression"), wished)
    model = stage.document()
    held = {"learning_rate": 0.2, "max_leaf_nodes": 7, "min_samples_leaf": 4}

    assert model["estimator"]["hyperparameters"].items() >= held.items()
    assert 1 <= model["estimator"]["hyperparameters"]["max_iter"] <= 30
    assert model["search"] == {"trials": 1, "cut": False}
    assert "all hyperparameters are fixed, so it has one of the 12" in stage.printed()
    assert stage.run(wished, "--force") == 0, stage.printed()
    assert "runs 1 trials regardless of the time budget" in stage.printed()
    report = stage.artifact().file("report.html").read_text(encoding="utf-8")
    assert "hyperparameters = {" in report
