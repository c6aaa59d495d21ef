"""Reads feature-data, fits the best candidate, checks it as it will be served, writes a model."""

import numpy as np
from stage_contract import Artifact, Draft
from stage_contract.publishing import write_json

from train.candidates import predict
from train.documents import describe_model, describe_verdict
from train.examples import choose_examples, example_lines
from train.export import export
from train.feature_data import open_feature_data
from train.fitting import fit_best
from train.graphs import Graph
from train.held_out import HeldOut, read_held_out
from train.judgement import Judgement, report
from train.matrices import read_matrix
from train.merging import merge
from train.metrics import choose_metric
from train.reference import describe_reference
from train.settings import Settings
from train.tensors import pack


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    metric = choose_metric(settings.metric, data.problem)
    held_out = read_held_out(data)
    rows = read_matrix(source, data.problem)
    fitted = fit_best(rows, data.problem, metric=metric, settings=settings)
    merged = merge(data.transform, export(fitted, data.problem, opset=data.opset))
    model = Graph(merged, output="probabilities" if data.problem.classes else "prediction")
    parity = held_out.compare(fitted, model)
    predicted = held_out.predict(model)
    dummy = predict(fitted.baseline, np.empty((len(held_out.target), 0)), problem=data.problem)
    judgement = Judgement(
        metric,
        metrics=held_out.score(predicted, metric, seed=settings.seed),
        baseline=held_out.score(dummy, metric, seed=settings.seed),
        parity=parity,
    )
    report(judgement, name=fitted.best.name, rows=len(held_out.target))
    description = describe_model(data, fitted, judgement=judgement, model=merged)
    reference = describe_reference(data, target=rows.target, predicted=predicted)
    (draft.path / "model.onnx").write_bytes(model.bytes)
    write_json(draft.path / "model.json", description)
    write_json(draft.path / "reference.json", reference)
    _write_examples(draft, held_out, model=model, count=settings.examples)
    draft.rows = len(rows.target)
    draft.metrics = {name: interval["value"] for name, interval in judgement.metrics.items()}
    draft.verdict = describe_verdict(judgement)


def _write_examples(draft: Draft, held_out: HeldOut, *, model: Graph, count: int) -> None:
    schema = held_out.data.schema
    examples = choose_examples(held_out.sample, schema, count=count)
    expected = model.run(pack(examples, schema))
    with (draft.path / "examples.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(example_lines(examples, expected))
