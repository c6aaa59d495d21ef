"""A loaded model; it is admitted only if it reproduces its examples."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from stage_contract import Artifact

from serve.codecs.column_rows import ColumnRows
from serve.codecs.csv_rows import CsvRows
from serve.codecs.json_rows import JsonRows
from serve.codecs.mlflow_tables import ScoringRows
from serve.codecs.oip.responses import InferResponseWriter
from serve.codecs.oip.rows import InferRows
from serve.codecs.predictions import Prediction, ResponseWriter
from serve.codecs.rows import Feed, Rows
from serve.model.admission import (
    Bounds,
    Footprint,
    check_latency,
    check_signature,
    check_size,
    check_trees,
)
from serve.model.artifact_files import PAGE, has_page
from serve.model.decisions import Admitted
from serve.model.examples import Example, clean_examples, read_examples, replay, run_examples
from serve.model.graph.explainer import Explainer
from serve.model.graph.row_order import MIN_TREE_BYTES, most_important_input
from serve.model.graph.session import Graph
from serve.model.graph.trees import tree_bytes
from serve.model.model_info import describe
from serve.model.placeholders import presentable_row
from serve.model.reference import read_bin_counts, read_bins
from serve.model.refusals import RefusedError
from serve.model.row_counts import RowCounts
from serve.model.signature_changes import Changes, find_changes
from serve.schema.model_json import Description, read_description
from serve.source.file_formats import read_formats

_USUAL = Bounds()


class Described(Protocol):
    """The live model, which a new one is compared with."""

    @property
    def id(self) -> str: ...
    @property
    def description(self) -> Description: ...


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """An admitted model; all parts belong to the same artifact."""

    id: str
    name: str
    description: Description
    about: bytes
    """The response of GET /model."""
    folder: Path
    """The folder of the artifact, which exists while the model is live."""
    content: str
    """The digest of the artifact's files."""
    report: Path | None
    """The file that GET /report returns, which exists while the model is live; None without one."""
    changes: Changes | None
    """Changes for clients against the previous model."""
    example: dict[str, Any]
    """A held-out row, with placeholders in private columns."""
    since: datetime
    rows: Rows
    json_rows: JsonRows
    csv_rows: CsvRows
    column_rows: ColumnRows
    infer_rows: InferRows
    scoring_rows: ScoringRows
    graph: Graph
    response_writer: ResponseWriter
    infer_response_writer: InferResponseWriter
    row_counts: RowCounts
    explainer: Explainer

    @cached_property
    def for_page(self) -> "Model":
        """The same model for requests of the page, whose rows are not traffic."""
        return _ModelForPage(**{each.name: getattr(self, each.name) for each in fields(self)})

    def predict_json(self, body: bytes) -> bytes:
        """Answer a JSON body with JSON."""
        feed = self.json_rows.read(body)
        return self.response_writer.json(self.run(feed))

    def predict_csv(self, body: bytes, *, encoding: str | None = None) -> tuple[bytes, bool]:
        """Return a CSV body's table with predictions added, and whether it has a header."""
        table, feed = self.csv_rows.read(body, encoding=encoding)
        columns = self.response_writer.columns(self.run(feed))
        answer = table.with_columns(self.response_writer.names(self.rows.known), columns)
        return answer, table.header is not None

    def run_each(self, feeds: Sequence[Feed], counts: Iterable[int]) -> Iterator[Prediction]:
        """Predict with one run of the graph, and yield the part for each count of rows."""
        if not feeds:
            return
        feed = feeds[0]
        if len(feeds) > 1:
            feed = {name: np.concatenate([each[name] for each in feeds]) for name in feed}
        values, labels = self.run(feed)
        begin = 0
        for count in counts:
            end = begin + count
            yield Prediction(values[begin:end], None if labels is None else labels[begin:end])
            begin = end

    def run(self, feed: Feed) -> Prediction:
        """Predict, and count the rows."""
        prediction = self.graph.run(feed)
        self.row_counts.add(feed, rows=len(prediction.values), prediction=prediction)
        return prediction


class _ModelForPage(Model):
    """A model that counts no more than the number of its rows."""

    def run(self, feed: Feed) -> Prediction:
        """Predict."""
        prediction = self.graph.run(feed)
        self.row_counts.page_rows += len(prediction.values)
        return prediction


def load_model(  # noqa: PLR0913  # all but the two models by name
    artifact: Artifact,
    before: Described | None = None,
    *,
    name: str,
    max_rows: int,
    bounds: Bounds = _USUAL,
    with_report: bool = False,
    is_monitored: bool = False,
    admitted: Admitted | None = None,
) -> Model:
    """Load the model of an artifact, and admit it; `before` is the live one.

    A model that was `admitted` by the admission process is not tested again: its graph is loaded
    and not run. The model has a report if its artifact has one and `with_report` is set.
    If it `is_monitored`, its rows are counted by the bins of its reference.

    Raises:
        ContractError: It violates the contract, or fails the admission test.
    """
    check_size(artifact, bounds)
    artifact.verify()
    document = artifact.file("model.json").read_bytes()
    formats = read_formats(artifact.manifest)
    skipped = [name for each in formats for name in each.skipped]
    description = read_description(document).ignoring(skipped)
    changes = find_changes(before.description, description, since=before.id) if before else None
    rows = Rows(description.signature, formats)
    examples = read_examples(artifact.file("examples.jsonl").read_bytes())
    content = artifact.file("model.onnx").read_bytes()
    if admitted is None:
        check_signature(changes, bounds)
        graph = _try_out(content, description, examples, rows=rows, bounds=bounds)
    else:
        graph = Graph(content, description, threads=bounds.threads)
        graph.sorted_by = admitted.sorted_by
    del content
    column_rows = ColumnRows(description.signature, rows, max_rows=max_rows)
    response_writer = ResponseWriter(artifact.id, description)
    row_counts = RowCounts(
        description.signature,
        rows.rules,
        read_bins(artifact, description),
        read_bin_counts(artifact, description) if is_monitored else None,
    )
    background = _background(clean_examples(examples, rows), row_counts, rows=len(examples))
    report = artifact.file(PAGE) if with_report and has_page(artifact) else None
    return Model(
        id=artifact.id,
        name=name,
        description=description,
        about=describe(
            artifact,
            name=name,
            document=json.loads(document),
            changes=changes,
            has_report=report is not None,
        ),
        folder=artifact.path,
        content=artifact.content,
        report=report,
        changes=changes,
        example=presentable_row(examples[0].row, rows.rules),
        since=datetime.now(UTC),
        rows=rows,
        json_rows=JsonRows(description.signature, rows, max_rows=max_rows),
        csv_rows=CsvRows(rows, formats, max_rows=max_rows),
        column_rows=column_rows,
        infer_rows=InferRows(description.signature, column_rows),
        scoring_rows=ScoringRows(rows, column_rows),
        graph=graph,
        response_writer=response_writer,
        infer_response_writer=InferResponseWriter(name, artifact.id, description),
        row_counts=row_counts,
        explainer=Explainer(graph, description.signature, background, max_rows=max_rows),
    )


def load_admitted(
    artifact: Artifact, before: Described | None, admitted: Admitted, **how: Any
) -> Model:
    """Load a model that was admitted by the admission process; see `load_model`."""
    return load_model(artifact, before, admitted=admitted, **how)


def _background(feed: Feed, counts: RowCounts, *, rows: int) -> Feed:
    """Return the examples without those that have a value outside training; all if none is left.

    Copies of an example with fewer values, which test missing ones, are left out, too.
    """
    feed = {group: cells[~_is_poorer_copy(feed, rows)] for group, cells in feed.items()}
    rows = len(next(iter(feed.values())))
    usual = [not names for names in counts.columns_outside(feed, rows=rows)]
    return {group: cells[usual] for group, cells in feed.items()} if any(usual) else feed


def _is_poorer_copy(feed: Feed, rows: int) -> NDArray[np.bool_]:
    """Return for each row whether another one has the same values and more, [N]."""
    equal = np.ones((rows, rows), bool)
    values = np.zeros(rows, int)
    for cells in feed.values():
        is_missing = np.isnan(cells) if cells.dtype.kind == "f" else cells == ""
        values += (~is_missing).sum(axis=1)
        equal &= (is_missing[:, None] | (cells[:, None] == cells[None])).all(axis=2)
    return (equal & (values[:, None] < values[None])).any(axis=1)


def _try_out(
    content: bytes,
    description: Description,
    examples: Sequence[Example],
    *,
    rows: Rows,
    bounds: Bounds,
) -> Graph:
    """Return the loaded graph, after it has reproduced the examples fast enough."""
    footprint = Footprint()
    trees = tree_bytes(content)
    check_trees(trees, bounds)
    graph = Graph(content, description, threads=bounds.threads)
    feed = clean_examples(examples, rows)
    check_latency(feed, graph, bounds)
    replay(examples, feed, graph)
    if trees >= MIN_TREE_BYTES:
        graph.sorted_by = _order_of(feed, graph)
    footprint.check(bounds)
    return graph


def _order_of(feed: Feed, graph: Graph) -> int | None:
    """Return the index of the number to sort many rows by; None if none is found."""
    try:
        return most_important_input(feed, partial(run_examples, graph=graph))
    except RefusedError:
        return None  # It has answered the examples, and fails on rows made up of several of them.
