"""The connection class: with the fast path, with limits only, or uvicorn's own."""

from importlib import import_module
from typing import Any

import uvicorn
from stage_contract import LOGGER

from serve.api.application import Application
from serve.workers.bounded_connections import BoundedConnection

TESTED_UVICORN = "0.54."
"""Versions of uvicorn whose internals `BoundedConnection` was tested with; they are not public
interface."""


def connection_class(app: Application) -> type[BoundedConnection] | None:
    """Return the connection class; None for uvicorn's own, on an untested version.

    It has the fast path, unless something was added in front of the prediction routes.
    """
    if not uvicorn.__version__.startswith(TESTED_UVICORN):
        LOGGER.warning(
            "uvicorn %s was not tested, expected %sx: no fast path, and no limits of connections"
            " but uvicorn's own",
            uvicorn.__version__,
            TESTED_UVICORN,
        )
        return None
    if not app.service.settings.fast_path:
        return BoundedConnection
    fast_path: Any = import_module("serve.fast_path")
    extension: str | None = fast_path.extension_of(app)
    if extension is not None:
        LOGGER.info("no fast path, since the application has %s", extension)
        return BoundedConnection
    connections: type[BoundedConnection] = fast_path.Connection
    return connections
