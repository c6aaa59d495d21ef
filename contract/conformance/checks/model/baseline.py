"""Train: the baseline is that of a constant, and the intervals of scores fit the held-out rows."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.dummy import DummyRegressor

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.feature_data import TARGET, WEIGHT
from conformance.models.scores import Score, Values, known_scores, takes_labels

_TOLERANCE = 1e-3
"""Maximum difference, relative to max(1, |score|)."""
_RESAMPLES = 100
_WIDTHS = (0.1, 10.0)
"""How much narrower or wider an interval may be than one of a bootstrap."""


@check(
    "baseline",
    stages=["train"],
    promise="baseline has the scores of a constant prediction, learned from train/, on test/",
)
def baseline(subject: Subject) -> None:
    recomputed = 0
    for run in model_runs(subject):
        stated = {name: score["value"] for name, score in run.model.document["baseline"].items()}
        scores = known_scores(stated, classes=run.class_count)
        known = sorted(scores)
        possible = [
            _scores_of(run, constant, scores, label=label)
            for constant in _constants(run)
            for label in _labels(run, constant)
        ]
        recomputed += len(known)
        if not any(all(_agree(stated[n], each[n]) for n in known) for each in possible):
            raise Fault(
                f"{run.where('model.json')}: baseline is not that of a model that ignores its"
                " input",
                "predict the mean of @target of train/ for each row of test/; for classes, their"
                " shares in train/",
                expected={name: possible[0][name] for name in known},
                found={name: stated[name] for name in known},
            )
    if not recomputed:
        raise Skipped("the kit knows none of the metrics in baseline")


@check(
    "score-intervals",
    stages=["train"],
    promise="low and high of a score are as far apart as the held-out rows let one expect",
)
def score_intervals(subject: Subject) -> None:
    for run in model_runs(subject):
        stated = run.model.document["metrics"]
        scores = known_scores(stated, classes=run.class_count)
        for name in sorted(scores):
            width = stated[name]["high"] - stated[name]["low"]
            usual = _bootstrap_width(run, name, scores[name])
            least, most = (share * usual for share in _WIDTHS)
            if usual > 0 and not least <= width <= most:
                raise Fault(
                    f"{run.where('model.json')}: low and high of {name} are {width:g} apart; a"
                    f" bootstrap of the held-out rows has {usual:g}",
                    "state a 95 % confidence interval of the score, for example of a bootstrap of"
                    " the rows of test/",
                    expected=f"between {least:g} and {most:g}",
                    found=width,
                )


def _constants(run: ModelRun) -> Iterator[Values]:
    """Yield what a model that ignores its input may predict: a number, or shares of classes."""
    table = run.feature_data.train
    target = table.column(TARGET).to_numpy()
    weights = table.column(WEIGHT).to_numpy() if WEIGHT in table.column_names else None
    if run.model.classes is None:
        yield np.array(np.average(target, weights=weights))
        yield np.array(np.median(target))
        yield _median(target, weights)
        if (target != 0).all():
            shares = 1 / np.abs(target)
            yield _median(target, shares if weights is None else weights * shares)
        if (target >= 0).all():
            yield np.array(np.expm1(np.average(np.log1p(target), weights=weights)))
        if (target > 0).all():
            yield np.array(np.exp(np.average(np.log(target), weights=weights)))
        return
    counts = np.bincount(target, weights, minlength=len(run.model.classes))
    yield counts / counts.sum()
    yield np.eye(len(counts))[counts.argmax()]
    yield np.full(len(counts), 1 / len(counts))


def _median(target: Values, weights: Values | None) -> Values:
    dummy = DummyRegressor(strategy="median")
    dummy.fit(np.empty((len(target), 0)), target, sample_weight=weights)
    return np.asarray(dummy.predict(np.empty((1, 0)))[0])


def _labels(run: ModelRun, constant: Values) -> tuple[int, ...]:
    """Return the labels that go with shares of classes: the likeliest, or one of two classes."""
    return (0, 1) if run.class_count == 2 else (int(constant.argmax()),)


def _scores_of(
    run: ModelRun, constant: Values, scores: Mapping[str, Score], *, label: int
) -> dict[str, float]:
    rows = len(run.y_true)
    predicted = np.broadcast_to(constant, (rows, *constant.shape))
    labels = np.full(rows, label)
    return {
        name: score(run.y_true, labels if takes_labels(name) else predicted)
        for name, score in scores.items()
    }


def _agree(stated: float, found: float) -> bool:
    return math.isnan(found) or abs(stated - found) <= _TOLERANCE * max(1, abs(found))


def _bootstrap_width(run: ModelRun, name: str, score: Score) -> float:
    """Return the width of the interval from 2.5 to 97.5 % of the scores of resampled rows."""
    generator = np.random.default_rng(0)
    predicted = run.labels if takes_labels(name) else run.predicted
    rows = len(run.y_true)
    found = []
    for _ in range(_RESAMPLES):
        chosen = generator.integers(rows, size=rows)
        if len(np.unique(run.y_true[chosen])) > 1:
            found.append(score(run.y_true[chosen], predicted[chosen]))
    low, high = np.nanpercentile(found, [2.5, 97.5]) if found else (0.0, 0.0)
    return float(high - low)
