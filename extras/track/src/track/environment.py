"""Environment variables of MLflow's client, set before it is imported."""

import os
from typing import Final

from track.settings import Settings

_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Disables telemetry, calls of git, messages and progress bars."""

_PATIENCE: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""MLflow's default of seven retries is silent for minutes if the server is down."""


def prepare(settings: Settings) -> None:
    """Set the variables; retries and timeout that the environment already sets are kept."""
    os.environ.update(_QUIET | settings.credentials.variables)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
