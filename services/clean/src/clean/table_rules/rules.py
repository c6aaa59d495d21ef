"""Rules that hold between rows: outliers, duplicates, and columns without repeated values.

Each needs a pass over the table of its own, and only if the settings ask for it. What the passes
find stands in files of the draft, so that memory does not grow with the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from stage_contract import LOGGER, Progress, SettingsError, did_you_mean

from clean.cleaning.columns import clean_column
from clean.cleaning.rows import CleanRows, clean_rows
from clean.parsing.arrays import to_arrow
from clean.schema.constraints import Limits, outlier_constraint
from clean.schema.fields import NOT_UNIQUE, Field
from clean.settings import Column, Settings
from clean.table_rules.duplicate_files import Spill
from clean.table_rules.duplicates import Records, hash_rows
from clean.table_rules.hashing import new_secret
from clean.table_rules.outliers import FACTORS, Values
from clean.tables.parallel import map_ahead
from clean.tables.parquet_reader import Table


@dataclass(frozen=True)
class CheckedRows:
    """A frame of rows by what becomes of them."""

    kept: pd.DataFrame
    faults: pd.DataFrame
    """As of `CleanRows`, with those between rows."""
    copies: pd.Series
    """The row that stays by the duplicate of it."""


class TableRules:
    """Knows which rows are duplicates, and which repeat a value that has to be unique."""

    def __init__(
        self, folder: Path, fields: Sequence[Field], *, rows: int, settings: Settings
    ) -> None:
        unique = {name for name, column in settings.columns.items() if column.unique}
        # In the order of the table: that of the settings is no part of an id.
        names = [field.name for field in fields if field.name in unique]
        self._fields = fields
        self._settings = settings
        self._secret = new_secret()
        self._copies = Spill(folder / "rows", rows=rows)
        self._repeated = {
            name: Spill(folder / f"column-{number}", rows=rows) for number, name in enumerate(names)
        }

    def look_at(self, table: Table) -> None:
        """Read the table as often as the rules need it."""
        keep = self._settings.keep_duplicates
        if self._settings.duplicates == "drop":
            progress = Progress("rows compared", total=table.rows)

            def hashed(frame: pd.DataFrame) -> tuple[int, Records]:
                right = clean_rows(frame, self._fields).right
                return len(frame), hash_rows(right, self._settings.key, secret=self._secret)

            for rows, records in map_ahead(hashed, table.frames()):
                self._copies.add(records)
                progress.add(rows)
            self._copies.find_copies(keep)
        if self._repeated:
            progress = Progress("rows looked at for repeated values", total=table.rows)
            for frame in table.frames():
                right = clean_rows(frame, self._fields).right
                kept = right.drop(self._copies.copies(right.index).index)
                for name, spill in self._repeated.items():
                    spill.add(hash_rows(kept[[name]].dropna(), secret=self._secret))
                progress.add(len(frame))
        for spill in self._repeated.values():
            spill.find_copies(keep)

    def apply(self, cleaned: CleanRows) -> CheckedRows:
        """Take rows out that are duplicates, or whose value another row has."""
        copies = self._copies.copies(cleaned.right.index)
        kept = cleaned.right.drop(copies.index)
        if not self._repeated:
            return CheckedRows(kept, cleaned.faults, copies)
        found = [
            pd.DataFrame({"reason": NOT_UNIQUE, "column": name}, index=repeated.index)
            for name, spill in self._repeated.items()
            if len(repeated := spill.copies(kept.index))
        ]
        faults = pd.concat([cleaned.faults, *found])
        faults = faults[~faults.index.duplicated()].sort_index()
        return CheckedRows(kept.drop(kept.index.intersection(faults.index)), faults, copies)


def check_table_rules(settings: Settings, kinds: Mapping[str, str]) -> None:
    """Check the rules between rows against the types of the table's columns.

    Raises:
        SettingsError: a column is not in the table, or a rule does not fit.
    """
    for name in settings.key or []:
        if name not in kinds:
            hint = did_you_mean(name, list(kinds))
            raise SettingsError(f"[clean] key: the table has no column '{name}'{hint}")
    if settings.key and settings.duplicates == "keep":
        raise SettingsError('[clean] key does nothing with duplicates = "keep"; remove one of them')
    for name, column in settings.columns.items():
        if column.outliers and kinds[name] not in {"number", "integer"}:
            raise SettingsError(
                f"[clean.columns.{name}] outliers fits no column of type {kinds[name]};"
                " remove it, or declare number"
            )
        if column.outlier_factor and not column.outliers:
            raise SettingsError(
                f'[clean.columns.{name}] outlier_factor needs outliers = "iqr" or "mad"'
            )


def find_outliers(
    table: Table, fields: Sequence[Field], *, settings: Settings, folder: Path
) -> list[Field]:
    """Return the fields, those with `outliers` with the limits of their right values.

    The quantiles are exact: values stand in files, which are read a few times.
    """
    asked = {name: column for name, column in settings.columns.items() if column.outliers}
    if not asked:
        return [*fields]
    folder.mkdir()
    seen = [field for field in fields if field.name in asked]
    values = [Values(folder / str(number)) for number in range(len(seen))]
    progress = Progress("rows looked at for outliers", total=table.rows)
    for frame in table.frames([field.name for field in seen]):
        for field, kept in zip(seen, values, strict=True):
            cleaned = clean_column(frame[field.name], field)
            right = to_arrow(cleaned.typed[cleaned.reasons.isna()]).drop_null()
            kept.add(right.cast(pa.float64()).to_numpy())
        progress.add(len(frame))
    limited = {
        field.name: _limit(field, kept, asked[field.name])
        for field, kept in zip(seen, values, strict=True)
    }
    return [limited.get(field.name, field) for field in fields]


def _limit(field: Field, values: Values, column: Column) -> Field:
    limits = _limits(values, column)
    if limits is None:
        LOGGER.warning(
            "column %s: no outliers by %s, as at least half of its values are alike",
            *(field.name, column.outliers),
        )
        return field
    constraint = outlier_constraint(limits, is_private=field.is_private)
    return replace(field, constraints=(*field.constraints, constraint))


def _limits(values: Values, column: Column) -> Limits | None:
    if column.outliers is None:
        return None
    factor = column.outlier_factor or FACTORS[column.outliers]
    return values.limits(column.outliers, factor=factor)
