"""The environment: what MLflow's client reads there, set before it is loaded."""

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
"""Else MLflow tells its maker of each call, asks git where it stands, prints and draws."""

_PATIENCE: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""MLflow's own, seven retries, keep silent for minutes about a server that is not there."""


def prepare(settings: Settings) -> None:
    """Set the variables; a patience that the environment names stays."""
    os.environ.update(_QUIET | settings.credentials.variables)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
