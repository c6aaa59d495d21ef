"""model.json and verdict.json."""

from dataclasses import asdict
from typing import Any

from onnx import ModelProto

from modelling.feature_data import FeatureData
from modelling.judgement import Judgement
from modelling.learned import Learned
from modelling.opsets import opsets


def describe_model(
    data: FeatureData, learned: Learned, *, judgement: Judgement, model: ModelProto
) -> dict[str, Any]:
    """Return model.json."""
    problem, best = data.problem, learned.best
    metric = {"metric": judgement.metric.name}
    return {
        "task": problem.task,
        "target": problem.target.model_dump(exclude_unset=True),
        "classes": problem.classes,
        "signature": data.signature | {"ignored": problem.ignored},
        "metrics": judgement.metrics,
        "baseline": judgement.baseline,
        "parity": judgement.parity,
        "estimator": {
            "name": best.name,
            "library": learned.library,
            "hyperparameters": best.hyperparameters,
        },
        "candidates": [asdict(trial) | metric for trial in learned.trials],
        "split": problem.split.model_dump(),
        "opset": opsets(model),
    }


def describe_verdict(judgement: Judgement) -> dict[str, Any]:
    """Return verdict.json: what was checked before publishing."""
    return {
        "parity": {"passed": True, **judgement.parity},
        "beats_baseline": judgement.beats_baseline,
        "metric": judgement.metric.name,
        "value": judgement.value,
        "baseline": judgement.baseline_value,
        "difference": judgement.value - judgement.baseline_value,
    }
