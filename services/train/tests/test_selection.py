import numpy as np
from made_data import MadeData
from modelling.folds import make_folds
from modelling.matrices import Matrix
from modelling.metrics import choose_metric
from modelling.trials import DUMMY
from train.selection import Contest


def contest(task: str, metric: str) -> Contest:
    problem = MadeData(task).problem
    random = np.random.default_rng(0)
    features = random.normal(size=(60, len(problem.features)))
    value = features[:, 0] + 0.1 * random.normal(size=60)
    target = value if task == "regression" else np.digitize(value, [-0.5, 0.5])
    rows = Matrix(features, target, None)
    chosen = choose_metric(metric, problem)
    folds = make_folds(rows, problem, metric=chosen, folds=3, seed=0)
    return Contest(problem, rows, folds, chosen)


def test_the_best_score_is_first_whichever_way_the_metric_goes() -> None:
    plan = {"linear": [{"alpha": 1.0}, {"alpha": 1e6}]}

    up = contest("regression", "r2").run(plan)
    down = contest("regression", "rmse").run(plan)

    assert (
        [trial.name for trial in up]
        == [trial.name for trial in down]
        == ["linear", "linear", DUMMY]
    )
    assert up[0].score > up[1].score > up[2].score
    assert down[0].score < down[1].score < down[2].score


def test_a_trial_is_the_mean_of_its_folds_with_their_deviation() -> None:
    found = contest("regression", "r2").run({"linear": [{"alpha": 1.0}]})[0]

    assert 0.95 < found.score < 1
    assert 0 < found.deviation < 0.05


def test_fits_side_by_side_give_the_same_as_one_after_the_other() -> None:
    plan = {"gradient-boosting": [{"max_iter": i, "min_samples_leaf": 5} for i in (5, 10, 20)]}

    assert contest("three", "log_loss").run(plan) == contest("three", "log_loss").run(plan)


def test_a_class_that_a_fold_has_not_seen_gets_no_probability() -> None:
    problem = MadeData("three").problem
    target = np.array([0, 1] * 6 + [2] * 6)
    rows = Matrix(
        np.arange(18.0)[:, np.newaxis] * np.ones(len(problem.features)), target, np.arange(18.0)
    )
    metric = choose_metric("accuracy", problem)
    folds = make_folds(rows, problem, metric=metric, folds=2, seed=0)

    trials = Contest(problem, rows, folds, metric).run({"linear": [{"C": 1.0}]})

    assert len(folds) == 2
    assert {trial.score for trial in trials} <= {0.0, 0.25, 0.5}
