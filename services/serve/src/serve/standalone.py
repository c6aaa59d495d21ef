"""A worker without a supervisor, for any ASGI server; a child process admits models."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from stage_contract import LOGGER, configure_logging, pipeline_path, read_pipeline, resolve

from serve.api.service import Service
from serve.api.worker_state import WorkerState
from serve.model.admission_process import admit_models
from serve.runtime.prctl import end_with_parent, name_process
from serve.runtime.shared_state import SharedState
from serve.settings import Settings

_SECONDS_A_TICK = 1.0


@asynccontextmanager
async def standing_alone() -> AsyncIterator[Service]:
    """Yield the service of this process; the settings come from the pipeline file.

    Raises:
        StageError: A setting or the file of API keys is invalid.
    """
    configure_logging("serve")
    pipeline = read_pipeline(pipeline_path())
    settings = resolve(Settings, pipeline, "serve")
    shared_state = SharedState(1)
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    service = Service(WorkerState(shared_state, 0), settings, name=pipeline.name, volume=volume)
    admission = _Admission(shared_state, settings, name=pipeline.name)
    admission.start()
    periodic = asyncio.create_task(_tick(service, admission))
    try:
        yield service
    finally:
        periodic.cancel()
        service.worker_state.close()
        admission.end()


async def _tick(service: Service, admission: "_Admission") -> None:
    while True:
        await asyncio.sleep(_SECONDS_A_TICK)
        service.tick(connections=service.connections)
        if admission.has_ended():
            admission.start()


class _Admission:
    """The admission process."""

    def __init__(self, shared_state: SharedState, settings: Settings, *, name: str) -> None:
        self._shared_state = shared_state
        self._settings = settings
        self._name = name
        self._process = 0

    def start(self) -> None:
        """Start the process."""
        parent = os.getpid()
        self._process = os.fork()
        if not self._process:
            self._admit(parent)

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        process, status = os.waitpid(self._process, os.WNOHANG)
        if process:
            exit_code = os.waitstatus_to_exitcode(status)
            LOGGER.error("the admission process ended with %d", exit_code)
        return process != 0

    def end(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)

    def _admit(self, parent: int) -> None:
        """Run in the child process, and exit without returning to the parent's event loop."""
        try:
            signal.set_wakeup_fd(-1)
            for kind in (signal.SIGTERM, signal.SIGINT):
                signal.signal(kind, signal.SIG_DFL)
            name_process("admission")
            end_with_parent()
            admit_models(self._shared_state, self._settings, name=self._name, supervisor=parent)
        except BaseException:  # noqa: BLE001  # nobody above this would log it
            LOGGER.exception("the admission process failed")
        finally:
            os._exit(os.EX_SOFTWARE)
