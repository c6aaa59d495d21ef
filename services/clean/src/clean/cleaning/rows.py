"""Cleaning of rows: a frame of one partition in, valid and rejected rows out.

The functions are pure, so that another engine can map them over partitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from clean.cleaning.columns import CleanColumn, clean_column
from clean.cleaning.rule_effects import RuleEffect
from clean.schema.fields import Field

_NONE_REJECTED = pd.DataFrame({"reason": [], "column": []}, dtype=str)


@dataclass(frozen=True)
class CleanRows:
    """A cleaned frame; both parts keep the index of the frame."""

    valid: pd.DataFrame
    """Typed rows that violate no rule."""
    rejected: pd.DataFrame
    """First `column` and `reason` of each rejected row, in column order."""
    effects: dict[str, list[RuleEffect]]
    """Effects of the rules by column, if requested."""


def clean_rows(
    frame: pd.DataFrame, fields: Sequence[Field], *, with_effects: bool = False
) -> CleanRows:
    """Apply the rules of all fields to a frame whose index numbers the rows."""
    cleaned = {
        field.name: clean_column(frame[field.name], field, with_effects=with_effects)
        for field in fields
    }
    typed = pd.DataFrame(
        {name: column.typed for name, column in cleaned.items()}, index=frame.index
    )
    effects = {name: column.effects for name, column in cleaned.items()}
    rejected_cells = [
        _rejected_cells(name, column) for name, column in cleaned.items() if column.has_rejected
    ]
    if not rejected_cells:
        return CleanRows(typed, _NONE_REJECTED, effects)
    rejected = pd.concat(rejected_cells)
    rejected = rejected[~rejected.index.duplicated()].sort_index()
    return CleanRows(typed.drop(rejected.index), rejected, effects)


def _rejected_cells(name: str, column: CleanColumn) -> pd.DataFrame:
    return column.reasons.dropna().to_frame("reason").assign(column=name)
