"""Settings: the server from the environment, the name from the pipeline file."""

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
    """The server or folder, the credentials, and the pipeline's name there."""

    address: str
    """MLflow's tracking URI: http(s)://…, or sqlite:///… with an absolute path."""
    name: str
    """Name of the experiment and of the registered model."""
    credentials: Credentials = NONE

    @property
    def database(self) -> Path | None:
        """The database file, if there is no server."""
        path = self.address.removeprefix(_DATABASE)
        return None if path == self.address else Path(path)

    @property
    def folder(self) -> Path | None:
        """The folder of the database and the artifacts, if there is no server."""
        return None if self.database is None else self.database.parent


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings.

    Raises:
        SettingsError: MLflow does not accept the address or the name.
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
        # Not shown: it contains the secret.
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
    """Return whether an address may contain a secret, without parsing it.

    A password may break parsing. A path may contain an @, unless it looks like
    `user:password@host`.
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
