"""A container of the image that was started and may still be running."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import APIError
from docker.models.containers import Container
from requests.exceptions import ConnectionError as EngineSilentError
from requests.exceptions import ReadTimeout

from conformance.harness.faults import Fault
from conformance.harness.runs import Run, last_lines
from conformance.harness.volumes import unpack


@dataclass
class RunningContainer:
    """Waits for a container, signals it and inspects it."""

    container: Container
    folder: Path
    """The folder for the copy of its output volume."""
    has_output: bool = True
    started: float = field(default_factory=time.monotonic)

    def finish(self, seconds: float) -> Run:
        """Wait for the end and return the run; a run that hangs is a fault."""
        try:
            code = self.container.wait(timeout=seconds)["StatusCode"]
        except (ReadTimeout, EngineSilentError):
            raise Fault(
                f"still running after {seconds:.0f} s; its log ends with:\n{last_lines(self.log)}",
                "find out what it waits for: it has no network, and its input does not change",
            ) from None
        took = time.monotonic() - self.started
        self.container.reload()
        raw = self.container.logs()
        return Run(
            exit_code=int(code),
            log=raw.decode(errors="replace"),
            seconds=took,
            out=self._output(),
            out_of_memory=bool(self.container.attrs["State"]["OOMKilled"]),
            raw_log=raw,
        )

    def let_run(self, seconds: float) -> None:
        """Wait until it has run this long, or until it ends."""
        left = self.started + seconds - time.monotonic()
        if left > 0:
            with suppress(ReadTimeout, EngineSilentError):
                self.container.wait(timeout=left)

    def signal(self, name: str) -> None:
        """Send a signal as `docker kill` does, unless the container has ended."""
        try:
            self.container.kill(signal=name)
        except APIError as error:
            if error.status_code != 409:  # it is not running
                raise

    def pause(self) -> None:
        """Stop all its processes, unless the container has ended."""
        with suppress(APIError):
            self.container.pause()

    def go_on(self) -> None:
        """Let its processes go on after a pause."""
        with suppress(APIError):
            self.container.unpause()

    @property
    def log(self) -> str:
        return str(self.container.logs().decode(errors="replace"))

    @property
    def is_running(self) -> bool:
        self.container.reload()
        return bool(self.container.attrs["State"]["Running"])

    def address(self, port: int) -> str:
        """Return host:port of a published port."""
        self.container.reload()
        binding = self.container.attrs["NetworkSettings"]["Ports"][f"{port}/tcp"][0]
        return f"{binding['HostIp']}:{binding['HostPort']}"

    def _output(self) -> Path:
        return unpack(self.container, "/data/out", self.folder) if self.has_output else self.folder
