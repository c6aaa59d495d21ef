"""Connection balancing: a worker with more connections than another hands new ones over.

The kernel distributes connections over the workers' sockets at random. With two workers, one of
them gets all of four connections in 17 % of the trials; the worst trial then answers 524
requests/s, and 783 with the hand-over (median: 955 and 1,018). The command is in
bench/serve/alternatives/workers.py.

A connection is handed over before any byte of it is read, so the client notices nothing.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serve.runtime.shared_state import SharedState

_MAX_FDS = 1


@dataclass(frozen=True)
class Inbox:
    """The socket pair for connections from other workers; all workers have both its ends."""

    taking: socket.socket
    giving: socket.socket


def make_inboxes(count: int) -> list[Inbox]:
    """Return an inbox for each worker."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
    for pair in pairs:
        for end in pair:
            end.settimeout(0.0)
    return [Inbox(*pair) for pair in pairs]


class Balance:
    """One worker's view of the number of connections of each worker."""

    def __init__(self, shared_state: SharedState, number: int, inboxes: Sequence[Inbox]) -> None:
        self._shared_state = shared_state
        self._number = number
        self._inboxes = inboxes
        self._others = [other for other in range(len(inboxes)) if other != number]

    def add(self, change: int) -> None:
        """Count a new or a closed connection."""
        self._change(self._number, change)

    def correct(self, count: int) -> None:
        """Set the number of connections: counts drift if two workers change one at once."""
        self._shared_state.set_connections(self._number, count)

    def hand_over(self, connection: socket.socket | None) -> bool:
        """Hand a new connection to the worker with the fewest, if that is another one."""
        ready = [other for other in self._others if self._shared_state.is_ready(other)]
        if connection is None or not ready:
            return False
        target = min(ready, key=self._shared_state.connections)
        if self._shared_state.connections(self._number) <= self._shared_state.connections(target):
            return False
        try:
            socket.send_fds(self._inboxes[target].giving, [b"c"], [connection.fileno()])
        except OSError:  # Its inbox is full: it is too busy.
            return False
        self._change(target, 1)
        return True

    def listen(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Accept the connections that other workers hand over, each with a protocol of its own."""
        loop = asyncio.get_running_loop()
        inbox = self._inboxes[self._number].taking
        tasks: set[asyncio.Task[object]] = set()

        def take() -> None:
            _, descriptors, _, _ = socket.recv_fds(inbox, 1, _MAX_FDS)
            for descriptor in descriptors:
                connection = socket.socket(fileno=descriptor)
                connection.settimeout(0.0)
                task = loop.create_task(loop.connect_accepted_socket(make, connection))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        loop.add_reader(inbox, take)

    def _change(self, number: int, change: int) -> None:
        self._shared_state.set_connections(
            number, max(0, self._shared_state.connections(number) + change)
        )
