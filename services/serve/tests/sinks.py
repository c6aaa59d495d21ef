"""Connections without a socket."""

import asyncio
from typing import Any

from asking import Worker
from serve.fast_path import Connection
from serve.workers.bounded_connections import BoundedConnection
from uvicorn.config import Config
from uvicorn.server import ServerState


class Sink(asyncio.Transport):
    """A client that is sent what is written, and takes none of a long answer."""

    def __init__(self, worker: Worker, connections: type[BoundedConnection] = Connection) -> None:
        super().__init__()
        config = Config(worker.app, proxy_headers=False)
        self.connection = connections(config=config, server_state=ServerState(), app_state={})
        self.connection.connection_made(self)
        self.written = b""
        self.is_closed = False
        self.is_read_from = True

    def write(self, data: Any) -> None:
        self.written += data
        if len(data) > 65536:
            self.connection.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_read_from = False

    def resume_reading(self) -> None:
        self.is_read_from = True
