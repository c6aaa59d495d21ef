"""What becomes of each row: rejected, train or test."""

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Any

import polars as pl
from run import UserError
from table import Table

type Settings = dict[str, Any]


class Rejects:
    """Rows that are set aside, by their place in the clean table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: dict[int, dict[str, Any]] = {}

    def add(self, mask: pl.Series, reason: str, *, column: str, expected: str) -> None:
        """Reject the rows of a mask, which is as long as the table."""
        for place in mask.arg_true():
            entry = {"reason": reason, "column": column, "expected": expected}
            self.found.setdefault(place, entry)

    def mask(self) -> pl.Series:
        """Tell for each row whether it is rejected."""
        places = range(len(self.table.rows))
        return pl.Series([place in self.found for place in places], dtype=pl.Boolean)

    def lines(self) -> str:
        """Return a JSON object per row, without private values."""
        rejected = self.table.part(self.mask())
        values = {
            name: ["(private)"] * len(self.found)
            if rejected.is_private(name)
            else rejected.plain(name)
            for name in rejected.fields
        }
        lines = []
        for number, place in enumerate(sorted(self.found)):
            record = {name: column[number] for name, column in values.items()}
            line = {"row": place + 1, **self.found[place], "record": record}
            lines.append(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        return "".join(lines)

    def by_reason(self) -> dict[str, int]:
        reasons = [entry["reason"] for entry in self.found.values()]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def reject_incomplete(rejects: Rejects, settings: Settings) -> None:
    """Reject rows without a target, time, group or weight, or with an impossible one."""
    table, target = rejects.table, settings["target"]["column"]
    columns = {part: settings[f"{part}_column"] for part in ("time", "group", "weight")}
    for what, column in {"target": target, **columns}.items():
        if column is not None:
            missing = table.is_missing(column)
            rejects.add(missing, f"{what} missing", column=column, expected="a value")
    if column := columns["weight"]:
        low = (table.column(column) <= 0).fill_null(value=False)
        rejects.add(low, "weight not positive", column=column, expected="> 0")
    if transform := settings["target"]["transform"]:
        lowest = {"log": 0, "log1p": -1}[transform]
        low = (table.column(target) <= lowest).fill_null(value=False)
        rejects.add(low, "target without logarithm", column=target, expected=f"> {lowest}")


def split_rows(
    table: Table, is_kept: pl.Series, settings: Settings
) -> tuple[pl.Series, dict[str, Any]]:
    """Return which rows are test rows, and the split for features.json."""
    kind, share, seed = settings["split"], settings["test_share"], settings["seed"]
    split: dict[str, Any] = {"kind": kind, "test_share": share}
    if kind == "time":
        column = settings["time_column"]
        times = table.column(column).cast(pl.Datetime("us")).dt.epoch("us")
        boundary = boundary_of(times.filter(is_kept), share)
        split |= {"column": column}
        # The boundary is the value of a row.
        if not table.is_private(column):
            split |= {"boundary": instant(boundary)}
        return (times >= boundary).fill_null(value=False), split
    split |= {"seed": seed}
    if kind == "group":
        names = [settings["group_column"]]
        split |= {"column": names[0]}
    else:
        unused = {settings["target"]["column"], settings["weight_column"], *settings["exclude"]}
        names = [name for name in table.fields if name not in unused]
        split |= {"columns": names}
    if not names:
        raise UserError(78, "no column is left as an input", "exclude fewer columns")
    numbers = [int.from_bytes(each[:8]) / 2**64 for each in digests(table, names, seed)]
    return pl.Series(numbers, dtype=pl.Float64) < share, split


def digests(table: Table, names: list[str], seed: int) -> list[bytes]:
    """Return a hash of each row's values, whatever else is in the table."""
    columns = [table.encoded(name) for name in sorted(names)]
    return [
        hashlib.sha256(json.dumps([seed, *values]).encode()).digest()
        for values in zip(*columns, strict=True)
    ]


def boundary_of(times: pl.Series, share: float) -> int:
    """Return the time from which on rows are test rows."""
    ordered = times.sort()
    if ordered.n_unique() < 2:
        raise UserError(65, "a split by time needs two different times", "split by hash")
    place = min(math.ceil(len(ordered) * (1 - share)), len(ordered) - 1)
    second = ordered.filter(ordered > ordered[0])[0]
    return int(max(ordered[place], second))


def instant(microseconds: int) -> str:
    """Return a time in RFC 3339."""
    seconds, rest = divmod(microseconds, 1_000_000)
    time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
    return f"{time.isoformat()}Z"
