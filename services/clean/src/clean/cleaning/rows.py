"""Cleaning rows: a frame of one partition in, right rows and faults out.

Pure, so that another engine can map it over partitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from clean.cleaning.columns import CleanColumn, clean_column
from clean.cleaning.rule_notes import Note
from clean.schema.fields import Field

_NO_FAULTS = pd.DataFrame({"reason": [], "column": []}, dtype=str)


@dataclass(frozen=True)
class CleanRows:
    """A frame after cleaning; both parts keep its index."""

    right: pd.DataFrame
    """The typed rows that break no rule."""
    faults: pd.DataFrame
    """For every other row `column` and `reason`: the first, in the order of the columns."""
    notes: dict[str, list[Note]]
    """By column what the rules did, if that was asked for."""


def clean_rows(
    frame: pd.DataFrame, fields: Sequence[Field], *, has_notes: bool = False
) -> CleanRows:
    """Apply the rules of all fields to a frame whose index numbers the rows."""
    cleaned = {
        field.name: clean_column(frame[field.name], field, has_notes=has_notes) for field in fields
    }
    typed = pd.DataFrame(
        {name: column.typed for name, column in cleaned.items()}, index=frame.index
    )
    notes = {name: column.notes for name, column in cleaned.items()}
    found = [_faults(name, column) for name, column in cleaned.items() if column.has_faults]
    if not found:
        return CleanRows(typed, _NO_FAULTS, notes)
    faults = pd.concat(found)
    faults = faults[~faults.index.duplicated()].sort_index()
    return CleanRows(typed.drop(faults.index), faults, notes)


def _faults(name: str, column: CleanColumn) -> pd.DataFrame:
    return column.reasons.dropna().to_frame("reason").assign(column=name)
