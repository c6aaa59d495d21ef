"""What the tests of sources elsewhere share: servers of their own, and a pipeline beside them."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import MakePipeline
from docker import DockerClient
from pyarrow import parquet
from running import ROOT, TAG, Pipeline

OVERLAY = ROOT / "deploy/sources.yaml"
SHOP = Path(__file__).with_name("shop.yaml")
LOGIN = "reader:s3cret:/%"


@dataclass(frozen=True)
class Shop:
    """A pipeline whose ingest has a network, on which a PostgreSQL and a web server listen."""

    pipeline: Pipeline
    credentials: Path

    def ingest(
        self,
        settings: str,
        *arguments: str,
        credentials: str = LOGIN,
        options: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run ingest alone with these settings."""
        self.pipeline.configure(f"[ingest]\n{settings}\n")
        # In place: it is mounted.
        self.credentials.write_text(f"{credentials}\n", encoding="utf-8")
        return self.run("ingest", *arguments, options=options)

    def run(
        self, stage: str, *arguments: str, options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run one stage, with options for its container."""
        run = ("run", "--rm", "--no-deps", "--no-TTY", *options)
        return self.pipeline.compose(*run, stage, *arguments)

    def sql(self, query: str) -> str:
        """Return what PostgreSQL's own client answers."""
        psql = ["psql", "-U", "postgres", "-d", "shop", "--no-align", "--tuples-only", "-c", query]
        result = self.pipeline.compose("exec", "--no-TTY", "shop", *psql)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def table(self) -> pa.Table:
        """Return the table of the latest artifact."""
        artifact = self.pipeline.latest("raw-data")
        return pa.concat_tables(parquet.read_table(path) for path in artifact.files("table"))

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.table().to_pylist()
        return rows


@pytest.fixture(scope="session")
def shop(engine: DockerClient, session_pipelines: MakePipeline) -> Iterator[Shop]:
    pipeline = session_pipelines(name="shop", compose_files=(OVERLAY, SHOP))
    credentials = pipeline.folder / "credentials"
    credentials.write_text("", encoding="utf-8")
    credentials.chmod(0o644)
    pipeline.provide("none.csv", "")
    pipeline.configure("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_CREDENTIALS", str(credentials))
        up = pipeline.compose("up", "--build", "--detach", "--wait", "shop")
        assert up.returncode == 0, up.stderr + pipeline.compose("logs", "shop").stdout
        yield Shop(pipeline, credentials)
        pipeline.remove()
        engine.images.remove(f"stagecoach/test-shop:{TAG}", noprune=True)
