"""Ingest for the tests of hostile files."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.ingesting import Stage
from support.local_stages import LocalPipeline
from support.running import ROOT


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    subprocess.run([ROOT / "scripts/envs.sh", "ingest-tests"], check=True)
    folders = LocalPipeline(tmp_path_factory.mktemp("server"), without_build={"ingest"})
    python, *_ = folders.command("ingest")
    with subprocess.Popen(
        [python, Path(__file__).with_name("forking.py"), "ingest", "ingest.work"],
        env=folders.environment("ingest"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def stage(tmp_path: Path, server: subprocess.Popen[str]) -> Stage:
    return Stage(LocalPipeline(tmp_path, without_build={"ingest"}), server)
