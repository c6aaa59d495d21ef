"""Learning curves: the point with the best mean of the folds, for any metric."""

import pytest
from made_data import MadeData
from modelling.model_selection.metrics import choose_metric
from train.search.learning_curves import best_point, scores_at

PROBLEM = MadeData("regression").problem


@pytest.mark.parametrize(
    ("metric", "curves", "look"),
    [
        ("r2", [[0.1, 0.5, 0.4], [0.2, 0.3, 0.4]], 1),
        ("rmse", [[0.1, 0.5, 0.4], [0.2, 0.3, 0.4]], 0),
        # The first of equals: fewer iterations do.
        ("r2", [[0.5, 0.5, 0.5]], 0),
        # A fold that has stopped stays where it was.
        ("r2", [[0.1, 0.2], [0.1, 0.2, 0.3, 0.1]], 2),
        ("rmse", [[7.0], [9.0]], 0),
    ],
)
def test_the_best_look_is_where_the_mean_of_the_folds_is_best(
    metric: str, curves: list[list[float]], look: int
) -> None:
    assert best_point(curves, choose_metric(metric, PROBLEM)) == look


def test_each_fold_has_its_score_there_or_where_it_stopped() -> None:
    assert scores_at([[0.1, 0.2], [0.1, 0.2, 0.3]], 2).tolist() == [0.2, 0.3]
