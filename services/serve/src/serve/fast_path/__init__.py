"""The fast path: predictions are answered before the framework sees them.

It calls the functions that the routes of the application call, and answers with the same bytes.
Nothing is lost without it but speed: set `fast_path = false`, or delete this package.
"""

from serve.api.application import Application
from serve.fast_path.connections import Connection
from serve.fast_path.extensions import extension_of
from serve.fast_path.micro_batching import MicroBatcher

__all__ = ["connections_of", "extension_of"]


def connections_of(app: Application) -> type[Connection]:
    """Return the class of a worker's connections, which share a micro-batcher."""

    class WorkerConnection(Connection):
        """One connection of this worker."""

        micro_batcher = MicroBatcher(app.service.watcher)

    return WorkerConnection
