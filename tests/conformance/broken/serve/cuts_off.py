"""SIGTERM cuts off what is under way."""

from serve import server

server._DRAIN_SECONDS = 0  # noqa: SLF001
