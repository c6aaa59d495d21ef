"""Ctrl+C while a program loads ends it with 130 and one line, as it does later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    **{name: f"services/{name}" for name in ("ingest", "clean", "features", "train", "serve")},
    "serve.batch": "services/serve",
    "track": "extras/track",
    "monitor": "extras/monitor",
}
LIBRARY = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
"""Replaces two that are imported early: Ctrl+C comes while one of them is."""


@pytest.mark.parametrize("module", PROGRAMS)
def test_an_interrupt_while_a_program_loads_shows_no_traceback(tmp_path: Path, module: str) -> None:
    for name in ("argparse.py", "pydantic.py"):
        (tmp_path / name).write_text(LIBRARY, encoding="utf-8")
    code = ("contract", "contract/modelling", "contract/type_inference", PROGRAMS[module])
    path = [tmp_path, *(ROOT / folder / "src" for folder in code)]

    ended = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "ended by Ctrl+C\n")
