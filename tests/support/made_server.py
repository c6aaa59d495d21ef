"""Servers of made models, as processes on this host: fast, and with any form of the source."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.local_stages import LOCAL, SECONDS, live_server
from support.running import ROOT, free_port

PYTHON = str(ROOT / ".envs/serve-tests/bin/python")
PATHS = [ROOT / path for path in ("services/serve/src", "services/serve/testing", "contract/src")]


@dataclass(frozen=True)
class MadeServer:
    """A running server, and the folder of its volume."""

    folder: Path
    url: str

    def publish(self, model: str, **changes: Any) -> None:
        """Publish one of the models of serve's tests, with other attributes."""
        _publish(self.folder, model, **changes)


@contextmanager
def serving_made(
    folder: Path, model: str | None, *, settings: str = "", port: int | None = None, **changes: Any
) -> Iterator[MadeServer]:
    """Yield a server of one of the models of serve's tests, with other attributes; or of none."""
    (folder / "volume").mkdir(exist_ok=True)
    if model is not None:
        _publish(folder, model, **changes)
    (folder / "config").mkdir(exist_ok=True)
    lines = f"[serve]\npoll_seconds = 0.1\n{settings}\n"
    (folder / "config/made.toml").write_text(lines, encoding="utf-8")
    port = port or free_port()
    environment = _environment() | {
        "STAGE_CONFIG": str(folder / "config"),
        "PIPELINE": "made",
        "STAGE_IN": str(folder / "volume"),
        "STAGE_HOST": LOCAL,
        "STAGE_PORT": str(port),
    }
    with live_server([PYTHON, "-m", "serve"], environment, has_model=model is not None):
        yield MadeServer(folder, f"http://{LOCAL}:{port}")


def _publish(folder: Path, model: str, **changes: Any) -> None:
    command = ["-m", "serve_testing.publish", model, str(folder / "volume"), json.dumps(changes)]
    result = subprocess.run(
        [PYTHON, *command],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert result.returncode == 0, result.stderr


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, PATHS))}
