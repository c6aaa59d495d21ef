"""Names that were not found, and those that may have been meant."""

import difflib
from collections.abc import Iterable

_SHOWN = 12


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the closest known name, else the first of the known names."""
    names = {known_name.casefold(): known_name for known_name in sorted(known, reverse=True)}
    if close := difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6):
        return f"; did you mean {names[close[0]]}?"
    shown = [*sorted(names.values())[:_SHOWN], *(["…"] if len(names) > _SHOWN else [])]
    return f"; expected one of {', '.join(shown)}" if shown else ""
