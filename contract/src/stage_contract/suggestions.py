"""Suggestions for unknown names."""

import difflib
from collections.abc import Iterable

from stage_contract.errors import SettingsError

_SHOWN = 12


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the closest known name, else the first of the known names."""
    names = {known_name.casefold(): known_name for known_name in sorted(known, reverse=True)}
    if close := difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6):
        return f"; did you mean {names[close[0]]}?"
    shown = [*sorted(names.values())[:_SHOWN], *(["…"] if len(names) > _SHOWN else [])]
    return f"; expected one of {', '.join(shown)}" if shown else ""


def find_by_prefix(prefix: str, known: Iterable[str], *, variable: str, what: str) -> str:
    """Return the known name with this prefix; an exact match wins.

    Raises:
        SettingsError: There is none, or more than one; the message lists the candidates.
    """
    names = sorted(known)
    if prefix in names:
        return prefix
    matches = [name for name in names if prefix and name.startswith(prefix)]
    if len(matches) > 1:
        raise SettingsError(f"{variable}={prefix}: {' and '.join(matches)} have this prefix")
    if not matches:
        raise SettingsError(f"{variable}={prefix}: no such {what}{did_you_mean(prefix, names)}")
    return matches[0]
