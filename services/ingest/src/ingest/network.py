"""Whether this container has a network at all."""

import socket

NO_NETWORK = (
    "this container has no network; give ingest one:"
    " COMPOSE_FILE=compose.yaml:deploy/sources.yaml make up"
)


def has_network() -> bool:
    """Return whether there is any interface but the loopback."""
    return any(name != "lo" for _, name in socket.if_nameindex())
