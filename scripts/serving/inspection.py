"""A running serve as Docker, Compose and serve itself describe it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.client import Serve
from serving.differences import InspectedService

MOUNTS = Path("/proc/1/mountinfo")
"""The mounts of serve: this container shares its process namespace."""

SERVICE = "com.docker.compose.service"


def find(
    described: Mapping[str, Any], serve: Serve, *, wanted: str, recreates: bool
) -> InspectedService:
    """Return the state of a running serve.

    Args:
        described: Containers, images and Compose configuration, from scripts/serve.sh.
        serve: The running server.
        wanted: The settings of the pipeline file as JSON; empty if they are invalid.
        recreates: Whether Compose would recreate the container.
    """
    return InspectedService(
        container=described_as(described, "serve")[0],
        config=described["config"],
        images=described["images"],
        recreates=recreates,
        settings=serve.settings(),
        wanted=json.loads(wanted) if wanted else None,
        names=(serve.known_name(), serve.name),
        # Invalid settings may be due to these keys, so they are not compared then.
        unknown_keys=serve.unknown_keys() if wanted else 0,
        lost_mounts=lost_mounts(_read_mounts()),
    )


def described_as(described: Mapping[str, Any], service: str) -> list[Mapping[str, Any]]:
    """Return the containers of a service as Docker describes them, newest first."""
    return [
        each for each in described["containers"] if each["Config"]["Labels"][SERVICE] == service
    ]


def _read_mounts() -> str:
    """Return the mounts of serve; empty if it runs as another user."""
    try:
        return MOUNTS.read_text(encoding="utf-8")
    except PermissionError:
        return ""


def lost_mounts(text: str) -> list[str]:
    """Return the mount points whose source was removed, from /proc/PID/mountinfo."""
    fields = [line.split(" ") for line in text.splitlines()]
    return [each[4] for each in fields if each[3].endswith("//deleted")]
