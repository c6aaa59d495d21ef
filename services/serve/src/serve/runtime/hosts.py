"""Hosts that a request may name, as a protection from DNS rebinding.

A page of evil.example can let that name resolve to 127.0.0.1, and is then a page of the API's own
origin. Its requests still name evil.example in the field Host.
"""

import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from ipaddress import ip_address

from serve.codecs.media_types import Headers
from serve.problems import RequestError, shortened

_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_HOST = re.compile(r"(?P<name>[^:\[\]]+|\[[^\]]*\])(:[0-9]*)?")
_OWN = "localhost"


def check_host_name(text: str) -> str:
    """Return the name of a host in the form that requests are compared with.

    `*.example.com` stands for all names below example.com, but not for that name itself.

    Raises:
        ValueError: It would never match.
    """
    if _NAME.fullmatch(text):
        return text
    meant = text.strip().lower().rpartition("://")[2].partition("/")[0].partition(":")[0]
    hint = f"; did you mean {meant}?" if _NAME.fullmatch(meant) else ""
    raise ValueError(f"expected a name such as api.example.com or *.example.com{hint}")


def host_check(names: Sequence[str]) -> Callable[[Headers], None]:
    """Return a function that refuses requests to hosts of other names; without names, none.

    IP addresses and localhost are always allowed, since no page of another site can have them as
    its origin. So health checks and `make up` need no entry.
    """
    if not names:
        return lambda _headers: None
    patterns = [re.escape(name).replace(r"\*\.", r"[^:]+\.") for name in (*names, _OWN)]
    is_allowed = re.compile("|".join(patterns)).fullmatch

    def check(headers: Headers) -> None:
        sent = headers.get(b"host", b"").decode("latin-1")
        host = _HOST.fullmatch(sent)
        name = host["name"].lower().removesuffix(".") if host else ""
        if is_allowed(name) is None and not _is_address(name.strip("[]")):
            detail = f"the request names the host {shortened(sent)}, which is not in allowed_hosts"
            raise RequestError(HTTPStatus.MISDIRECTED_REQUEST, detail, limit="host")

    return check


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
