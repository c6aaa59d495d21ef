"""Commands for users to paste on the host."""

import os
import shlex

DEFAULT_PIPELINE = "diamonds"


def make_command(arguments: str) -> str:
    """Return `make …` for this process's pipeline, without PIPELINE= where it is the default.

    A script that starts this process sets the beginning of the command as MAKE_PREFIX.
    """
    if prefix := os.environ.get("MAKE_PREFIX"):
        return f"{prefix} {arguments}"
    pipeline = os.environ.get("PIPELINE") or DEFAULT_PIPELINE
    choice = "" if pipeline == DEFAULT_PIPELINE else f"PIPELINE={shlex.quote(pipeline)} "
    return f"{choice}make {arguments}"
