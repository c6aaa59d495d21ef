"""Workers: one process, or several on the same port, each started again when it dies.

Each worker has its own listening socket (SO_REUSEPORT), so that the kernel spreads connections
and none is woken for another's. The sockets stay open here: what waits in a dead worker's queue is
answered by the one that takes its place. At the end they are closed first of all, or clients would
connect and wait for workers that take nothing any more.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType

from stage_contract import LOGGER, SettingsError, StageError

from serve.balance import Balance, Inbox, make_inboxes
from serve.board import Board
from serve.settings import Settings

_BACKLOG = 2048
_ENDING = (signal.SIGTERM, signal.SIGINT)
_SECONDS_BETWEEN_STARTS = 1.0
"""A worker that dies again and again does not take the processor for it."""


@dataclass(frozen=True)
class Posts:
    """What a worker takes over at its post."""

    board: Board
    listeners: Sequence[socket.socket]
    inboxes: Sequence[Inbox]


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM."""
    count = settings.worker_count()
    listeners = _listen(host, port, count=count)
    LOGGER.info("listening on port %d", port, extra={"host": host, "port": port, "workers": count})
    posts = Posts(Board(count), listeners, make_inboxes(count))
    if count == 1:
        _be_worker(posts, 0)
    else:
        sys.exit(Supervisor(posts).run())


def _listen(host: str, port: int, *, count: int) -> list[socket.socket]:
    """Return a listening socket for each worker.

    Raises:
        SettingsError: the port can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listen = partial(socket.create_server, (host, port), family=family, backlog=_BACKLOG)
    try:
        if count == 1:
            return [listen()]
        # Sockets that share a port would share it with another server's, too, and nobody noticed.
        listen().close()
        return [listen(reuse_port=True) for _ in range(count)]
    except OSError as error:
        raise SettingsError(f"{host} port {port}: {error.strerror}; set STAGE_PORT") from None


def _work(posts: Posts, number: int) -> None:
    """Be a worker until SIGTERM."""
    from serve.app import create_worker  # noqa: PLC0415  # the supervisor does without ONNX Runtime
    from serve.seats import Seat  # noqa: PLC0415  # as above
    from serve.server import run_server  # noqa: PLC0415  # as above

    for kind in _ENDING:
        signal.signal(kind, _end_at_once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for other, listener in enumerate(posts.listeners):
        if other != number:
            listener.close()
    worker = create_worker(Seat(posts.board, number))
    if posts.board.seats > 1:
        worker.front.balance = Balance(posts.board, number, posts.inboxes)
    run_server(worker, posts.listeners[number])


def _end_at_once(_kind: int, _frame: FrameType | None) -> None:
    """End well: nothing is served yet, or no longer. In between uvicorn takes the signal."""
    sys.exit(0)


class Supervisor:
    """Keeps a worker on each seat of the board."""

    def __init__(self, posts: Posts) -> None:
        self._posts = posts
        self._board = posts.board
        self._numbers: dict[int, int] = {}
        """Of seats, by process."""
        self._ends = False
        self._exit_code = 0

    def run(self) -> int:
        """Supervise until SIGTERM, or until a worker can't start; return the exit code."""
        for kind in _ENDING:
            signal.signal(kind, self._end)
        for number in range(self._board.seats):
            self._start(number)
        while self._numbers:
            process, status = os.wait()
            number = self._numbers.pop(process)
            if not self._ends:
                self._replace(number, os.waitstatus_to_exitcode(status))
        return self._exit_code

    def _start(self, number: int) -> None:
        self._board.mark_ready(number, ready=False)
        self._board.set_connections(number, 0)
        # A signal waits until the new process is known here, and has its own way to take it there.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        process = os.fork()
        if not process:
            _be_worker(self._posts, number)
        self._numbers[process] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def _replace(self, number: int, exit_code: int) -> None:
        # Who was killed from outside before it was ready did not fail to start.
        if exit_code >= 0 and not self._board.is_ready(number):
            LOGGER.error("worker %d could not start, so none is started again", number)
            self._exit_code = exit_code if exit_code > 0 else os.EX_SOFTWARE
            self._end(signal.SIGTERM, None)
            return
        LOGGER.error("worker %d ended with %d and is started again", number, exit_code)
        time.sleep(_SECONDS_BETWEEN_STARTS)
        if not self._ends:
            self._start(number)

    def _end(self, _kind: int, _frame: FrameType | None) -> None:
        self._ends = True
        for listener in self._posts.listeners:
            listener.close()
        for process in self._numbers:
            os.kill(process, signal.SIGTERM)


def _be_worker(posts: Posts, number: int) -> None:
    """Never return: what would come next is none of a worker's business.

    Nor does it wait for the thread that loads models: a run of a slow one can't be ended.
    """
    exit_code = os.EX_SOFTWARE
    try:
        _work(posts, number)
        exit_code = 0
    except StageError as error:
        LOGGER.error("%s", error, extra={"exit_code": error.exit_code})  # one line for the user
        exit_code = error.exit_code
    except SystemExit as error:
        exit_code = error.code if isinstance(error.code, int) else os.EX_SOFTWARE
    except BaseException:  # noqa: BLE001  # nobody above this would log it
        LOGGER.exception("worker %d failed", number)
    finally:
        os._exit(exit_code)
