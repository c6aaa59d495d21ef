"""The content of model.json."""

from dataclasses import asdict
from typing import Any

from onnx import ModelProto

from modelling.data.feature_data import FeatureData
from modelling.evaluation.held_out_metrics import HeldOutMetrics
from modelling.model_selection.trained_model import TrainedModel
from modelling.model_selection.trials import Trial
from modelling.opsets import opsets


def describe_model(
    data: FeatureData, learned: TrainedModel, *, evaluation: HeldOutMetrics, model: ModelProto
) -> dict[str, Any]:
    """Return model.json."""
    problem, best, decision = data.problem, learned.best, learned.decision
    metric = {"metric": evaluation.metric.name}
    return {
        "task": problem.task,
        "target": problem.target.model_dump(exclude_unset=True),
        "classes": problem.classes,
        "signature": data.signature
        | {"ignored": problem.ignored, "private": problem.private_ignored},
        "metrics": evaluation.metrics,
        "baseline": evaluation.baseline,
        **({"slices": evaluation.slices} if evaluation.slices else {}),
        **({"leaks": evaluation.leaks} if evaluation.leaks else {}),
        "parity": evaluation.parity,
        **({"interval": evaluation.interval} if evaluation.interval else {}),
        **({"quantiles": evaluation.quantiles} if evaluation.quantiles else {}),
        **({"calibration": learned.calibration} if learned.calibration else {}),
        **({"decision": decision.describe(problem.classes or [])} if decision else {}),
        "estimator": {
            "name": best.name,
            "library": learned.library,
            "hyperparameters": best.hyperparameters,
        },
        "candidates": [_describe_trial(trial) | metric for trial in learned.trials],
        **({"search": asdict(learned.search)} if learned.search else {}),
        "split": problem.public_split,
        "opset": opsets(model),
    }


def _describe_trial(trial: Trial) -> dict[str, Any]:
    facts = asdict(trial)
    return facts if facts.pop("pruned") is False else facts | {"pruned": True}
