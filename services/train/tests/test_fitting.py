"""The final fit: the same bytes on any number of processors."""

import logging
import re
import threading

import numpy as np
import pytest
from made_data import MadeData, houses, target
from modelling.data.matrices import Matrix
from modelling.model_selection.metrics import choose_metric
from stage_contract import LOGGER, SettingsError, heartbeat
from train.fitting import best_estimator
from train.fitting.best_estimator import fit_best
from train.fitting.output_head import export
from train.settings import CANDIDATE_NAMES, Settings


@pytest.mark.parametrize("name", CANDIDATE_NAMES)
def test_each_candidate_gives_the_same_graph_on_any_number_of_processors(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = MadeData("three")
    raw = houses(200, seed=3)
    rows = Matrix(data.matrix(raw), target(raw, "three"))
    before = rows.features.copy()
    metric = choose_metric(None, data.problem)
    graphs = []
    for processors in (1, 3):
        monkeypatch.setattr("train.threads.MAX_PARALLEL_FITS", processors)
        settings = Settings(candidates=[name], trials=2)
        fitted = fit_best(rows, data.problem, metric=metric, settings=settings)
        graphs.append(export(fitted, data.problem, opset=21).SerializeToString(deterministic=True))

    assert graphs[0] == graphs[1]
    assert np.array_equal(rows.features, before)


def test_a_target_that_no_column_explains_has_a_model_within_a_budget() -> None:
    """Boosting stops before its first scoring point."""
    data = MadeData("regression")
    noise = np.random.default_rng(0).normal(size=3_000)
    rows = Matrix(data.matrix(houses(3_000, seed=3)), noise)
    settings = Settings(candidates=["gradient-boosting"], trials=2, budget="60s")

    fitted = fit_best(
        rows, data.problem, metric=choose_metric(None, data.problem), settings=settings
    )

    assert np.isfinite([trial.score for trial in fitted.trials]).all()


def test_an_interval_that_takes_more_rows_is_refused_before_anything_is_learned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = MadeData("regression")
    raw = houses(100, seed=3)
    rows = Matrix(data.matrix(raw), target(raw, "regression"))
    metric = choose_metric(None, data.problem)
    monkeypatch.setattr("train.fitting.best_estimator.HyperparameterSearch", None)

    with pytest.raises(SettingsError, match=r"expected some 200 rows .* there are 100"):
        fit_best(rows, data.problem, metric=metric, settings=Settings(interval=0.99))


class Listener(logging.Handler):
    """Waits for a line of the log."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.heard = threading.Event()
        self._pattern = pattern

    def emit(self, record: logging.LogRecord) -> None:
        if re.fullmatch(self._pattern, record.getMessage()):
            self.heard.set()


def test_the_last_fit_tells_how_long_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    data = MadeData("regression")
    raw = houses(100, seed=3)
    rows = Matrix(data.matrix(raw), target(raw, "regression"))
    listener = Listener(r"fitting linear on all 100 training rows: .*(left|expected)")

    fit = best_estimator.fit

    def fit_and_wait(*arguments: object, **options: object) -> None:
        fit(*arguments, **options)  # type: ignore[arg-type]  # passed on as they come
        assert listener.heard.wait(30)

    monkeypatch.setattr(best_estimator, "fit", fit_and_wait)
    monkeypatch.setattr(LOGGER, "level", logging.INFO)
    LOGGER.addHandler(listener)
    try:
        with heartbeat(every_seconds=0.01):
            fit_best(
                rows,
                data.problem,
                metric=choose_metric(None, data.problem),
                settings=Settings(candidates=["linear"], trials=1),
            )
    finally:
        LOGGER.removeHandler(listener)
