"""How often a server is asked again; on the standard library alone, a resident stage asks it."""

import re
from collections.abc import Mapping
from typing import Any

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """Return how many seconds a text such as `5m` stands for.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise ValueError('expected a number and s, m, h or d, for example "5m" or "1h"')
    return float(found[1]) * _UNITS[found[2]]


def refresh_seconds(table: Mapping[str, Any]) -> float | None:
    """Return what [ingest] says, as it stands in the pipeline file; raises as `seconds_of` does."""
    refresh = table.get("refresh")
    return None if refresh is None else seconds_of(str(refresh))
