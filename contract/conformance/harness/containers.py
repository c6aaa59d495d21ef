"""Container options as in compose.yaml, and the options that a check may change."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypedDict

from conformance.harness.stages import MEMORY, UID
from conformance.harness.volumes import Volume

PIPELINE = "houses"
HARDENED: Mapping[str, Any] = MappingProxyType(
    {
        "user": f"{UID}:{UID}",
        "init": True,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": {"/tmp": "size=64m,mode=1777"},  # noqa: S108  # the container's own
        "pids_limit": 256,
    }
)
"""The options of every service in compose.yaml; a test compares the two."""


class Options(TypedDict, total=False):
    """Options of a run that differ from compose.yaml."""

    source: Path | Volume
    """The input: a folder, copied to a fresh volume, or a volume; default the tiny example."""
    source_mode: str
    out: Volume
    """The output; default a fresh volume, removed after its files were copied."""
    out_mode: str
    settings: str
    """Text of the pipeline file."""
    arguments: Sequence[str]
    environment: Mapping[str, str]
    memory: str
    hostname: str
    ports: Sequence[int]
    """Published on 127.0.0.1; with them the container has a network."""
    without: str
    """One restriction to lift, to find out whether the image fails because of it."""


LIFTED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "read-only root": {"read_only": False},
        "no network": {"network_mode": "bridge"},
        "plain user": {"user": "0:0", "cap_drop": []},
        "small /tmp": {"tmpfs": {"/tmp": "mode=1777"}},  # noqa: S108  # the container's own
    }
)
"""What `Options.without` may name, and what the container gets instead."""


def arguments_of(stage: str, options: Options) -> dict[str, Any]:
    """Return what the SDK's `create` needs besides image, labels and volumes."""
    ports = {f"{port}/tcp": ("127.0.0.1", None) for port in options.get("ports", ())}
    return {
        **HARDENED,
        "command": list(options.get("arguments", ())),
        "environment": {"PIPELINE": PIPELINE} | dict(options.get("environment", {})),
        "mem_limit": options.get("memory", MEMORY[stage]),
        "hostname": options.get("hostname"),
        **({"ports": ports} if ports else {"network_mode": "none"}),
        **LIFTED.get(options.get("without", ""), {}),
    }
