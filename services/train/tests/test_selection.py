from collections.abc import Sequence

import numpy as np
import pytest
from made_data import MadeData
from modelling.data.matrices import Matrix
from modelling.model_selection.folds import make_folds
from modelling.model_selection.metrics import choose_metric
from modelling.model_selection.trials import BASELINE, Trial
from train.candidates.allow_list import CANDIDATES
from train.search.proposals import Proposals
from train.search.scoring import CrossValidation
from train.search.selection import HyperparameterSearch
from train.search.time_budget import TimeBudget
from train.settings import CANDIDATE_NAMES, Settings
from train.threads import one_thread

BOTH = ("gradient-boosting", "linear")


def cross_validation(task: str, metric: str, *, rows: int = 60) -> CrossValidation:
    problem = MadeData(task).problem
    random = np.random.default_rng(0)
    features = random.normal(size=(rows, len(problem.features)))
    value = features[:, 0] + 0.1 * random.normal(size=rows)
    target = value if task == "regression" else np.digitize(value, [-0.5, 0.5])
    matrix = Matrix(features, target, None)
    chosen = choose_metric(metric, problem)
    folds = make_folds(matrix, problem, metric=chosen, folds=3, seed=0)
    return CrossValidation(problem, matrix, folds, chosen)


def selection(
    of: CrossValidation,
    names: Sequence[str] = ("linear",),
    *,
    time_budget: TimeBudget | None = None,
    is_timed: bool = False,
) -> HyperparameterSearch:
    rows = len(of.rows.target)
    settings = Settings(candidates=[*names], budget="1m" if is_timed else None)
    proposals = Proposals(of.problem, rows=rows, metric=of.metric, settings=settings)
    return HyperparameterSearch(of, proposals, rows, time_budget or TimeBudget())


def search(
    of: CrossValidation, names: Sequence[str] = ("linear",), *, trials: int = 2
) -> list[Trial]:
    return selection(of, names).run(trials=trials)[0]


def test_the_best_score_is_first_whichever_way_the_metric_goes() -> None:
    up = search(cross_validation("regression", "r2"))
    down = search(cross_validation("regression", "rmse"))

    names = ["linear", "linear", BASELINE]
    assert [trial.name for trial in up] == [trial.name for trial in down] == names
    assert up[0].score > up[1].score > up[2].score
    assert down[0].score < down[1].score < down[2].score


def test_a_trial_is_the_mean_of_its_folds_with_their_deviation() -> None:
    found = search(cross_validation("regression", "r2"), trials=1)[0]

    assert 0.95 < found.score < 1
    assert 0 < found.deviation < 0.05


def test_fits_side_by_side_give_the_same_as_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for at_once in (1, 8):
        monkeypatch.setattr("train.threads.MAX_PARALLEL_FITS", at_once)
        found.append(search(cross_validation("three", "log_loss"), CANDIDATE_NAMES, trials=6))

    assert found[0] == found[1]


def test_a_class_that_a_fold_has_not_seen_gets_no_probability() -> None:
    problem = MadeData("three").problem
    target = np.array([0, 1] * 6 + [2] * 6)
    rows = Matrix(
        np.arange(18.0)[:, np.newaxis] * np.ones(len(problem.features)), target, np.arange(18.0)
    )
    metric = choose_metric("accuracy", problem)
    folds = make_folds(rows, problem, metric=metric, folds=2, seed=0)

    trials = search(CrossValidation(problem, rows, folds, metric), CANDIDATE_NAMES, trials=4)

    assert len(folds) == 2
    assert {trial.score for trial in trials} <= {0.0, 0.25, 0.5}


def test_boosting_makes_as_many_iterations_as_the_folds_found_best() -> None:
    of = cross_validation("regression", "rmse", rows=400)
    (found,) = [t for t in search(of, ["gradient-boosting"], trials=1) if t.name != BASELINE]

    scores = {}
    for iterations in (10, int(found.hyperparameters["max_iter"]), 400):
        settings = found.hyperparameters | {"max_iter": iterations}
        errors = []
        for fitted, held_out in of.folds:
            estimator = CANDIDATES["gradient-boosting"].build(of.problem, settings)
            with one_thread():
                estimator.fit(of.rows.features[fitted], of.rows.target[fitted])
                off = estimator.predict(of.rows.features[held_out]) - of.rows.target[held_out]
            errors.append(np.sqrt((off**2).mean()))
        scores[iterations] = np.mean(errors)

    assert 10 < found.hyperparameters["max_iter"] < 400
    assert min(scores, key=scores.__getitem__) == found.hyperparameters["max_iter"]
    # A fold that stopped before stays where it was.
    assert found.score == pytest.approx(scores[int(found.hyperparameters["max_iter"])], rel=0.02)


def test_a_trial_that_is_behind_on_the_first_fold_is_given_up_where_rows_are_many() -> None:
    many = search(cross_validation("regression", "rmse", rows=2_000), trials=9)
    few = search(cross_validation("regression", "rmse", rows=1_998), trials=9)

    given_up = [trial for trial in many if trial.pruned]
    assert given_up
    assert not any(trial.pruned for trial in few)
    assert all(trial.deviation == 0 for trial in given_up)
    assert [trial.pruned for trial in many] == sorted(trial.pruned for trial in many)


class Watch(TimeBudget):
    """A clock that allows some rounds."""

    def __init__(self, rounds: int) -> None:
        super().__init__(60.0)
        self.left = rounds

    def end_round(self, *, trials: int) -> None:
        assert trials in {1, 4}
        self.left -= 1

    def has_time(self, *, trials: int, final_fit_seconds: float) -> bool:
        assert trials > 0
        assert final_fit_seconds > 0
        return self.left > 0


@pytest.mark.parametrize(("rounds", "trials"), [(1, 1), (2, 2), (3, 6), (4, 7)])
def test_what_time_cut_short_is_the_same_as_so_many_trials(rounds: int, trials: int) -> None:
    of = cross_validation("three", "log_loss")
    cut, how_far = selection(of, BOTH, time_budget=Watch(rounds), is_timed=True).run(trials=7)

    asked, whole = selection(of, BOTH, is_timed=True).run(trials=trials)

    assert cut == asked
    assert (how_far.trials, how_far.cut) == (trials, trials < 7)
    assert (whole.trials, whole.cut) == (trials, False)
