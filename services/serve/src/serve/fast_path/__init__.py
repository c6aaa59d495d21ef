"""The fast path: answers predictions before the framework sees the request.

It calls the same functions as the routes, and responds with the same bytes. Without it only speed
is lost: set `fast_path = false`, or delete this package.
"""

from serve.fast_path.connections import Connection
from serve.fast_path.extensions import extension_of

__all__ = ["Connection", "extension_of"]
