"""The rule report: how many cells and rows each rule touched, with examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clean.cleaning.rule_effects import MAX_EXAMPLES, MISSING, SENTINEL, RuleEffect
from clean.parsing.python_values import as_json
from clean.reporting.rejected_rows import DUPLICATE
from clean.schema.fields import NOT_UNIQUE, Field

_MAX_COLUMNS = 10
"""Maximum number of columns per rule in the log; profile.json has all."""

_MAX_CHARACTERS = 100
"""Maximum number of characters of a text in an example."""


class RuleReport:
    """Counts the effects of the rules, batch by batch."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._private = {field.name for field in fields if field.is_private}
        self._cells: Counter[tuple[str, str]] = Counter()
        """Cells by rule and column, in order of first occurrence."""
        self._rows: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._examples: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.tokens: dict[str, Counter[str]] = {}
        """Cells by missing token, by column."""
        self.sentinels: dict[str, Counter[str]] = {}
        """Cells by possible sentinel, by column."""

    def add(
        self,
        frame: pd.DataFrame,
        effects: Mapping[str, Sequence[RuleEffect]],
        *,
        rejected: pd.DataFrame,
        duplicates: int,
    ) -> None:
        """Add the effects on a raw frame by column, its rejected rows, and its duplicate count."""
        rows: dict[str, Any] = {}
        for column, column_effects in effects.items():
            for effect in column_effects:
                if effect.rule == SENTINEL:
                    self.sentinels.setdefault(column, Counter()).update(effect.texts)
                    continue
                rows[effect.rule] = rows.get(effect.rule, False) | effect.cells
                self._count(effect, column, frame.index)
        self._rows.update({rule: int(np.count_nonzero(touched)) for rule, touched in rows.items()})
        if duplicates:
            self._rows[DUPLICATE] += duplicates
        if len(rejected):
            self._reject(frame, rejected)

    def describe(self) -> list[dict[str, Any]]:
        """Return an entry for each rule that touched a cell or a row."""
        return [self._entry(rule) for rule in self._rows]

    def cells(self, rule: str) -> dict[str, int]:
        """Return the number of cells that a rule touched, by column."""
        return {column: count for (name, column), count in self._cells.items() if name == rule}

    def summary(self) -> str:
        """Return one line about what each rule did to which columns."""
        return "; ".join(
            f"{entry['rule']}: {entry['cells']:,} cells in {entry['rows']:,} rows"
            f" ({_list_columns(entry['columns'])})"
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

    def _count(self, effect: RuleEffect, column: str, index: pd.Index) -> None:
        self._cells[effect.rule, column] += int(np.count_nonzero(effect.cells))
        if effect.rule == MISSING:
            self.tokens.setdefault(column, Counter()).update(effect.texts)
        shown = self._examples.setdefault((effect.rule, column), [])
        if column in self._private:
            return
        for position, cell in effect.examples[: MAX_EXAMPLES - len(shown)]:
            message = {name: _to_example(value) for name, value in cell.items()}
            shown.append({"row": int(index[position])} | message)

    def _reject(self, frame: pd.DataFrame, rejected: pd.DataFrame) -> None:
        self._rejected.update(rejected["reason"])
        repeated = rejected[rejected["reason"] == NOT_UNIQUE]
        for column, rows in repeated.groupby("column"):
            cells = frame.index.isin(rows.index)
            first = np.flatnonzero(cells)[:MAX_EXAMPLES].tolist()
            examples = [(position, {"from": frame[column].iloc[position]}) for position in first]
            self._count(RuleEffect(NOT_UNIQUE, cells, examples), str(column), frame.index)
            self._rows[NOT_UNIQUE] += len(rows)


def _list_columns(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return the columns that a rule touched most, with their cell counts."""
    ranked = sorted(columns, key=lambda column: -column["cells"])
    named = ", ".join(f"{column['name']} {column['cells']:,}" for column in ranked[:_MAX_COLUMNS])
    more = len(ranked) - _MAX_COLUMNS
    return f"{named} and {more} more" if more > 0 else named


def _to_example(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")
    return value[:_MAX_CHARACTERS] if isinstance(value, str) else as_json(value)
