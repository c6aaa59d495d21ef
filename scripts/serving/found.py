"""What is known of a running serve: of Docker, of Compose, of itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.asking import Serve
from serving.differences import Found

MOUNTS = Path("/proc/1/mountinfo")
"""Of serve, whose processes this container sees."""

SERVICE = "com.docker.compose.service"


def find(described: Mapping[str, Any], serve: Serve, *, wanted: str, recreates: bool) -> Found:
    """Ask a running serve; scripts/serve.sh describes the project, `wanted` are its settings."""
    return Found(
        container=described_as(described, "serve")[0],
        config=described["config"],
        images=described["images"],
        recreates=recreates,
        settings=serve.settings(),
        wanted=json.loads(wanted) if wanted else None,
        names=(serve.known_name(), serve.name),
        # Where the check failed there are no settings, and it may have been for these keys.
        unknown_keys=serve.unknown_keys() if wanted else 0,
        lost_mounts=lost_mounts(_read_mounts()),
    )


def described_as(described: Mapping[str, Any], service: str) -> list[Mapping[str, Any]]:
    """Return what Docker says of the containers of a service, the newest first."""
    return [
        each for each in described["containers"] if each["Config"]["Labels"][SERVICE] == service
    ]


def _read_mounts() -> str:
    """Return the mounts of serve; a serve of another user does not show them."""
    try:
        return MOUNTS.read_text(encoding="utf-8")
    except PermissionError:
        return ""


def lost_mounts(text: str) -> list[str]:
    """Return the mount points whose file or folder was removed, from a mountinfo of Linux."""
    fields = [line.split(" ") for line in text.splitlines()]
    return [each[4] for each in fields if each[3].endswith("//deleted")]
