"""Table rules: outliers, duplicates and unique columns.

Each rule that the settings use needs a pass over the table. The results are stored in files
of the draft, so that memory does not grow with the rows.
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
from clean.table_rules.duplicate_files import DuplicateFiles
from clean.table_rules.duplicates import RowHashes, hash_rows
from clean.table_rules.hashing import new_secret
from clean.table_rules.outliers import FACTORS, ColumnValues
from clean.tables.parallel import map_ahead
from clean.tables.parquet_reader import Table


@dataclass(frozen=True)
class CheckedRows:
    """A frame of rows after the table rules."""

    kept: pd.DataFrame
    rejected: pd.DataFrame
    """Rejected rows as in `CleanRows`, and the rows that the table rules reject."""
    duplicates: pd.Series
    """Kept row by duplicate row."""


class TableRules:
    """Finds duplicate rows, and rows that repeat a value of a unique column."""

    def __init__(
        self, folder: Path, fields: Sequence[Field], *, rows: int, settings: Settings
    ) -> None:
        unique = {name for name, column in settings.columns.items() if column.unique}
        # In table order: the order of the settings is not part of an artifact's id.
        names = [field.name for field in fields if field.name in unique]
        self._fields = fields
        self._settings = settings
        self._secret = new_secret()
        self._duplicates = DuplicateFiles(folder / "rows", rows=rows)
        self._unique = {
            name: DuplicateFiles(folder / f"column-{number}", rows=rows)
            for number, name in enumerate(names)
        }

    def scan(self, table: Table) -> None:
        """Read the table once for each rule that needs it."""
        keep = self._settings.keep_duplicates
        if self._settings.duplicates == "drop":
            progress = Progress("rows compared", total=table.rows)

            def hash_valid_rows(frame: pd.DataFrame) -> tuple[int, RowHashes]:
                valid = clean_rows(frame, self._fields).valid
                return len(frame), hash_rows(valid, self._settings.key, secret=self._secret)

            for rows, records in map_ahead(hash_valid_rows, table.frames()):
                self._duplicates.add(records)
                progress.add(rows)
            self._duplicates.find_duplicates(keep)
        if self._unique:
            progress = Progress("rows scanned for repeated values", total=table.rows)
            for frame in table.frames():
                valid = clean_rows(frame, self._fields).valid
                kept = valid.drop(self._duplicates.duplicates(valid.index).index)
                for name, files in self._unique.items():
                    files.add(hash_rows(kept[[name]].dropna(), secret=self._secret))
                progress.add(len(frame))
        for files in self._unique.values():
            files.find_duplicates(keep)

    def apply(self, cleaned: CleanRows) -> CheckedRows:
        """Remove duplicate rows, and rows that repeat a unique value."""
        duplicates = self._duplicates.duplicates(cleaned.valid.index)
        kept = cleaned.valid.drop(duplicates.index)
        if not self._unique:
            return CheckedRows(kept, cleaned.rejected, duplicates)
        repeated_values = [
            pd.DataFrame({"reason": NOT_UNIQUE, "column": name}, index=repeated.index)
            for name, files in self._unique.items()
            if len(repeated := files.duplicates(kept.index))
        ]
        rejected = pd.concat([cleaned.rejected, *repeated_values])
        rejected = rejected[~rejected.index.duplicated()].sort_index()
        return CheckedRows(kept.drop(kept.index.intersection(rejected.index)), rejected, duplicates)


def check_table_rules(settings: Settings, kinds: Mapping[str, str]) -> None:
    """Check the table rules against the types of the table's columns.

    Raises:
        SettingsError: A column is not in the table, or a rule does not fit its type.
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
                f"[clean.columns.{name}] outliers does not fit a column of type {kinds[name]};"
                " remove it, or declare number"
            )
        if column.outlier_factor and not column.outliers:
            raise SettingsError(
                f'[clean.columns.{name}] outlier_factor needs outliers = "iqr" or "mad"'
            )


def find_outliers(
    table: Table, fields: Sequence[Field], *, settings: Settings, folder: Path
) -> list[Field]:
    """Return the fields; fields with `outliers` also reject values outside their limits.

    The quantiles are exact: the values are stored in files, which are read several times.
    """
    rules = {name: column for name, column in settings.columns.items() if column.outliers}
    if not rules:
        return [*fields]
    folder.mkdir()
    checked = [field for field in fields if field.name in rules]
    values = [ColumnValues(folder / str(number)) for number in range(len(checked))]
    progress = Progress("rows scanned for outliers", total=table.rows)
    for frame in table.frames([field.name for field in checked]):
        for field, kept in zip(checked, values, strict=True):
            cleaned = clean_column(frame[field.name], field)
            valid = to_arrow(cleaned.typed[cleaned.reasons.isna()]).drop_null()
            kept.add(valid.cast(pa.float64()).to_numpy())
        progress.add(len(frame))
    limited = {
        field.name: _add_limits(field, kept, rules[field.name])
        for field, kept in zip(checked, values, strict=True)
    }
    return [limited.get(field.name, field) for field in fields]


def _add_limits(field: Field, values: ColumnValues, column: Column) -> Field:
    limits = _limits(values, column)
    if limits is None:
        LOGGER.warning(
            "column %s: no outliers by %s, because at least half of its values are equal",
            *(field.name, column.outliers),
        )
        return field
    constraint = outlier_constraint(limits, is_private=field.is_private)
    return replace(field, constraints=(*field.constraints, constraint))


def _limits(values: ColumnValues, column: Column) -> Limits | None:
    if column.outliers is None:
        return None
    factor = column.outlier_factor or FACTORS[column.outliers]
    return values.limits(column.outliers, factor=factor)
