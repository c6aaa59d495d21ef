"""FLAML on the same rows: `python -m bench.search.peer VOLUMES METRIC SECONDS RESULT`."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from conformance.models.scores import known_scores
from flaml import AutoML
from numpy.typing import NDArray

from bench.search.rows import Side, Split, read_split


def main() -> None:
    """Search, score, and write the figures."""
    volumes, metric, seconds, result = sys.argv[1:]
    split = read_split(Path(volumes))
    began = time.monotonic()
    found = search(split, metric, float(seconds))
    taken = time.monotonic() - began
    classes = len(split.classes) if split.classes else None
    score = known_scores([metric], classes=classes)[metric]
    figures = {
        "score": score(split.test.target, predictions(found, split.test)),
        "estimator": found.best_estimator,
        "trials": len(found.config_history),
        "seconds": round(taken, 1),
    }
    Path(result).write_text(json.dumps(figures), encoding="utf-8")


def search(split: Split, metric: str, seconds: float) -> AutoML:
    """Run FLAML's search with its defaults, except for metric, time and order of the rows."""
    automl = AutoML()
    automl.fit(
        X_train=split.train.frame,
        y_train=split.train.target,
        task="classification" if split.classes else "regression",
        metric=metric,
        time_budget=seconds,
        n_jobs=len(os.sched_getaffinity(0)),
        seed=0,
        verbose=1,
        **({"split_type": "time"} if split.is_by_time else {}),
    )
    return automl


def predictions(found: AutoML, side: Side) -> NDArray[Any]:
    """Return numbers, or probabilities by class."""
    if getattr(found, "classes_", None) is None:
        return np.asarray(found.predict(side.frame))
    return np.asarray(found.predict_proba(side.frame))


if __name__ == "__main__":
    main()
