import os
import subprocess
import sys

import numpy as np
import pytest
from made_data import MadeData, houses, run, target, transform
from modelling.data.edge_cases import edge_case_rows
from modelling.data.matrices import Matrix
from modelling.data.tensors import pack
from modelling.graphs.merging import merge
from modelling.model_selection.estimators import Estimator, predict
from modelling.model_selection.metrics import choose_metric
from modelling.opsets import opsets
from onnx import ModelProto
from train.candidates.allow_list import CANDIDATES
from train.fitting.best_estimator import Fitted, fit_best
from train.fitting.output_head import export
from train.settings import Settings

DIGESTS = """
import hashlib
from test_merging import merged

for task in ("regression", "three"):
    for name in ("gradient-boosting", "linear"):
        model, _ = merged(name, task)
        print(hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest())
"""


def fit(name: str, data: MadeData) -> Fitted:
    matrix = data.matrix(data.raw_train).astype(np.float64)
    rows = Matrix(matrix, target(data.raw_train, data.task), None)
    settings = Settings.model_validate({"candidates": [name], "trials": 1})
    metric = choose_metric(None, data.problem)
    return fit_best(rows, data.problem, metric=metric, settings=settings)


def merged(name: str, task: str, *, opset: int = 21) -> tuple[ModelProto, Estimator]:
    data = MadeData(task)
    fitted = fit(name, data)
    return merge(transform(opset), export(fitted, data.problem, opset=opset)), fitted.estimator


@pytest.mark.parametrize("task", ["regression", "binary", "three"])
@pytest.mark.parametrize("name", CANDIDATES)
def test_the_merged_graph_is_the_estimator_behind_the_features(name: str, task: str) -> None:
    data = MadeData(task)
    model, estimator = merged(name, task)
    real = pack(houses(50, seed=5), data.rules)
    hard = edge_case_rows(real, data.rules)
    for tensors in (real, hard):
        features = run(transform(), tensors)["features"].astype(np.float64)
        expected = predict(estimator, features, problem=data.problem)

        outputs = run(model, tensors)
        found = outputs["prediction" if task == "regression" else "probabilities"]

        assert np.allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_the_merged_graph_takes_raw_columns_and_declares_sorted_operator_sets() -> None:
    model, _ = merged("gradient-boosting", "binary")

    assert [item.name for item in model.graph.input] == ["numbers", "strings"]
    assert [item.name for item in model.graph.output] == ["label", "probabilities"]
    assert [(x.domain, x.version) for x in model.opset_import] == [("", 21), ("ai.onnx.ml", 3)]
    assert model.graph.name == "model"


def test_the_estimator_follows_the_operator_set_of_the_features() -> None:
    model, _ = merged("linear", "three", opset=17)

    assert opsets(model) == {"": 17, "ai.onnx.ml": 3}


def test_merging_leaves_its_parts_as_they_were() -> None:
    data = MadeData()
    first, second = transform(17), export(fit("linear", data), data.problem, opset=17)
    before = first.SerializeToString(), second.SerializeToString()

    merge(first, second)

    assert (first.SerializeToString(), second.SerializeToString()) == before


def test_another_process_writes_the_same_bytes() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert digests[0] == digests[1]
    assert len(set(digests[0].split())) == 4
