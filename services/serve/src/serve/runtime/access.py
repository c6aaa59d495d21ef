"""API keys from a file, and the paths that are public."""

import codecs
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from stage_contract import LOGGER, SettingsError

from serve.codecs.media_types import Headers
from serve.problems import RequestError

_PATH = re.compile(r"/|(/[^/?#%]+)+")
_ANY_SEGMENT = "*"
_KEY = re.compile(rb"[!-~]+( [!-~]+)*")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""The byte order mark that editors and shells of Windows write at the start of a file."""
_MIN_KEY_CHARACTERS = 16
_BESIDE_KEY = len("/docs") + len("host") + len("x-api-key")
"""Bytes of the shortest request head with a key, besides the key, for `max_header_bytes`."""
KEY_LIMIT: Final = "key"
"""Name in metrics of requests that were rejected for a missing or wrong key."""
_CHALLENGE = [(b"www-authenticate", b'Bearer realm="predictions"')]


def check_path(text: str) -> str:
    """Return a path in the form that requests are compared with; a segment `*` matches any segment.

    Raises:
        ValueError: It would never match.
    """
    if _PATH.fullmatch(text):
        return text
    meant = "/" + unquote(text).partition("?")[0].strip("/ ")
    hint = f"; did you mean {meant}?" if _PATH.fullmatch(meant) else ""
    raise ValueError(f"expected a path such as /docs, with / in front and none at its end{hint}")


def public_paths(public: Sequence[str], pages: Sequence[str] = ()) -> Callable[[str], bool]:
    """Return the function that tells whether a path is public.

    Below a path in `public` everything is, below one in `pages` nothing.
    """
    patterns = [*map(_pattern, public), *map(_exact_pattern, pages)]
    matches = re.compile("|".join(patterns) or "(?!)").fullmatch
    return lambda path: matches(path) is not None


class Keys:
    """The accepted keys, as digests; the file is read again when it changes."""

    def __init__(
        self,
        path: Path,
        *,
        public: Sequence[str],
        max_header_bytes: int,
        pages: Sequence[str] = (),
        before: Sequence[bytes] = (),
    ) -> None:
        """Read the file; `before` are the digests that stay valid if it is invalid now.

        Raises:
            SettingsError: It can't be read, or is empty or malformed, and no key was valid before.
        """
        self._path = path
        self._longest = max_header_bytes - _BESIDE_KEY
        self._is_public = public_paths(public, pages)
        self._state = _state(path)
        self.digests = before
        try:
            self.digests = _read(path, longest=self._longest)
        except SettingsError as error:
            if not before:
                raise
            _log_wrong(error)

    def check(self, path: str, headers: Headers) -> bool:
        """Return whether a request has a valid key; without one, only public paths are allowed.

        Raises:
            RequestError: The key is missing or wrong.
        """
        sent = [_digest(key) for key in _sent(headers)]
        # All keys are compared, in constant time, so the duration reveals nothing.
        if sum(hmac.compare_digest(each, known) for each in sent for known in self.digests):
            return True
        if self._is_public(path):
            return False
        what = "the API key is not accepted" if sent else "no API key was sent"
        detail = f"{what}; send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        raise RequestError(HTTPStatus.UNAUTHORIZED, detail, headers=_CHALLENGE, limit=KEY_LIMIT)

    def follow(self) -> None:
        """Reload a changed file; an invalid one changes nothing and is logged."""
        state = _state(self._path)
        if state == self._state:
            return
        self._state = state
        try:
            self.digests = _read(self._path, longest=self._longest)
        except SettingsError as error:
            _log_wrong(error)
        else:
            LOGGER.info("API keys read: %d", len(self.digests), extra={"keys": len(self.digests)})


def sends_key(headers: Headers) -> bool:
    """Return whether a request has a key, valid or not."""
    return bool(_sent(headers))


def read_keys(
    path: Path | None,
    *,
    public: Sequence[str],
    max_header_bytes: int,
    pages: Sequence[str] = (),
    before: Sequence[bytes] = (),
) -> Keys | None:
    """Return the keys; None if no key file is set."""
    if path is None:
        return None
    return Keys(path, public=public, pages=pages, max_header_bytes=max_header_bytes, before=before)


def _log_wrong(error: SettingsError) -> None:
    LOGGER.error("%s; the keys from before stay valid", error)  # shown without a traceback


def _sent(headers: Headers) -> list[bytes]:
    """Return the keys of a request; if two header fields differ, one may be meant for a proxy."""
    keys = [headers[b"x-api-key"].strip()] if b"x-api-key" in headers else []
    scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        keys.append(key.strip())
    return keys


def _read(path: Path, *, longest: int) -> list[bytes]:
    try:
        lines = _without_mark(path.read_bytes()).splitlines()
    except PermissionError:
        # Compose mounts a file secret with its owner and mode on the host.
        raise SettingsError(
            f"api_keys_file {path}: not readable for uid {os.getuid()}; on the host:"
            f" chown {os.getuid()} FILE && chmod 400 FILE"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"api_keys_file {path}: {error.strerror}; deploy/keys.yaml in COMPOSE_FILE mounts the"
            " file that API_KEYS names as /run/secrets/api-keys"
        ) from None
    keys = [line for line in map(bytes.strip, lines) if line and not line.startswith(b"#")]
    if not keys:
        raise SettingsError(f"api_keys_file {path}: no key in it, expected one a line")
    if short := [place for place, key in enumerate(keys, 1) if len(key) < _MIN_KEY_CHARACTERS]:
        raise SettingsError(
            f"api_keys_file {path}: key {short[0]} has fewer than {_MIN_KEY_CHARACTERS} characters;"
            " make one with: openssl rand -hex 24"
        )
    if odd := [
        place for place, key in enumerate(keys, 1) if b" #" in key or not _KEY.fullmatch(key)
    ]:
        raise SettingsError(
            f"api_keys_file {path}: key {odd[0]} can't be sent as a header field, or has a comment"
            " behind it; expected one key a line, of printable ASCII characters, and comments on"
            " lines of their own"
        )
    if long := [place for place, key in enumerate(keys, 1) if len(key) > longest]:
        raise SettingsError(
            f"api_keys_file {path}: key {long[0]} has more than {longest:,} characters, which no"
            " request within max_header_bytes can carry; make one with: openssl rand -hex 24"
        )
    return [_digest(key) for key in keys]


def _without_mark(content: bytes) -> bytes:
    """Return the bytes of a file as UTF-8 without a byte order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace").encode()
    return content


def _pattern(public: str) -> str:
    """Return a pattern for a public path: with all paths below it, or exactly if it has a `*`."""
    return _exact_pattern(public) + ("" if _ANY_SEGMENT in public.split("/") else "(/.*)?")


def _exact_pattern(path: str) -> str:
    segments = ["[^/]+" if each == _ANY_SEGMENT else re.escape(each) for each in path.split("/")]
    return "/".join(segments)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
