"""Writer of a model: evaluates the graph of a trained model, and writes the files of the model."""

from stage_contract import Draft, working_on
from stage_contract.artifacts.publishing import write_json

from modelling.data.tensors import pack
from modelling.evaluation.coverage import describe_interval
from modelling.evaluation.evaluation_plan import EvaluationPlan
from modelling.evaluation.examples import choose_examples, example_lines
from modelling.evaluation.held_out import HeldOut
from modelling.evaluation.held_out_metrics import HeldOutMetrics, log_metrics
from modelling.evaluation.leakage import find_leaks, log_leaks, log_perfect_fit
from modelling.evaluation.model_document import describe_model
from modelling.evaluation.reference_distributions import describe_reference
from modelling.evaluation.slices import describe_slices
from modelling.graphs.merging import merge
from modelling.graphs.output_heads import QUANTILES
from modelling.graphs.session import Graph
from modelling.model_selection.decision_rules import cost_metric
from modelling.model_selection.estimators import (
    baseline_labels,
    predict_baseline,
    predict_baseline_quantiles,
)
from modelling.model_selection.trained_model import TrainedModel


def write_model(
    draft: Draft, held_out: HeldOut, learned: TrainedModel, *, plan: EvaluationPlan
) -> None:
    """Write model.onnx, model.json, examples.jsonl and reference.json into the draft.

    Raises:
        ParityError: The merged graph differs from the trained estimator; nothing may be published.
    """
    data = held_out.data
    with working_on("comparing the graph with the estimator"):
        merged = merge(data.transform, learned.graph)
        model = Graph(merged, output="probabilities" if data.problem.classes else "prediction")
        parity = held_out.check_graph(learned, model)
    outputs = held_out.predict(model)
    predicted = outputs[model.output]
    rows = len(held_out.target)
    constant = predict_baseline(
        learned.target,
        data.problem,
        rows=rows,
        weights=learned.weights,
        metric=plan.metric.name,
    )
    quantiles, levels, constant_quantiles = None, plan.levels, None
    if learned.quantiles is not None:
        constant_quantiles = predict_baseline_quantiles(
            learned.target, levels, rows=rows, weights=learned.weights
        )
        shares = held_out.score_quantiles(outputs, seed=plan.seed)
        quantiles = {"levels": [*levels], "coverage": shares}
    coverage, interval = {}, None
    if learned.interval is not None:
        coverage = held_out.score_interval(outputs, seed=plan.seed)
        interval = describe_interval(learned.interval.bounds, outputs)
    costs = None if learned.decision is None else learned.decision.costs
    further = [] if costs is None else [cost_metric(costs)]
    model_rows = held_out.outcomes(
        predicted, outputs.get("label"), quantiles=outputs.get(QUANTILES)
    )
    baseline_rows = held_out.outcomes(
        constant, baseline_labels(plan.metric.name, rows=rows), quantiles=constant_quantiles
    )
    with working_on(f"computing metrics of {len(held_out.target):,} held-out rows"):
        metrics, baseline = (
            held_out.score(rows, plan.metric, seed=plan.seed, metrics=[*plan.metrics, *further])
            for rows in (model_rows, baseline_rows)
        )
    with working_on("looking for columns that give the target away"):
        leaks = find_leaks(data)
    evaluation = HeldOutMetrics(
        plan.metric,
        metrics=metrics | coverage,
        baseline=baseline,
        parity=parity,
        slices=describe_slices(
            data, plan.slicing, model=model_rows, baseline=baseline_rows, metrics=plan.metrics
        ),
        leaks=leaks,
        interval=interval,
        quantiles=quantiles,
    )
    log_leaks(evaluation.leaks, target=data.problem.target.name)
    if "r2" in metrics and not leaks:
        log_perfect_fit(metrics["r2"]["value"], target=data.problem.target.name)
    log_metrics(evaluation, name=learned.best.name, rows=len(held_out.target))
    description = describe_model(data, learned, evaluation=evaluation, model=merged)
    with working_on("describing the reference rows"):
        reference = describe_reference(data, target=learned.target, outputs=outputs)
    (draft.path / "model.onnx").write_bytes(model.bytes)
    write_json(draft.path / "model.json", description)
    write_json(draft.path / "reference.json", reference)
    _write_examples(draft, held_out, model=model, count=plan.examples)
    draft.rows = len(learned.target)
    draft.metrics = {name: interval["value"] for name, interval in evaluation.metrics.items()}


def _write_examples(draft: Draft, held_out: HeldOut, *, model: Graph, count: int) -> None:
    schema = held_out.data.schema
    examples = choose_examples(held_out.sample, schema, count=count)
    expected = model.run_all(pack(examples, schema))
    with (draft.path / "examples.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(example_lines(examples, expected))
