"""Credentials of the server, read from a file secret and never shown."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stage_contract import SettingsError

_BEARER: Final = "Bearer "
_EXPECTED: Final = "expected one line: user:password, or Bearer token"


@dataclass(frozen=True)
class Credentials:
    """`user:password`, or `Bearer token`, or none."""

    text: str = field(repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables for MLflow's client."""
        if not self.text:
            return {}
        if self.text.startswith(_BEARER):
            return {"MLFLOW_TRACKING_TOKEN": self.text.removeprefix(_BEARER)}
        user, _, password = self.text.partition(":")
        return {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}

    def hide(self, text: str) -> str:
        """Return a foreign text without the secret, in case it quotes it."""
        for name, value in self.variables.items():
            if value and not name.endswith("USERNAME"):
                text = text.replace(value, "…")
        return text


NONE = Credentials("")


def read_credentials(path: Path) -> Credentials:
    """Return the credentials in the file; none if there is no file or it is empty.

    Raises:
        SettingsError: It can't be read, or has another format.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return NONE
    except PermissionError:
        raise SettingsError(
            f"{path}: not readable for uid {os.getuid()}; on the host: chown {os.getuid()} and"
            " chmod 400 on the file that TRACKING_CREDENTIALS names"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path}: no file of UTF-8; {_EXPECTED}") from None
    if not text:
        return NONE
    is_bearer = text.startswith(_BEARER) and len(text.split()) == len(("Bearer", "token"))
    is_login = ":" in text and not text.startswith(_BEARER)
    if len(text.splitlines()) > 1 or not (is_bearer or is_login):
        raise SettingsError(f"{path}: {_EXPECTED}, in the file that TRACKING_CREDENTIALS names")
    return Credentials(text)
