"""Credentials of a source, read from a file secret and never shown."""

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
    """`user:password`; for HTTP also `Bearer token`, or query parameters."""

    text: str = field(repr=False)

    @property
    def is_login(self) -> bool:
        """Whether these are a user and a password, which a database needs."""
        return bool(self.text) and not self.text.startswith((_BEARER, _PARAMETERS))

    @property
    def login(self) -> tuple[str, str]:
        """User and password."""
        user, _, password = self.text.partition(":")
        return user, password

    @property
    def parameters(self) -> str:
        """Query parameters to append to the address: `name=value&…`."""
        return self.text[1:] if self.text.startswith(_PARAMETERS) else ""

    @property
    def authorization(self) -> str | None:
        """The value of HTTP's Authorization header."""
        if self.is_login:
            return f"Basic {base64.b64encode(self.text.encode()).decode()}"
        return self.text if self.text.startswith(_BEARER) else None

    def hide(self, text: str) -> str:
        """Return a text from elsewhere without the secret, in case the text quotes it."""
        secret = self.login[1] if self.is_login else self.text.removeprefix(_BEARER)
        for form in {secret, quote(secret, safe="")} - {""}:
            text = text.replace(form, "…")
        return text


NO_CREDENTIALS = Credentials("")


def read_credentials(path: Path | None) -> Credentials:
    """Return the credentials in the file secret; none without a file.

    Raises:
        SettingsError: The file cannot be read, or has another format.
    """
    if path is None:
        return NO_CREDENTIALS
    if not path.is_absolute():
        # The value may be the secret itself, so the message must not show it.
        raise SettingsError(
            "credentials_file: is not an absolute path; expected the path of a file with the"
            " secret, in a container /run/secrets/source, and not the secret itself"
        )
    try:
        text = path.read_text(encoding="utf-8").strip()
    except PermissionError:
        raise SettingsError(
            f"credentials_file = '{path}': not readable for uid {os.getuid()};"
            f" on the host: chown {os.getuid()} and chmod 400 on the file"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"credentials_file = '{path}': is not UTF-8; {_EXPECTED}") from None
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
