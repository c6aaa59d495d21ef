"""The option `--watch`: a small resident process takes the place of the stage and runs it."""

import os
import sys
from typing import NoReturn


def watch_instead(stage: str, *, sources: str | None, refresh: str | None) -> NoReturn:
    """Replace this process, which has loaded the stage's libraries, by a watcher that has not."""
    command = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    named = {"--sources": sources, "--refresh": refresh}
    options = [f"{option}={name}" for option, name in named.items() if name]
    watcher = [sys.executable, "-m", "stage_contract.watching", *options, stage, "--", *command]
    os.execv(sys.executable, watcher)  # noqa: S606  # a list of arguments; no shell reads it
