"""One search on a small table: `python -m bench.search.small_search TABLE CSV SEED RESULT TRIALS…`.

It needs train's environment. The result has the errors of the chosen trials on held-out rows, by
number of trials.
"""

import json
import sys
import warnings
from pathlib import Path

from modelling.model_selection.estimators import fit, predict
from modelling.model_selection.folds import make_folds
from modelling.model_selection.metrics import choose_metric
from modelling.model_selection.trials import Trial, best_of
from train import threads
from train.candidates.allow_list import CANDIDATES
from train.search.proposals import Proposals
from train.search.scoring import CrossValidation
from train.search.selection import HyperparameterSearch
from train.settings import Settings

from bench.search.small_samples import draw
from bench.search.small_tables import SMALL_TABLES


def main() -> None:
    """Search, score on the held-out rows, and write the errors."""
    name, file, seed, result, *counts = sys.argv[1:]
    # Solvers warn about single trials.
    warnings.simplefilter("ignore")
    # Searches of several tables may run side by side.
    threads.MAX_PARALLEL_FITS = 1
    (table,) = (table for table in SMALL_TABLES if table.name == name)
    sample = draw(table, Path(file), seed=int(seed))
    problem, rows, settings = sample.problem, sample.train, Settings(seed=int(seed))
    metric = choose_metric(None, problem)
    folds = make_folds(rows, problem, metric=metric, folds=settings.folds, seed=settings.seed)
    proposals = Proposals(problem, rows=len(rows.target), metric=metric, settings=settings)
    validation = CrossValidation(problem, rows, folds, metric)
    search = HyperparameterSearch(validation, proposals, len(rows.target))

    def error(trial: Trial) -> float:
        estimator = CANDIDATES[trial.name].build(problem, trial.hyperparameters)
        fit(estimator, rows, problem=problem)
        predicted = predict(estimator, sample.held_out.features, problem=problem)
        return float(metric.error(metric.compute(sample.held_out.target, predicted, None)))

    errors = {}
    with threads.one_thread():
        for count in sorted(map(int, counts)):
            # A search goes on where the smaller number of trials ended.
            trials, _ = search.run(trials=count)
            errors[str(count)] = error(best_of(trials))
    Path(result).write_text(json.dumps(errors), encoding="utf-8")


if __name__ == "__main__":
    main()
