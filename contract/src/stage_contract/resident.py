"""Staying resident: `--watch` turns a stage into a small process that runs the stage as a child."""

import os
import sys
from typing import NoReturn


def watch_instead(stage: str, *, sources: str | None, refresh: str | None) -> NoReturn:
    """Replace this process, which has loaded a stage's libraries, by one that has not."""
    command = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    named = {"--sources": sources, "--refresh": refresh}
    options = [f"{option}={name}" for option, name in named.items() if name]
    resident = [sys.executable, "-m", "stage_contract.watching", *options, stage, "--", *command]
    os.execv(sys.executable, resident)  # noqa: S606  # it is a list, no shell has to read it
