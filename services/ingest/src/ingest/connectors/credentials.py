"""Credentials of a source: from a file secret, shown nowhere."""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from stage_contract import SettingsError

_BEARER = "Bearer "
_PARAMETERS = "?"
_EXPECTED = "expected one line: user:password, Bearer token, or ?name=value"


@dataclass(frozen=True)
class Credentials:
    """`user:password`, or for HTTP also `Bearer token`, or parameters of the address."""

    text: str = field(repr=False)

    @property
    def is_login(self) -> bool:
        """Whether there is a user with a password: what a database takes."""
        return bool(self.text) and not self.text.startswith((_BEARER, _PARAMETERS))

    @property
    def login(self) -> tuple[str, str]:
        """User and password."""
        user, _, password = self.text.partition(":")
        return user, password

    @property
    def parameters(self) -> str:
        """What is to be added to the address: `name=value&…`."""
        return self.text[1:] if self.text.startswith(_PARAMETERS) else ""

    @property
    def authorization(self) -> str | None:
        """The value of HTTP's Authorization header."""
        if self.is_login:
            return f"Basic {base64.b64encode(self.text.encode()).decode()}"
        return self.text if self.text.startswith(_BEARER) else None

    def hide(self, text: str) -> str:
        """Return a text of somebody else's without the secret, in case it quotes that."""
        secret = self.login[1] if self.is_login else self.text.removeprefix(_BEARER)
        for form in {secret, quote(secret, safe="")} - {""}:
            text = text.replace(form, "…")
        return text


NONE = Credentials("")


def read_credentials(path: Path | None) -> Credentials:
    """Return what the file secret holds, or no credentials without a file.

    Raises:
        SettingsError: it can't be read, or holds something else.
    """
    if path is None:
        return NONE
    if not path.is_absolute():
        # Whoever mistakes the key writes the secret itself.
        raise SettingsError(
            "credentials_file: is no absolute path; expected that of a file with the secret, in a"
            " container /run/secrets/source, and not the secret itself"
        )
    try:
        text = path.read_text(encoding="utf-8").strip()
    except PermissionError:
        raise SettingsError(
            f"credentials_file = '{path}': not readable for uid {os.getuid()};"
            f" on the host: chown {os.getuid()} and chmod 400 on the file"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"credentials_file = '{path}': is no UTF-8; {_EXPECTED}") from None
    except OSError as error:
        raise SettingsError(
            f"credentials_file = '{path}': {os.strerror(error.errno or 0)}; deploy/sources.yaml"
            " mounts the file that SOURCE_CREDENTIALS names as /run/secrets/source"
        ) from None
    if not text:
        raise SettingsError(
            f"credentials_file = '{path}': is empty; {_EXPECTED}, in the file that"
            " SOURCE_CREDENTIALS names"
        )
    is_for_http = text.startswith((_BEARER, _PARAMETERS))
    is_known = text.isascii() and text.isprintable() if is_for_http else ":" in text
    if len(text.splitlines()) > 1 or not is_known:
        raise SettingsError(f"credentials_file = '{path}': {_EXPECTED}")
    return Credentials(text)
