"""Child processes: start, poll and terminate."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stage_contract.commands import make_command
from stage_contract.errors import StageError

GRACE_SECONDS = 8.0
"""Time that a child gets to terminate; Compose kills after ten seconds."""


@dataclass(frozen=True)
class Child:
    """A running child process."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code if it has ended; a negative number is a signal."""
        found, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None

    def end(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Send SIGTERM, then SIGKILL after the grace period; SIGCHLD must be blocked."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        while self.poll() is None:
            if time.monotonic() >= deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return
            signal.sigtimedwait({signal.SIGCHLD}, max(0, deadline - time.monotonic()))


def start(command: Sequence[str]) -> Child:
    """Start a command with no signals blocked."""
    # Unlike subprocess and fork, it loads no module and does not copy this process.
    return Child(os.posix_spawnp(command[0], [*command], os.environ, setsigmask=()))


class KilledError(StageError):
    """A child was killed by a signal."""

    def __init__(self, exit_code: int) -> None:
        number = -exit_code
        super().__init__(
            f"was killed by signal {number};"
            " if it needed more memory than its limit, raise it:"
            f" STAGE_MEMORY=8g {make_command('watch')}"
        )
        self.exit_code = 128 + number
