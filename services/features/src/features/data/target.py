"""The target: its column, and the value derived from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import SettingsError

from features.data.columns import Column, require_columns
from features.data.tensors import as_flags
from features.settings import Settings, Transform

LOWER_BOUNDS: Mapping[Transform, float] = {"log": 0.0, "log1p": -1.0}
"""Exclusive lower bound of the values that each transform accepts."""


@dataclass(frozen=True)
class Target:
    """The target of the model: a column, or a value derived from it."""

    column: Column
    name: str
    above: float | None
    transform: Transform | None = None

    @property
    def has_labels(self) -> bool:
        """Whether the values may be classes."""
        if self.transform is not None:
            return False
        return self.above is not None or self.column.type in {"string", "boolean", "integer"}

    def labels(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the values that become classes."""
        values = batch.column(self.column.name)
        return values if self.above is None else pc.greater(values, self.above)

    def is_missing(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """Return for each row whether it has no value."""
        return as_flags(pc.is_null(batch.column(self.column.name)))

    def is_untransformable(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """Return for each row whether the transform is undefined for its value."""
        if self.transform is None:
            return np.zeros(batch.num_rows, np.bool_)
        return as_flags(pc.less_equal(batch.column(self.column.name), LOWER_BOUNDS[self.transform]))


def find_target(columns: Sequence[Column], settings: Settings) -> Target:
    """Return the target that the settings name.

    Raises:
        SettingsError: There is no such column, or its type does not fit the settings.
    """
    setting = settings.target
    require_columns([setting.column], columns, setting="target")
    column = next(column for column in columns if column.name == setting.column)
    where = f"[features] target = '{column.name}'"
    if column.is_temporal:
        raise SettingsError(f"{where}: is a {column.type}; expected numbers, texts or booleans")
    if setting.above is not None and column.type not in {"number", "integer"}:
        raise SettingsError(f"{where}: above needs numbers, the column is a {column.type}")
    if setting.transform is not None and column.type not in {"number", "integer"}:
        raise SettingsError(f"{where}: transform needs numbers, the column is a {column.type}")
    name = setting.name or column.name
    if setting.name is None and setting.above is not None:
        name = f"{column.name}_above_{setting.above:g}"
    if name != column.name and name in {column.name for column in columns}:
        raise SettingsError(
            f"[features] target.name = '{name}': a column has this name; expected a new one"
        )
    return Target(column, name, setting.above, setting.transform)
