"""Read feature-data, fit the best candidate, evaluate it, and write the model."""

import sklearn
from modelling.data.feature_data import open_feature_data
from modelling.data.matrices import count_rows, read_matrix
from modelling.evaluation.evaluation_plan import plan_evaluation
from modelling.evaluation.held_out import read_held_out
from modelling.evaluation.model_writer import write_model
from modelling.model_selection.trained_model import TrainedModel
from reporting.writing import write_report
from stage_contract import Artifact, Draft, working_on

from train.candidates.target_encoding import count_encoded_features
from train.fitting.best_estimator import fit_best
from train.fitting.memory_estimate import check_memory
from train.fitting.output_head import check_output_head, export, fit_output_head
from train.search.fixed_hyperparameters import check_fixed_hyperparameters
from train.search.objectives import check_objective, check_target_values
from train.search.sample_weights import check_class_weight
from train.search.time_budget import trials_of_previous_run
from train.settings import Settings


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with the model, its documents and the report."""
    data = open_feature_data(source)
    # First, since the plan computes the metric of a threshold.
    check_output_head(settings, data.problem)
    plan = plan_evaluation(data, settings)
    check_class_weight(settings.class_weight, data.problem)
    check_objective(settings.objective, data.problem)
    rows_in, columns = count_rows(source, "train"), len(data.problem.features)
    check_fixed_hyperparameters(settings, data.problem, rows=min(rows_in, settings.cv_rows))
    check_memory(
        rows=rows_in,
        features=columns,
        cv_rows=settings.cv_rows,
        classes=data.problem.class_count,
        encoded=count_encoded_features(data.problem) if settings.may_encode_targets else 0,
    )
    with working_on("reading the held-out rows"):
        held_out = read_held_out(data)
    with working_on(f"reading {rows_in:,} training rows"):
        rows = read_matrix(source, data.problem)
    check_target_values(settings.objective, rows.target, name=data.problem.target.name)
    replay = None if settings.budget is None else trials_of_previous_run(draft)
    # A concurrent run of the same cause may complete more trials within the time budget.
    draft.may_differ = settings.budget is not None and replay is None
    fitted = fit_best(
        rows,
        data.problem,
        metric=plan.metric,
        settings=settings,
        replay=replay,
    )
    draft.run |= {"search_seconds": round(fitted.search_seconds, 1)}
    with working_on("choosing calibration, threshold and interval"):
        estimator = fit_output_head(fitted, data.problem, settings)
    learned = TrainedModel(
        library=f"scikit-learn {sklearn.__version__}",
        trials=fitted.trials,
        predict=estimator.predict,
        graph=export(fitted, data.problem, opset=data.opset, head=estimator.head),
        target=rows.target,
        weights=rows.weights,
        search=fitted.search,
        interval=estimator.interval,
        quantiles=estimator.quantiles,
        calibration=estimator.calibration,
        decision=estimator.decision,
    )
    write_model(draft, held_out, learned, plan=plan)
    with working_on("writing the report"):
        write_report(
            draft.path,
            data,
            metric=plan.metric,
            seed=settings.seed,
            settings=settings.model_dump(mode="json"),
        )
