"""The server: MLflow's client, with its errors as one line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import mlflow
import requests
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError
from stage_contract import SourceError

from track.folder import UNWRITABLE, check_writable, place_below, unwritable
from track.settings import Settings


def connect(settings: Settings) -> Any:
    """Return MLflow's client for a reachable server, or for a folder.

    Raises:
        SourceError: The server is unreachable, or rejects the credentials.
        OutputError: The folder is not writable.
    """
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    if settings.database is not None:
        check_writable(settings.database)
    mlflow.set_tracking_uri(settings.address)
    mlflow.set_registry_uri(settings.address)
    client = mlflow.MlflowClient()
    with told(settings):
        client.search_experiments(max_results=1)
    return client


@contextmanager
def told(settings: Settings) -> Iterator[None]:
    """Convert the errors of MLflow's client to one line for the user.

    Raises:
        SourceError: The server is unreachable, or refuses a request.
        OutputError: A file below the folder can't be written.
    """
    try:
        yield
    except (MlflowException, requests.RequestException, SQLAlchemyError) as error:
        said = said_by(error, settings)
        if settings.folder and (sign := next((s for s in UNWRITABLE if s in said), None)):
            raise unwritable(settings.folder, settings.folder, sign) from error
        raise SourceError(f"{settings.address}: {_cause(said)}; {_remedy(said)}") from error
    except OSError as error:
        if settings.folder and (place := place_below(settings.folder, error)):
            raise unwritable(settings.folder, place, error.strerror or str(error)) from error
        raise


def said_by(error: Exception, settings: Settings) -> str:
    """Return an error's text in one line, without the secret."""
    return " ".join(settings.credentials.hide(str(error)).split())


def shortened(said: str) -> str:
    """Return an error's text as the cause within our message, which has a single semicolon."""
    return said[:300].replace("; ", ", ")


def _cause(said: str) -> str:
    """Return the informative part of an error, which follows the address."""
    for sign, cause in _KNOWN.items():
        if sign in said:
            return cause
    return shortened(said)


def _remedy(said: str) -> str:
    if any(sign in said for sign in _DENIED):
        return "name a file with user:password or Bearer token in TRACKING_CREDENTIALS"
    if any(sign in said for sign in _ABSENT):
        return (
            "start it, or fix MLFLOW_TRACKING_URI: from a container this machine is"
            " host.docker.internal"
        )
    return "fix that on the server, then run again: an incomplete run is logged again"


_LEVELS: Final = {
    "mlflow": logging.WARNING,
    "alembic": logging.WARNING,
    # It warns of a missing pip, which this image does not need.
    "mlflow.utils.environment": logging.ERROR,
}
_DENIED: Final = {"error code 401": "refuses these credentials", "error code 403": "forbids it"}
_ABSENT: Final = {
    "NameResolutionError": "no host of this name is known here",
    "Connection refused": "nothing listens there",
    "No route to host": "is not reachable",
    "Network is unreachable": "is not reachable from here",
    "timed out": "does not answer in time",
    "Max retries exceeded": "does not answer",
}
_KNOWN: Final = _DENIED | _ABSENT
