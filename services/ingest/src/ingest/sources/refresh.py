"""The interval at which a remote source is checked again.

Uses only the standard library, because the resident scheduler imports it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ingest.sources.addresses import SERVERS, check_address, source_kind

PINS: Final = ("sha256", "version")
"""Settings that fix the content; with one of them, the server is not checked."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_interval(text: str) -> float:
    """Return the seconds of an interval such as `5m`.

    Raises:
        ValueError: The text is not an interval.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise ValueError('expected a number and s, m, h or d, for example "5m" or "1h"')
    return float(match[1]) * _UNITS[match[2]]


def refresh_seconds(table: Mapping[str, Any]) -> float | None:
    """Return the refresh interval in the table [ingest] of a pipeline file.

    None for a source that is not checked again; each run rejects `refresh` there.

    Raises:
        ValueError: `refresh` or `source` is invalid.
    """
    source, refresh = table.get("source"), table.get("refresh")
    if refresh is None or not isinstance(source, str) or not table.keys().isdisjoint(PINS):
        return None
    check_address(source)
    return parse_interval(str(refresh)) if source_kind(source) in SERVERS else None
