"""Reads feature-data, fits the best candidate, and hands it over to be judged and written."""

import numpy as np
import sklearn
from modelling.decisions import Decision
from modelling.ends import Beyond
from modelling.estimators import predict, predict_learnt
from modelling.feature_data import open_feature_data
from modelling.held_out import read_held_out
from modelling.learned import Learned, LearnedBand
from modelling.matrices import count_rows, read_matrix
from modelling.problem import Problem
from modelling.wishes import read_wishes
from modelling.writing import write_model
from numpy.typing import NDArray
from stage_contract import Artifact, Draft

from train.export import export
from train.fitting import Fitted, fit_best
from train.intervals import check_interval, fit_band
from train.preflight import check_memory
from train.settings import Settings
from train.thresholds import check_threshold, choose_decision
from train.weighing import check_class_weight


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    wishes = read_wishes(data, settings)
    check_class_weight(settings.class_weight, data.problem)
    check_interval(settings.interval, data.problem)
    check_threshold(settings.threshold, data.problem)
    rows_in, columns = count_rows(source, "train"), len(data.problem.features)
    check_memory(rows=rows_in, features=columns, cv_rows=settings.cv_rows)
    held_out = read_held_out(data)
    rows = read_matrix(source, data.problem)
    fitted = fit_best(rows, data.problem, metric=wishes.metric, settings=settings)
    band = _learn_band(fitted, data.problem, settings)
    decision = _decide(fitted, data.problem, settings)
    beyond = Beyond(band=band and band.band, rule=decision and decision.rule)
    learned = Learned(
        library=f"scikit-learn {sklearn.__version__}",
        trials=fitted.trials,
        predict=lambda features: predict(
            fitted.estimator, features.astype(np.float64), problem=data.problem
        ),
        graph=export(fitted, data.problem, opset=data.opset, beyond=beyond),
        target=rows.target,
        weights=rows.weights,
        band=band,
        decision=decision,
    )
    write_model(draft, held_out, learned, wishes=wishes)


def _learn_band(fitted: Fitted, problem: Problem, settings: Settings) -> LearnedBand | None:
    if settings.interval is None or fitted.out_of_fold is None:
        return None
    band = fit_band(fitted.out_of_fold, problem, coverage=settings.interval)

    def predict_band(features: NDArray[np.float32]) -> NDArray[np.float64]:
        learnt = predict_learnt(fitted.estimator, features.astype(np.float64))
        return problem.scale.values(band.apply(learnt))

    return LearnedBand(band, predict_band)


def _decide(fitted: Fitted, problem: Problem, settings: Settings) -> Decision | None:
    if settings.threshold is None:
        return None
    return choose_decision(settings.threshold, problem, fitted.out_of_fold)
