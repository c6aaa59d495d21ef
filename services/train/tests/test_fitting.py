"""The best on all rows: the same bytes on any number of processors."""

import numpy as np
import pytest
from made_data import MadeData, houses, target
from modelling.matrices import Matrix
from modelling.metrics import choose_metric
from train.export import export
from train.fitting import fit_best
from train.settings import ALLOWED, Settings


@pytest.mark.parametrize("name", ALLOWED)
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
        monkeypatch.setattr("train.threads.FITS_AT_ONCE", processors)
        settings = Settings(candidates=[name], trials=2)
        fitted = fit_best(rows, data.problem, metric=metric, settings=settings)
        graphs.append(export(fitted, data.problem, opset=21).SerializeToString(deterministic=True))

    assert graphs[0] == graphs[1]
    assert np.array_equal(rows.features, before)
