"""Runs of a train image on the tiny examples: one with a number for a target, one with classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conformance.checks.batch.first import first_artifact
from conformance.harness.subject import EXAMPLES, Subject
from conformance.harness.together import together
from conformance.models.feature_data import TARGET, FeatureData
from conformance.models.inputs import latest_of
from conformance.models.model_data import Model
from conformance.models.tensors import Feed, Row
from conformance.validity.published import Published, published

PENGUINS = EXAMPLES / "penguins/feature-data"
"""Classes for a target."""


@dataclass(frozen=True)
class ModelRun:
    """What one run published, and what it was made from."""

    label: str
    """How the run differs from the plain one, for messages."""
    source: Path
    artifact: Published

    @cached_property
    def model(self) -> Model:
        return Model(self.artifact)

    @cached_property
    def data(self) -> FeatureData:
        """The input."""
        return FeatureData(latest_of(self.source))

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The held-out rows, raw."""
        rows: Sequence[Row] = self.data.test_rows.to_pylist()
        return rows

    @cached_property
    def feed(self) -> Feed:
        """The held-out rows as the graph takes them, by the input's schema.json."""
        return self.data.pack(self.rows)

    @cached_property
    def predicted(self) -> NDArray[np.float32]:
        """What the model predicts for the held-out rows."""
        return self.model.predict(self.feed)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The classes that the model names for the held-out rows."""
        return self.model.graph.run(self.feed, "label")

    @property
    def truth(self) -> NDArray[np.float64] | NDArray[np.int64]:
        """The target of the held-out rows."""
        truth: NDArray[np.float64] | NDArray[np.int64] = self.data.test.column(TARGET).to_numpy()
        return truth

    def where(self, place: str) -> str:
        """Return a place in the artifact, with the run if it is not the plain one."""
        return f"{place}, {self.label}" if self.label else place


def model_runs(subject: Subject) -> list[ModelRun]:
    """Return a run for each of the examples, each made once."""
    return together(
        lambda: subject.once("model", lambda: _plain_run(subject)),
        lambda: subject.once("model of penguins", lambda: _penguins_run(subject)),
    )


def _plain_run(subject: Subject) -> ModelRun:
    return ModelRun("", subject.example, first_artifact(subject))


def _penguins_run(subject: Subject) -> ModelRun:
    return ModelRun("on penguins", PENGUINS, published(subject.run(source=PENGUINS)))
