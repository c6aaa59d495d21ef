"""Settings: where to log to, from the environment; the name is the pipeline file's."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from stage_contract import SettingsError, pipeline_path, read_pipeline

from track.credentials import NONE, Credentials, read_credentials

VARIABLE: Final = "MLFLOW_TRACKING_URI"
_DATABASE: Final = "sqlite:///"
_DATABASE_FILE: Final = "mlflow.db"
_EXPECTED: Final = "expected http://… or https://… of an MLflow server, or a folder"


@dataclass(frozen=True)
class Settings:
    """Which server or folder, as whom, and what the pipeline is called there."""

    address: str
    """What MLflow takes: http(s)://…, or sqlite:///… with an absolute path."""
    name: str
    """Of the experiment and of the registered model."""
    credentials: Credentials = NONE

    @property
    def database(self) -> Path | None:
        """The file that stands in for a server, if there is none."""
        path = self.address.removeprefix(_DATABASE)
        return None if path == self.address else Path(path)

    @property
    def folder(self) -> Path | None:
        """Where the database and the artifacts are, if no server has them."""
        return None if self.database is None else self.database.parent


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings.

    Raises:
        SettingsError: the address or the name is none that MLflow takes.
    """
    name = read_pipeline(pipeline_path(environment)).name
    if any(character in name for character in "/:"):
        raise SettingsError(f"name = {name!r}: MLflow takes no / or : in a model's name; rename it")
    secret = Path(environment.get("TRACKING_CREDENTIALS") or "/run/secrets/tracking")
    address = _address(environment.get(VARIABLE, ""))
    return Settings(address, name, read_credentials(secret))


def _address(text: str) -> str:
    if not text:
        raise SettingsError(f"{VARIABLE} is not set; {_EXPECTED}")
    if _holds_login(text):
        # Not repeated: it holds the secret.
        raise SettingsError(
            f"{VARIABLE} holds a user, or no http://; name a file with user:password in"
            " TRACKING_CREDENTIALS"
        )
    if text.startswith(("http://", "https://")):
        return _server(text)
    if text.startswith(_DATABASE):
        return f"{_DATABASE}{Path(text.removeprefix(_DATABASE)).absolute()}"
    if "://" in text:
        raise SettingsError(f"{VARIABLE}: {text.partition('://')[0]}:// is unknown; {_EXPECTED}")
    return f"{_DATABASE}{Path(text).absolute() / _DATABASE_FILE}"


def _holds_login(text: str) -> bool:
    """Return whether there may be a secret: told without parsing, which a password can upset.

    A path may have an @ in it, unless it looks like `user:password@host`.
    """
    return ":" in text.removeprefix(_DATABASE).rpartition("@")[0]


def _server(text: str) -> str:
    try:
        has_host = bool(urlsplit(text).hostname)
    except ValueError:
        has_host = False
    if not has_host:
        raise SettingsError(f"{VARIABLE} = {text!r:.80}: names no host; {_EXPECTED}")
    return text.rstrip("/")
