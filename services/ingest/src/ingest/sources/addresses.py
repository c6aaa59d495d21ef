"""The setting `source`: files below the data folder, or an address.

Uses only the standard library, because the resident scheduler imports it.
"""

import re
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

type Kind = Literal["files", "sqlite", "postgresql", "http"]

SERVERS: Final = ("postgresql", "http")
"""Kinds that need a network."""

_KINDS: dict[str, Kind] = {
    "http": "http",
    "https": "http",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
}
_LIBPQ_PARAMETERS = ("sslmode", "sslrootcert", "connect_timeout")
"""libpq parameters that an address may have."""

_SECRET = re.compile(
    r"(?i)^(x-(amz|goog)-.+|.*(token|secret|signature|passw(or)?d|credential|jwt).*"
    r"|sig|(.*(api|app|access|auth|account|subscription|function)[-_.]?)?key(-?id)?"
    r"|appid|pwd|pass|auth)$"
)
"""Names of query parameters that carry secrets."""

_LOGIN = re.compile(r"(?i)^[a-z][a-z0-9+.-]*:/|^[^/\s]*:[^/@\s]+@|\bpassword\s*=")
"""Pattern of texts that look like an address with user and password."""

_USE_A_FILE = "put the secret into a file and name it in credentials_file, see docs/sources.md"


def source_kind(source: str) -> Kind:
    """Return the kind of a source.

    Raises:
        ValueError: The address has an unknown scheme.
    """
    scheme, separator, _ = source.partition("://")
    if not separator:
        return "files"
    kind = _KINDS.get(scheme.lower())
    if kind is None:
        raise ValueError(
            f"source: {scheme[:20]}:// is not supported; expected https://, http://, postgresql://,"
            " sqlite:/// or a file below the data folder"
        )
    return kind


def sqlite_path(source: str) -> str:
    """Return the path below the data folder of an address sqlite:///path."""
    return source.partition("://")[2].removeprefix("/")


def split_address(source: str) -> SplitResult:
    """Return the parts of an address that passed `check_address`."""
    return urlsplit(source)


def check_address(source: str) -> None:
    """Raise a ValueError, without showing secrets, unless this is an address without secrets."""
    kind = source_kind(source)
    if kind == "sqlite":
        _check_sqlite(source)
    elif kind != "files":
        _check_server(source, kind)
    elif _LOGIN.search(source):
        raise ValueError(
            "source: looks like an address, or names a password; expected https://host/file,"
            f" postgresql://host/database or a file below the data folder; {_USE_A_FILE}"
        )


def _check_sqlite(source: str) -> None:
    if not source.partition("://")[2].startswith("/") or not sqlite_path(source):
        raise ValueError(
            "source: expected sqlite:///file with three slashes, the file below the data folder"
        )


def _check_server(source: str, kind: Kind) -> None:
    if not source.isascii() or not source.isprintable() or " " in source:
        raise ValueError(
            "source: an address must be ASCII without spaces; encode other characters as %C3%A9"
        )
    try:
        address = urlsplit(source)
        port, host = address.port, address.hostname
    except ValueError:
        # The original message may show what precedes the host.
        raise ValueError("source: is not an address; expected scheme://host:port/path") from None
    if "@" in address.netloc:
        raise ValueError(f"source: names a user or password before the host; {_USE_A_FILE}")
    if not host or port == 0:
        raise ValueError("source: names no host; expected scheme://host:port/path")
    if address.fragment:
        raise ValueError("source: has a fragment (#…), which no server gets; leave it out")
    names = [name for name, _ in parse_qsl(address.query, keep_blank_values=True)]
    if secret := [name for name in names if _SECRET.match(name)]:
        raise ValueError(f"source: its parameter {secret[0]} looks like a secret; {_USE_A_FILE}")
    if kind == "postgresql":
        _check_postgresql(address.path, names)


def _check_postgresql(path: str, names: list[str]) -> None:
    if not path.strip("/"):
        raise ValueError("source: names no database; expected postgresql://host/database")
    if unknown := [name for name in names if name not in _LIBPQ_PARAMETERS]:
        raise ValueError(
            f"source: its parameter {unknown[0]} is not known; expected one of"
            f" {', '.join(_LIBPQ_PARAMETERS)}"
        )
