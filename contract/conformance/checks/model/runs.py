"""Runs of a train image on two tiny examples: a regression and a classification."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conformance.checks.batch.first import first_artifact
from conformance.harness.concurrency import run_concurrently
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.feature_data import TARGET, FeatureData
from conformance.models.model_data import Model
from conformance.models.tensors import Feed, Row
from conformance.validity.lineage import latest_artifact
from conformance.validity.published import Published, published

PENGUINS = EXAMPLES / "penguins/feature-data"
"""The example with classes."""


@dataclass(frozen=True)
class ModelRun:
    """A model that a run published, and the feature-data that it was made from."""

    label: str
    """Names the run in messages; empty for the run on the houses."""
    source: Path
    """Folder of the input volume."""
    artifact: Published

    @cached_property
    def model(self) -> Model:
        return Model(self.artifact)

    @cached_property
    def feature_data(self) -> FeatureData:
        """The feature-data that the run read."""
        return FeatureData(latest_artifact(self.source))

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The held-out rows before encoding."""
        rows: Sequence[Row] = self.feature_data.test_rows.to_pylist()
        return rows

    @cached_property
    def feed(self) -> Feed:
        """The input tensors of the held-out rows, packed as schema.json says."""
        return self.feature_data.pack(self.rows)

    @cached_property
    def predicted(self) -> NDArray[np.float32]:
        """Predictions of the held-out rows: numbers, or probabilities."""
        return self.model.predict(self.feed)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Indexes of the predicted classes."""
        return self.model.graph.run(self.feed, "label")

    @property
    def class_count(self) -> int | None:
        """Number of classes; None for regression."""
        return len(self.model.classes) if self.model.classes else None

    @property
    def y_true(self) -> NDArray[np.float64] | NDArray[np.int64]:
        """The target of the held-out rows."""
        column = self.feature_data.test.column(TARGET)
        y_true: NDArray[np.float64] | NDArray[np.int64] = column.to_numpy()
        return y_true

    def where(self, place: str) -> str:
        """Return a place in the artifact for a message, with the label of the run."""
        return f"{place}, {self.label}" if self.label else place


def model_runs(subject: Subject) -> list[ModelRun]:
    """Return the runs on both examples; each example is run once."""
    return run_concurrently(
        lambda: subject.once("model", lambda: _houses_run(subject)),
        lambda: subject.once("model of penguins", lambda: _penguins_run(subject)),
    )


def _houses_run(subject: Subject) -> ModelRun:
    return ModelRun("", subject.example, first_artifact(subject))


def _penguins_run(subject: Subject) -> ModelRun:
    return ModelRun("on penguins", PENGUINS, published(subject.run(source=PENGUINS)))
