"""The report on the rules: how many cells and rows each touched, with examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clean.cleaning.rule_notes import EXAMPLES, MISSING, SENTINEL, Note
from clean.parsing.python_values import as_json
from clean.reporting.rejected_rows import DUPLICATE
from clean.schema.fields import NOT_UNIQUE, Field

_NAMED = 10
"""Columns of a rule that the log names; profile.json has all."""

_LONGEST = 100
"""Characters of a text in an example."""


class Report:
    """Counts what the rules did, batch by batch."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._private = {field.name for field in fields if field.is_private}
        self._cells: Counter[tuple[str, str]] = Counter()
        """By rule and column, in the order in which they were met."""
        self._rows: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._examples: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.tokens: dict[str, Counter[str]] = {}
        """Cells by missing token, by column."""
        self.sentinels: dict[str, Counter[str]] = {}
        """Cells by text that may be a sentinel, by column."""

    def add(
        self,
        frame: pd.DataFrame,
        notes: Mapping[str, Sequence[Note]],
        *,
        faults: pd.DataFrame,
        copies: int,
    ) -> None:
        """Take the notes on a raw frame by column, its rejected rows, and how many duplicates."""
        rows: dict[str, Any] = {}
        for column, made in notes.items():
            for note in made:
                if note.rule == SENTINEL:
                    self.sentinels.setdefault(column, Counter()).update(note.texts)
                    continue
                rows[note.rule] = rows.get(note.rule, False) | note.cells
                self._count(note, column, frame.index)
        self._rows.update({rule: int(np.count_nonzero(touched)) for rule, touched in rows.items()})
        if copies:
            self._rows[DUPLICATE] += copies
        if len(faults):
            self._reject(frame, faults)

    def describe(self) -> list[dict[str, Any]]:
        """Return an entry for each rule that touched a cell or a row."""
        return [self._entry(rule) for rule in self._rows]

    def cells(self, rule: str) -> dict[str, int]:
        """Return how many cells of each column a rule touched."""
        return {column: count for (name, column), count in self._cells.items() if name == rule}

    def summary(self) -> str:
        """Return what the rules did to cells, and of which columns, in a line."""
        return "; ".join(
            f"{entry['rule']}: {entry['cells']:,} cells in {entry['rows']:,} rows"
            f" ({_named(entry['columns'])})"
            for entry in self.describe()
            if entry["columns"]
        )

    def _entry(self, rule: str) -> dict[str, Any]:
        columns = [
            {"name": column, "cells": cells, "examples": self._examples[rule, column]}
            for (name, column), cells in self._cells.items()
            if name == rule
        ]
        entry: dict[str, Any] = {"rule": rule, "rows": self._rows[rule]}
        if columns:
            entry["cells"] = sum(column["cells"] for column in columns)
        if rule in self._rejected:
            entry["rejected"] = self._rejected[rule]
        return entry | {"columns": columns}

    def _count(self, note: Note, column: str, index: pd.Index) -> None:
        self._cells[note.rule, column] += int(np.count_nonzero(note.cells))
        if note.rule == MISSING:
            self.tokens.setdefault(column, Counter()).update(note.texts)
        shown = self._examples.setdefault((note.rule, column), [])
        if column in self._private:
            return
        for place, cell in note.examples[: EXAMPLES - len(shown)]:
            told = {name: _shown(value) for name, value in cell.items()}
            shown.append({"row": int(index[place])} | told)

    def _reject(self, frame: pd.DataFrame, faults: pd.DataFrame) -> None:
        self._rejected.update(faults["reason"])
        repeated = faults[faults["reason"] == NOT_UNIQUE]
        for column, rows in repeated.groupby("column"):
            cells = frame.index.isin(rows.index)
            first = np.flatnonzero(cells)[:EXAMPLES].tolist()
            examples = [(place, {"from": frame[column].iloc[place]}) for place in first]
            self._count(Note(NOT_UNIQUE, cells, examples), str(column), frame.index)
            self._rows[NOT_UNIQUE] += len(rows)


def _named(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return the columns that a rule touched most, and how many cells of each."""
    most = sorted(columns, key=lambda column: -column["cells"])
    named = ", ".join(f"{column['name']} {column['cells']:,}" for column in most[:_NAMED])
    more = len(most) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _shown(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")
    return value[:_LONGEST] if isinstance(value, str) else as_json(value)
