"""The rule of the split: by hash, by group, or by time."""

from collections.abc import Sequence

from stage_contract import SettingsError

from features.data.columns import Column, require_columns
from features.data.tables import CleanTable
from features.data.target import Target
from features.data.timestamps import NO_TIMESTAMP, TimestampQuantile, to_microseconds
from features.settings import Settings
from features.splitting.hash_columns import choose_hash_columns
from features.splitting.splits import GroupRule, HashRule, Rule, TimeRule


def find_rule(table: CleanTable, target: Target, *, settings: Settings) -> Rule:
    """Return the rule; a split by time first reads all timestamps.

    Raises:
        SettingsError: The time column is ambiguous, or is not a date.
    """
    if settings.split == "hash":
        columns = choose_hash_columns(table, target, settings=settings)
        return HashRule(settings.test_share, columns)
    if settings.group_column is not None:
        return GroupRule(settings.group_column, settings.test_share, settings.seed)
    name = _time_column(table.columns, settings)
    quantile = TimestampQuantile()
    for _, batch in table.batches("read for the time split", [name, target.column.name]):
        timestamps = to_microseconds(batch.drop_null().column(name))
        quantile.add(timestamps)
    boundary = quantile.quantile(1 - settings.test_share)
    is_private = next(column.is_private for column in table.columns if column.name == name)
    return TimeRule(name, NO_TIMESTAMP if boundary is None else boundary, is_private)


def _time_column(columns: Sequence[Column], settings: Settings) -> str:
    dates = [column.name for column in columns if column.is_temporal]
    if settings.time_column is None:
        if len(dates) != 1:
            found_dates = f"{len(dates)} ({', '.join(dates)})" if dates else "none"
            remedy = "name one in time_column" if dates else 'use split = "hash"'
            raise SettingsError(
                '[features] split = "time": expected one date or datetime column,'
                f" found {found_dates}; {remedy}"
            )
        return dates[0]
    require_columns([settings.time_column], columns, setting="time_column")
    if settings.time_column not in dates:
        raise SettingsError(
            f"[features] time_column = '{settings.time_column}': is not a date;"
            f" expected one of {', '.join(dates) or 'none, since the table has no dates'}"
        )
    return settings.time_column
