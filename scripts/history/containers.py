"""The containers of a pipeline's stages, as Docker describes them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.inspection import described_as

RESIDENT = ("always", "unless-stopped")
"""Restart policies of a container that keeps running (watch mode)."""

_ID = re.compile(r" \(?[0-9a-f]{64}\)?")


@dataclass(frozen=True)
class StageContainer:
    """The container of one stage, or of serve."""

    status: str
    exit_code: int
    is_resident: bool
    is_out_of_memory: bool
    restarts: int
    error: str = ""
    """Why Docker could not start it."""

    differences: Sequence[str] = ()
    """Differences between a resident container and the project's files."""

    @property
    def is_running(self) -> bool:
        """Return whether its process is alive."""
        return self.status == "running"

    @property
    def end(self) -> str:
        """Return its state in words."""
        if self.status == "restarting":
            return f"exits with {self.exit_code} and Docker keeps restarting it"
        if self.status == "created":
            reason = f": {self.error}" if self.error else ""
            return f"Docker could not start it{reason}"
        memory = ", out of memory" if self.is_out_of_memory else ""
        return f"{self.status} with {self.exit_code}{memory}"


def container_of(described: Mapping[str, Any], service: str) -> StageContainer | None:
    """Return the newest container of a service; None if there is none."""
    found = described_as(described, service)
    if not found:
        return None
    state = found[0]["State"]
    return StageContainer(
        status=state["Status"],
        exit_code=state["ExitCode"],
        is_resident=found[0]["HostConfig"]["RestartPolicy"]["Name"] in RESIDENT,
        is_out_of_memory=state["OOMKilled"],
        restarts=found[0]["RestartCount"],
        error=_ID.sub("", state.get("Error", "")),
    )
