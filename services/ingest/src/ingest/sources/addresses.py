"""What `source` names: files below the data folder, or an address.

On the standard library alone, since a resident stage asks, too.
"""

import re
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

type Kind = Literal["files", "sqlite", "postgresql", "http"]

SERVERS: Final = ("postgresql", "http")
"""The kinds that are asked over a network."""

_KINDS: dict[str, Kind] = {
    "http": "http",
    "https": "http",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
}
_LIBPQ = ("sslmode", "sslrootcert", "connect_timeout")
"""The parameters of libpq that may stand in an address."""

_SECRET = re.compile(
    r"(?i)^(x-(amz|goog)-.+|.*(token|secret|signature|passw(or)?d|credential|jwt).*"
    r"|sig|(.*(api|app|access|auth|account|subscription|function)[-_.]?)?key(-?id)?"
    r"|appid|pwd|pass|auth)$"
)
"""Names of parameters by which addresses carry what should be secret."""

_LOGIN = re.compile(r"(?i)^[a-z][a-z0-9+.-]*:/|^[^/\s]*:[^/@\s]+@|\bpassword\s*=")
"""What looks like an address with a user and a password, though it is none."""

_INSTEAD = "put the secret into a file and name it in credentials_file, see docs/sources.md"


def kind_of(source: str) -> Kind:
    """Return what `source` names.

    Raises:
        ValueError: an address of another kind.
    """
    scheme, separator, _ = source.partition("://")
    if not separator:
        return "files"
    kind = _KINDS.get(scheme.lower())
    if kind is None:
        raise ValueError(
            f"source: {scheme[:20]}:// is not read; expected https://, http://, postgresql://,"
            " sqlite:/// or a file below the data folder"
        )
    return kind


def database_file(source: str) -> str:
    """Return the path below the data folder that sqlite:///path names."""
    return source.partition("://")[2].removeprefix("/")


def split(source: str) -> SplitResult:
    """Return the parts of an address that `check_address` lets pass."""
    return urlsplit(source)


def check_address(source: str) -> None:
    """Raise a ValueError, which holds nothing secret, unless this is an address without secrets."""
    kind = kind_of(source)
    if kind == "sqlite":
        _check_sqlite(source)
    elif kind != "files":
        _check_server(source, kind)
    elif _LOGIN.search(source):
        raise ValueError(
            "source: looks like an address, or names a password; expected https://host/file,"
            f" postgresql://host/database or a file below the data folder; {_INSTEAD}"
        )


def _check_sqlite(source: str) -> None:
    if not source.partition("://")[2].startswith("/") or not database_file(source):
        raise ValueError(
            "source: expected sqlite:///file with three slashes, the file below the data folder"
        )


def _check_server(source: str, kind: Kind) -> None:
    if not source.isascii() or not source.isprintable() or " " in source:
        raise ValueError(
            "source: an address is of ASCII characters without spaces; write others as %C3%A9"
        )
    try:
        address = urlsplit(source)
        port, host = address.port, address.hostname
    except ValueError:
        # Its own message may hold what stands before the host.
        raise ValueError("source: is no address; expected scheme://host:port/path") from None
    if "@" in address.netloc:
        raise ValueError(f"source: names a user or password before the host; {_INSTEAD}")
    if not host or port == 0:
        raise ValueError("source: names no host; expected scheme://host:port/path")
    if address.fragment:
        raise ValueError("source: has a fragment (#…), which no server gets; leave it out")
    names = [name for name, _ in parse_qsl(address.query, keep_blank_values=True)]
    if secret := [name for name in names if _SECRET.match(name)]:
        raise ValueError(f"source: its parameter {secret[0]} looks like a secret; {_INSTEAD}")
    if kind == "postgresql":
        _check_postgresql(address.path, names)


def _check_postgresql(path: str, names: list[str]) -> None:
    if not path.strip("/"):
        raise ValueError("source: names no database; expected postgresql://host/database")
    if unknown := [name for name in names if name not in _LIBPQ]:
        raise ValueError(
            f"source: its parameter {unknown[0]} is not known; expected one of {', '.join(_LIBPQ)}"
        )
