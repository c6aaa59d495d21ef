"""Whether this container has a network."""

import socket

from stage_contract.commands import make_command


def missing_network_message() -> str:
    """Return an error text with the command that gives ingest a network."""
    return (
        "this container has no network; give ingest one:"
        f" COMPOSE_FILE=compose.yaml:deploy/sources.yaml {make_command('up')}"
    )


def has_network() -> bool:
    """Return whether there is a network interface other than the loopback."""
    return any(name != "lo" for _, name in socket.if_nameindex())
