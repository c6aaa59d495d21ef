"""Runs a stage again and again, each time as a process of its own, which is forked.

What takes long is importing the libraries: they are imported once. Started with the stage's own
Python, which has nothing but the standard library in common with the tests.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path

MAX_SECONDS = 60
"""Whoever takes longer hangs, and is ended by SIGALRM."""


def run(environment: dict[str, str], module: str, output: str) -> int:
    """Run a module as a process would, its output into a file, and return the exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(MAX_SECONDS)
    with Path(output).open("wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    sys.argv = [module]
    code = 1
    try:
        runpy.run_module(module, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  # whatever it raises is what the test is to see
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(module: str, *imported: str) -> None:
    """Answer each line of standard input, the arguments of `run`, with an exit code."""
    for name in imported:
        importlib.import_module(name)
    for line in sys.stdin:
        environment, output = json.loads(line)
        sys.stdout.write(f"{run(environment, module, output)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
