"""Runs of a features image: on the tiny example, and on more houses with classes for a target."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from conformance.checks.batch.first import first_artifact
from conformance.harness.concurrency import run_concurrently
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.inputs.class_data import CLASSES, write_class_data
from conformance.inputs.pipeline_files import to_toml
from conformance.models.feature_data import FeatureData
from conformance.models.tensors import Row
from conformance.validity.lineage import latest_artifact
from conformance.validity.published import Published, published

type Side = Literal["train", "test", "rejects"]


@dataclass(frozen=True)
class FeatureRun:
    """What one run published, and what it was made from."""

    label: str
    """How the run differs from the plain one, for messages."""
    source: Path
    """The input, as a folder that stands for its volume."""
    artifact: Published

    @cached_property
    def data(self) -> FeatureData:
        return FeatureData(self.artifact)

    @cached_property
    def clean(self) -> pa.Table:
        """The input's table."""
        return self._input.table("table")

    @cached_property
    def clean_schema(self) -> dict[str, Any]:
        document: dict[str, Any] = self._input.document("schema.json")
        return document

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows of the input."""
        rows: Sequence[Row] = self.clean.to_pylist()
        return rows

    @cached_property
    def sides(self) -> Sequence[Side]:
        """Where each row of the input went: what is neither rejected nor a test row trains."""
        rejected = {reject["row"] for reject in self.artifact.rejects}
        test = Counter(key_of(row) for row in self.data.test_rows.to_pylist())
        sides: list[Side] = []
        for number, row in enumerate(self.rows, 1):
            if number in rejected:
                sides.append("rejects")
            elif test[key_of(row)]:
                test[key_of(row)] -= 1
                sides.append("test")
            else:
                sides.append("train")
        if strange := list(test.elements()):
            raise Fault(
                f"{self.where('test-rows/')}: {len(strange)} rows are not in the clean table, were"
                f" rejected, or occur more often than there, for example {strange[0]}",
                "write the test rows with the values that were read",
            )
        return sides

    def rows_on(self, side: Side) -> list[Row]:
        """Return the clean rows of one side."""
        return [row for row, where in zip(self.rows, self.sides, strict=True) if where == side]

    def where(self, place: str) -> str:
        """Return a place in the artifact, with the run if it is not the plain one."""
        return f"{place}, {self.label}" if self.label else place

    @property
    def _input(self) -> Published:
        return latest_artifact(self.source)


def key_of(row: Row) -> str:
    """Return a text that equal rows have in common."""
    return repr([(name, row[name]) for name in sorted(row)])


def runs_of(subject: Subject) -> list[FeatureRun]:
    """Return the run with a number for a target and that with classes, each made once."""
    return run_concurrently(
        lambda: subject.once("features", lambda: _plain_run(subject)), lambda: _class_run(subject)
    )


def _plain_run(subject: Subject) -> FeatureRun:
    return FeatureRun("", subject.example, first_artifact(subject))


def _class_run(subject: Subject) -> FeatureRun:
    def make_source() -> Path:
        volume = subject.scratch()
        write_class_data(volume, subject.seed)
        return volume

    label = f'with target = "{CLASSES}"'
    settings = to_toml(tomllib.loads(subject.settings) | {"target": CLASSES})
    source = subject.once("clean-data with classes", make_source)
    return features_run(subject, label, settings=settings, source=source)


def features_run(subject: Subject, label: str, *, settings: str, source: Path) -> FeatureRun:
    """Run the image on an input, once for all checks."""

    def make() -> FeatureRun:
        return FeatureRun(label, source, published(subject.run(settings=settings, source=source)))

    return subject.once(f"features {label}", make)
