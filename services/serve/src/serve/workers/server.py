"""uvicorn's server in one worker: on its own socket, with periodic work."""

import os
import socket
from functools import partial
from math import ceil
from time import monotonic

import uvicorn
from uvicorn.config import Config

from serve.api.application import Application
from serve.workers.bounded_connections import BoundedConnection
from serve.workers.protocols import connection_class

_DRAIN_SECONDS = 8
"""Seconds for current requests after SIGTERM; Docker kills after ten seconds."""
_TICKS_A_SECOND = 10


class Server(uvicorn.Server):
    """The server of one worker."""

    def __init__(
        self,
        config: Config,
        app: Application,
        connections: type[BoundedConnection] | None,
        *,
        supervisor: int,
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._service = app.service
        self._supervisor = supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; from then on the worker counts as ready."""
        await super().startup(sockets)
        if self._service.balance is not None and self._connections is not None:
            self._service.balance.listen(partial(self._make_connection, self._connections))
        state = self._service.worker_state
        state.shared_state.mark_ready(state.number, ready=True)

    def _make_connection(self, connections: type[BoundedConnection]) -> BoundedConnection:
        return connections(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            was_handed_over=True,
        )

    async def on_tick(self, counter: int) -> bool:
        """Run the periodic work once a second; return whether to stop."""
        if counter % _TICKS_A_SECOND == 0:
            now = monotonic()
            connections = [*self.server_state.connections]
            for connection in connections:
                if isinstance(connection, BoundedConnection):
                    connection.expire(now)
            self._service.tick(connections=len(connections))
            # Without its supervisor, nobody would stop this worker.
            if self._supervisor != os.getppid():
                self.should_exit = True
        return await super().on_tick(counter)


def run_server(app: Application, listener: socket.socket, *, supervisor: int) -> None:
    """Serve on a socket until SIGTERM, or until the supervisor process ends."""
    settings = app.service.settings
    connections = connection_class(app)
    is_bounded = connections is not None
    config = Config(
        app,
        loop="uvloop",
        http=connections or "httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        # BoundedConnection.expire closes idle connections, without a timer for each.
        timeout_keep_alive=3600 if is_bounded else ceil(settings.keep_alive_seconds),
        limit_concurrency=None if is_bounded else settings.max_connections,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    try:
        Server(config, app, connections, supervisor=supervisor).run([listener])
    finally:  # uvicorn raises the signal again, which exits.
        app.service.worker_state.close()
