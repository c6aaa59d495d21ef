"""How often a server is asked again; on the standard library alone, a resident stage asks it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ingest.sources.addresses import SERVERS, check_address, kind_of

PINS: Final = ("sha256", "version")
"""While one of these settings stays, a server is not asked."""

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
    """Return what [ingest] says, as it stands in the pipeline file.

    None where the source can't be asked again: a run refuses `refresh` there, as often as it runs.

    Raises:
        ValueError: `refresh` or `source` is none.
    """
    source, refresh = table.get("source"), table.get("refresh")
    if refresh is None or not isinstance(source, str) or not table.keys().isdisjoint(PINS):
        return None
    check_address(source)
    return seconds_of(str(refresh)) if kind_of(source) in SERVERS else None
