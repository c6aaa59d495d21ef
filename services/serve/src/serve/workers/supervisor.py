"""The supervisor: starts one or several workers on the same port, and the admission process.

All are forked from the supervisor, which has already loaded every library, and are replaced when
they die: this takes milliseconds, and the libraries take memory only once.

Each worker has its own listening socket (SO_REUSEPORT), so that the kernel distributes connections
and wakes only one worker. The supervisor keeps the sockets open: connections in a dead worker's
queue are answered by its replacement. At shutdown they are closed first, because otherwise clients
would connect to workers that no longer accept connections.

uvicorn's own supervisor has no admission process, and spawns workers instead of forking them: two
take 155 MB instead of 86, a dead one is replaced after 1.8 s instead of 0.07, and its single socket
gives all of four connections to one worker in 70 % of the trials. The command is in
bench/serve/alternatives/workers.py.
"""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from stage_contract import LOGGER, SettingsError, StageError

from serve.runtime.connection_balancing import Balance, Inbox, make_inboxes
from serve.runtime.prctl import end_with_parent, name_process
from serve.runtime.shared_state import SharedState
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.api.application import Application

APPLICATION: Final = "serve.app:app"
_BACKLOG = 2048
_SEND_BUFFER_BYTES = 256 * 1024
"""Send buffer of a connection; the kernel takes twice as much, counted as the container's memory.
By default it grows to megabytes."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_MIN_RESTART_SECONDS = 1.0
"""Minimum seconds between restarts of a worker, so that a crash loop does not use up the processor.
A worker that ran longer is replaced at once, because connections wait in its queue."""
_ADMISSION = -1
"""The admission process, in place of a worker's number."""


@dataclass(frozen=True)
class WorkerContext:
    """The context of a worker, inherited from the supervisor."""

    settings: Settings
    """Settings at the start: a replacement worker is like the others, even if the pipeline file has
    changed."""

    name: str
    """The pipeline's name."""

    app: "Application"
    """The application, loaded once; each worker starts its own copy."""

    shared_state: SharedState
    listeners: Sequence[socket.socket]
    inboxes: Sequence[Inbox]
    supervisor: int
    """The supervisor's process id."""


def serve(
    settings: Settings, *, name: str, host: str, port: int, application: str = APPLICATION
) -> None:
    """Serve the models of a pipeline until SIGTERM; `application` is `module:attribute`."""
    count = settings.worker_count()
    listeners = _listen(host, port, count=count)
    LOGGER.info("listening on port %d", port, extra={"host": host, "port": port, "workers": count})
    app = _load_application(application)
    context = WorkerContext(
        app=app,
        settings=settings,
        name=name,
        shared_state=SharedState(count),
        listeners=listeners,
        inboxes=make_inboxes(count),
        supervisor=os.getpid(),
    )
    sys.exit(Supervisor(context).run())


def _load_application(name: str) -> "Application":
    """Load what all processes need, once; nothing here starts a thread, which a fork would lose.

    Raises:
        SettingsError: The application does not exist.
    """
    # NumPy multiplies no matrices in this process.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import serve.workers.server  # noqa: F401, PLC0415  # ONNX Runtime loads once the port is open
    from serve.workers.loading import load_application  # noqa: PLC0415  # as above

    app = load_application(name)
    # Existing objects are excluded from garbage collection, so that their pages stay shared.
    gc.collect()
    gc.freeze()
    return app


def _listen(host: str, port: int, *, count: int) -> list[socket.socket]:
    """Return a listening socket for each worker.

    Raises:
        SettingsError: The port is not available.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def listen(*, reuse_port: bool = False) -> socket.socket:
        listener = socket.create_server(
            (host, port), family=family, backlog=_BACKLOG, reuse_port=reuse_port
        )
        # Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        return listener

    try:
        if count == 1:
            return [listen()]
        # Sockets that share a port would silently share it with another server as well.
        listen().close()
        return [listen(reuse_port=True) for _ in range(count)]
    except OSError as error:
        raise SettingsError(f"{host} port {port}: {error.strerror}; set STAGE_PORT") from None


def _work(context: WorkerContext, number: int) -> None:
    """Run a worker until SIGTERM."""
    from serve.api.service import Service  # noqa: PLC0415  # not before the port is open
    from serve.api.worker_state import WorkerState  # noqa: PLC0415  # as above
    from serve.workers.server import run_server  # noqa: PLC0415  # as above

    for kind in _STOP_SIGNALS:
        signal.signal(kind, _exit_immediately)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    for other, listener in enumerate(context.listeners):
        if other != number:
            listener.close()
    state = WorkerState(context.shared_state, number)
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    service = Service(state, context.settings, name=context.name, volume=volume)
    if context.shared_state.workers > 1:
        service.balance = Balance(context.shared_state, number, context.inboxes)
    context.app.service = service
    run_server(context.app, context.listeners[number], supervisor=context.supervisor)


def _admit(context: WorkerContext) -> None:
    """Run the admission process until SIGTERM, which ends it at once: it has no state to save."""
    from serve.model.admission_process import admit_models  # noqa: PLC0415  # not before the port is open

    # A signal handler might run during a fork, where its exception would be lost.
    for kind in _STOP_SIGNALS:
        signal.signal(kind, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    for listener in context.listeners:
        listener.close()
    name_process("admission")
    end_with_parent()
    admit_models(
        context.shared_state, context.settings, name=context.name, supervisor=context.supervisor
    )


def _exit_immediately(_kind: int, _frame: FrameType | None) -> None:
    """Exit with 0: nothing is served at this point. While serving, uvicorn handles the signal."""
    sys.exit(0)


class Supervisor:
    """Keeps all workers and the admission process running."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._shared_state = context.shared_state
        self._numbers: dict[int, int] = {}
        """Worker numbers by process id."""
        self._start_times = dict[int, float]()
        """Start time of each worker's process."""
        self._is_stopping = False
        self._exit_code = 0

    def run(self) -> int:
        """Supervise until SIGTERM, or until a worker can't start; return the exit code."""
        for kind in _STOP_SIGNALS:
            signal.signal(kind, self._stop)
        for number in (_ADMISSION, *range(self._shared_state.workers)):
            self._start(number)
        while self._numbers:
            process, status = os.wait()
            number = self._numbers.pop(process, None)
            # As process 1 of a container, it also reaps orphaned grandchildren.
            if number is not None and not self._is_stopping:
                self._replace(number, os.waitstatus_to_exitcode(status))
        return self._exit_code

    def _start(self, number: int) -> None:
        # Signals are blocked until the new process is registered here.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        process = os.fork()
        if not process:
            _run_child(self._context, number)
        self._start_times[number] = time.monotonic()
        self._numbers[process] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)

    def _replace(self, number: int, exit_code: int) -> None:
        if number == _ADMISSION:
            LOGGER.error("the admission process ended with %d", exit_code)
            self._restart(number)
            return
        # A process that was killed from outside before it was ready did not fail to start.
        if exit_code >= 0 and not self._shared_state.is_ready(number):
            LOGGER.error("worker %d could not start; the server exits", number)
            self._exit_code = exit_code if exit_code > 0 else os.EX_SOFTWARE
            self._stop(signal.SIGTERM, None)
            return
        # From here on, the other workers hand it no connections.
        self._shared_state.mark_ready(number, ready=False)
        self._shared_state.set_connections(number, 0)
        LOGGER.error("worker %d ended with %d and is restarted", number, exit_code)
        self._restart(number)

    def _restart(self, number: int) -> None:
        due = self._start_times[number] + _MIN_RESTART_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        if not self._is_stopping:
            self._start(number)

    def _stop(self, _kind: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        for listener in self._context.listeners:
            listener.close()
        for process in self._numbers:
            # A process that has just ended is still registered.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


def _run_child(context: WorkerContext, number: int) -> None:
    """Run a child process, and exit without returning to the supervisor's code.

    It does not wait for the thread that loads models: a slow graph can't be interrupted.
    """
    exit_code = os.EX_SOFTWARE
    try:
        if number == _ADMISSION:
            _admit(context)
        else:
            _work(context, number)
        exit_code = 0
    except StageError as error:
        LOGGER.error("%s", error, extra={"exit_code": error.exit_code})  # shown without a traceback
        exit_code = error.exit_code
    except SystemExit as error:
        exit_code = error.code if isinstance(error.code, int) else os.EX_SOFTWARE
    except BaseException:  # noqa: BLE001  # nobody above this would log it
        what = "the admission process" if number == _ADMISSION else f"worker {number}"
        LOGGER.exception("%s failed", what)
    finally:
        os._exit(exit_code)
