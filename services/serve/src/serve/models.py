"""A model that can answer: loaded from an artifact, and admitted only if its examples come true."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stage_contract import Artifact

from serve.about import describe
from serve.answers import Answers, Prediction
from serve.arrow.answers import ArrowAnswers
from serve.arrow.tables import ArrowRows
from serve.column_rows import ColumnRows
from serve.counts import OutsideTraining
from serve.csv_rows import CsvRows
from serve.descriptions import Description, read_description
from serve.examples import read_examples, replay
from serve.graphs import Graph
from serve.json_rows import JsonRows
from serve.rows import Feed, Rows


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """One admitted model; everything in it belongs to the same artifact."""

    id: str
    name: str
    description: Description
    about: bytes
    """What GET /model answers."""
    example: dict[str, Any]
    """A row of the held-out data, private values included."""
    since: datetime
    rows: Rows
    json_rows: JsonRows
    csv_rows: CsvRows
    column_rows: ColumnRows
    arrow_rows: ArrowRows
    graph: Graph
    answers: Answers
    arrow_answers: ArrowAnswers
    outside_training: OutsideTraining

    def predict_json(self, body: bytes) -> bytes:
        """Answer a JSON body with JSON."""
        feed = self.json_rows.read(body)
        return self.answers.json(self.run(feed))

    def predict_csv(self, body: bytes) -> bytes:
        """Answer a CSV table with the same table and the predictions."""
        table, feed = self.csv_rows.read(body)
        columns = self.answers.columns(self.run(feed))
        return table.with_columns(self.answers.names(self.rows.known), columns)

    def run(self, feed: Feed) -> Prediction:
        """Predict, and count what training had not seen."""
        prediction = self.graph.run(feed)
        self.outside_training.add(feed, rows=len(prediction.values))
        return prediction


def load_model(artifact: Artifact, *, name: str, max_rows: int) -> Model:
    """Load and admit the model of an artifact.

    Raises:
        ContractError: it breaks the contract, or does not answer its own examples as expected.
    """
    artifact.verify()
    document = artifact.file("model.json").read_bytes()
    description = read_description(document)
    graph = Graph(artifact.file("model.onnx").read_bytes(), description)
    rows = Rows(description.signature)
    column_rows = ColumnRows(description.signature, rows, max_rows=max_rows)
    answers = Answers(artifact.id, description)
    examples = read_examples(artifact.file("examples.jsonl").read_bytes())
    replay(examples, graph, rows)
    return Model(
        id=artifact.id,
        name=name,
        description=description,
        about=describe(artifact, name=name, document=json.loads(document)),
        example=examples[0].row,
        since=datetime.now(UTC),
        rows=rows,
        json_rows=JsonRows(description.signature, rows, max_rows=max_rows),
        csv_rows=CsvRows(rows, max_rows=max_rows),
        column_rows=column_rows,
        arrow_rows=ArrowRows(column_rows),
        graph=graph,
        answers=answers,
        arrow_answers=ArrowAnswers(answers.names(rows.known), description.classes),
        outside_training=OutsideTraining(description.signature, rows.rules),
    )
