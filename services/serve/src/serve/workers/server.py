"""uvicorn's server as one worker runs it: on its own socket, with periodic work."""

import os
import socket
from time import monotonic

import uvicorn
from uvicorn.config import Config

from serve.fast_path.connections import Connection
from serve.workers.worker import Worker

_DRAIN_SECONDS = 8
"""What a request that is under way may take after SIGTERM; Docker kills after ten."""
_TICKS_A_SECOND = 10


class Server(uvicorn.Server):
    """The server of one worker."""

    def __init__(self, config: Config, worker: Worker, *, supervisor: int) -> None:
        super().__init__(config)
        self._worker = worker
        self._supervisor = supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; from then on the worker counts as ready."""
        await super().startup(sockets)
        if self._worker.front.balance is not None:
            self._worker.front.balance.listen(self._make_connection)
        self._worker.worker_state.shared_state.mark_ready(
            self._worker.worker_state.number, ready=True
        )

    def _make_connection(self) -> Connection:
        return Connection(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            was_handed_over=True,
        )

    async def on_tick(self, counter: int) -> bool:
        """Do what is due once a second; return whether to end."""
        if counter % _TICKS_A_SECOND == 0:
            now = monotonic()
            connections = [*self.server_state.connections]
            for connection in connections:
                if isinstance(connection, Connection):
                    connection.expire(now)
            self._worker.tick(connections=len(connections))
            # Without the supervisor nobody would end this worker.
            if self._supervisor != os.getppid():
                self.should_exit = True
        return await super().on_tick(counter)


def run_server(worker: Worker, listener: socket.socket, *, supervisor: int) -> None:
    """Serve on a socket until SIGTERM, or until the supervisor, a process, is gone."""
    config = Config(
        worker.front,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=3600,  # Connection.expire hangs up on idle ones, without a timer each.
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    Server(config, worker, supervisor=supervisor).run([listener])
