"""The fast path: predictions are answered before the framework sees them.

It calls the functions that the routes of the application call, and answers with the same bytes.
Nothing is lost without it but speed: set `fast_path = false`, or delete this package.
"""

from serve.fast_path.connections import Connection
from serve.fast_path.extensions import extension_of

__all__ = ["Connection", "extension_of"]
