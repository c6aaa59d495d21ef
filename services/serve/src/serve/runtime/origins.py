"""Origins of web pages, as browsers send them."""

import re

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""Default ports, which browsers omit."""


def check_origin(text: str) -> str:
    """Return an origin in the form that browsers send, or `*` for all.

    Raises:
        ValueError: No browser sends it, so it would never match.
    """
    meant = _origin_of(text)
    if text == "*" or (text == meant and _ORIGIN.fullmatch(text)):
        return text
    hint = f"; did you mean {meant}?" if _ORIGIN.fullmatch(meant) else ""
    expected = '"*" or scheme://host[:port] in small letters, as browsers send it'
    raise ValueError(f"expected {expected}{hint}")


def _origin_of(text: str) -> str:
    """Return the origin of a page's URL."""
    scheme, _, rest = text.strip().lower().rpartition("://")
    host = rest.partition("/")[0].removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme or 'https'}://{host}"
