"""Whether this container has a network at all."""

import socket

from stage_contract.commands import make_command


def missing_network() -> str:
    """Return that there is none, and the command that gives ingest one."""
    return (
        "this container has no network; give ingest one:"
        f" COMPOSE_FILE=compose.yaml:deploy/sources.yaml {make_command('up')}"
    )


def has_network() -> bool:
    """Return whether there is any interface but the loopback."""
    return any(name != "lo" for _, name in socket.if_nameindex())
