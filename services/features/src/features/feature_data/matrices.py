"""Third pass: every row through the graph, into train/, test/, test-rows/ or rejects/."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from stage_contract import Draft, Rejects

from features.data.classes import Classes
from features.data.columns import Column
from features.data.tables import CleanTable, TableWriter
from features.data.target import Target
from features.data.tensors import as_doubles
from features.data.values import cell_to_json
from features.feature_data.training_bins import TrainingBins
from features.preprocessing.fitting import Fitted
from features.splitting.sample_metadata import SampleMetadata
from features.splitting.splits import (
    BAD_WEIGHT,
    NO_GROUP,
    NO_INPUT,
    NO_TIME,
    NO_WEIGHT,
    REASONS,
    TEST,
    TRAIN,
    Assignment,
)

PRIVATE = "(private)"


@dataclass(frozen=True)
class Matrices:
    """Makes rows of train/, test/ and rejects/ from clean rows."""

    columns: Sequence[Column]
    """Columns of the clean table."""
    fitted: Fitted
    target: Target
    classes: Classes | None
    """None for regression."""
    metadata: SampleMetadata
    required: Sequence[str] = ()
    """Inputs that have a value in every training row."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of the matrix: features, target, sample metadata."""
        fields = [(feature.name, pa.float32()) for feature in self.fitted.features]
        fields.append(("@target", pa.float64() if self.classes is None else pa.int64()))
        return pa.schema([*fields, *self.metadata.fields])

    def make(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the matrix of a batch."""
        matrix = self.fitted.graph.run(self.fitted.plan.inputs.pack(batch))
        columns = [
            *np.ascontiguousarray(matrix.T),
            self._targets(batch),
            *self.metadata.columns(batch),
        ]
        return pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=self.schema)

    def reject(
        self, batch: pa.RecordBatch, assigned: Assignment, *, start: int, rejects: Rejects
    ) -> None:
        """Write the rejected rows to rejects/, without values of private columns."""
        indexes = np.flatnonzero(assigned > TEST)
        for index, row in zip(indexes.tolist(), batch.take(indexes).to_pylist(), strict=True):
            record = {
                column.name: PRIVATE if column.is_private else cell_to_json(row[column.name])
                for column in self.columns
            }
            column = self._rejecting_column(assigned[index])
            if assigned[index] == NO_INPUT:
                column = next(name for name in self.required if row[name] is None)
            rejects.add(
                row=start + index + 1, reason=REASONS[assigned[index]], record=record, column=column
            )

    def _rejecting_column(self, assigned: np.uint8) -> str | None:
        """Return the column that caused a rejection."""
        columns = {
            NO_TIME: self.metadata.time,
            NO_GROUP: self.metadata.group,
            NO_WEIGHT: self.metadata.weight,
            BAD_WEIGHT: self.metadata.weight,
        }
        return columns.get(assigned, self.target.column.name)

    def _targets(self, batch: pa.RecordBatch) -> NDArray[np.float64] | NDArray[np.int64]:
        if self.classes is None:
            return as_doubles(batch.column(self.target.column.name))
        return self.classes.indexes(self.target.labels(batch))


def write_matrices(
    draft: Draft,
    table: CleanTable,
    *,
    assignment: Assignment,
    matrices: Matrices,
    bins: TrainingBins,
) -> Counter[str]:
    """Write every row to train/, test/ or rejects/; return rejected rows by reason.

    The training rows are counted in `bins`.
    """
    with (
        TableWriter(draft.folder("train"), matrices.schema) as train,
        TableWriter(draft.folder("test"), matrices.schema) as test,
        TableWriter(draft.folder("test-rows"), table.schema) as test_rows,
        Rejects(draft.path) as rejects,
    ):
        for rows, batch in table.batches("written"):
            assigned = assignment[rows]
            matrix = matrices.make(batch)
            is_train = pa.array(assigned == TRAIN)
            train.write(matrix.filter(is_train))
            bins.add(batch.filter(is_train))
            test.write(matrix.filter(pa.array(assigned == TEST)))
            test_rows.write(batch.filter(pa.array(assigned == TEST)))
            matrices.reject(batch, assigned, start=rows.start, rejects=rejects)
    return rejects.reasons
