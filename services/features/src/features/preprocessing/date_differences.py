"""Differences between two date columns, in days: which ones become features, and their values."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from stage_contract import LOGGER, SettingsError

from features.data.columns import require_columns
from features.data.tensors import SECONDS_PER_DAY, as_doubles
from features.preprocessing.roles import Role

type Pair = tuple[str, str]
"""Two date or datetime columns; the feature is the second minus the first."""

MAX_DEFAULT_DIFFERENCES = 10
"""Maximum number of differences that are chosen without a setting: all pairs of five columns."""

_MIN_RANGE_SECONDS = 1e-3
"""Smaller ranges are rounding: a double cannot represent every microsecond after the year 2255."""


def choose_differences(
    roles: Sequence[Role], sample: pa.Table, *, given: Sequence[Pair] | None
) -> tuple[Pair, ...]:
    """Return the pairs that become features; `given` are those of the settings.

    Without a setting: all pairs of date inputs, those that are closest in the table first, up to
    MAX_DEFAULT_DIFFERENCES. A pair whose difference is the same in all fitted rows is left out.

    Raises:
        SettingsError: A given column does not exist, or is no input with date parts.
    """
    dates = [role.column.name for role in roles if role.encoding == "date-parts"]
    if given is None:
        return _choose_default(dates, sample)
    _require_dates(roles, given)
    varying = tuple(pair for pair in given if _varies(sample, pair))
    for first, second in given:
        if (first, second) not in varying:
            LOGGER.warning(
                "date_differences: the time from '%s' to '%s' is the same in all fitted rows, so it"
                " is no feature",
                first,
                second,
            )
    return varying


def days_between(seconds: ArrayLike, *, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the days from the first to the second column of each pair; NaN if one is missing."""
    first, second = np.transpose(pairs)
    columns = np.asarray(seconds, np.float64)
    days: NDArray[np.float64] = (columns[:, second] - columns[:, first]) / SECONDS_PER_DAY
    return days


def _choose_default(dates: Sequence[str], sample: pa.Table) -> tuple[Pair, ...]:
    # Tables list the dates of a process in their order, so neighbours are its steps.
    places = sorted(combinations(range(len(dates)), 2), key=lambda pair: (pair[1] - pair[0], pair))
    pairs = [(dates[first], dates[second]) for first, second in places]
    varying = [pair for pair in pairs if _varies(sample, pair)]
    chosen = tuple(varying[:MAX_DEFAULT_DIFFERENCES])
    if chosen:
        LOGGER.info(
            "features of two dates: %s; date_differences in [features] chooses others, [] none",
            ", ".join(f"days from '{first}' to '{second}'" for first, second in chosen),
        )
    if len(chosen) < len(varying):
        LOGGER.info(
            "%d of %d differences of dates are features: the columns closest to each other in the"
            " table",
            len(chosen),
            len(varying),
        )
    return chosen


def _require_dates(roles: Sequence[Role], pairs: Sequence[Pair]) -> None:
    by_name = {role.column.name: role for role in roles}
    names = dict.fromkeys(name for pair in pairs for name in pair)
    require_columns(names, [role.column for role in roles], setting="date_differences")
    for name in names:
        role = by_name[name]
        if role.encoding != "date-parts":
            kind = role.column.type if role.column.is_temporal else f"of type {role.column.type}"
            what = f"is {kind}" if role.name == "input" else f"is no input, but {role.name}"
            raise SettingsError(
                f"[features] date_differences = '{name}': the column {what}; expected a date or"
                " datetime that is an input"
            )


def _varies(sample: pa.Table, pair: Pair) -> bool:
    """Return whether the fitted rows that have both dates have different differences."""
    first, second = (as_doubles(sample[name]) for name in pair)
    present = (second - first)[~np.isnan(second - first)]
    return len(present) > 0 and bool(np.ptp(present) > _MIN_RANGE_SECONDS)
