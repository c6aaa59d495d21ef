"""What the tests of sources elsewhere share: servers of their own, and an ingest beside them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import MakePipeline
from docker import DockerClient
from docker.models.containers import Container
from pyarrow import parquet
from support.running import ROOT, TAG, Pipeline

OVERLAY = ROOT / "deploy/sources.yaml"
SHOP = Path(__file__).with_name("shop.yaml")
LOGIN = "reader:s3cret:/%"


@dataclass(frozen=True)
class Ran:
    """How a run of ingest ended, and all that it printed."""

    exit_code: int
    output: str

    @property
    def last_line(self) -> str:
        return self.output.splitlines()[-1]


@dataclass(frozen=True)
class Shop:
    """A pipeline whose ingest has a network, on which a PostgreSQL and a web server listen."""

    pipeline: Pipeline
    credentials: Path
    waiting: Container
    """A container of ingest as Compose makes it, in which it runs again and again."""

    def configure(self, settings: str, credentials: str = LOGIN) -> None:
        self.pipeline.configure(f"[ingest]\n{settings}\n")
        # In place: it is mounted.
        self.credentials.write_text(f"{credentials}\n", encoding="utf-8")

    def ingest(
        self, settings: str, *arguments: str, credentials: str = LOGIN, **variables: str
    ) -> Ran:
        """Run ingest with these settings."""
        self.configure(settings, credentials)
        command = ["python", "-m", "ingest", *arguments]
        exit_code, output = self.waiting.exec_run(command, environment=variables)
        return Ran(exit_code, output.decode())

    def run(self, stage: str) -> str:
        """Run a stage as Compose does, which ends well."""
        result = self.pipeline.compose("run", "--rm", "--no-deps", "--no-TTY", stage)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def ask(self, *command: str) -> str:
        """Return what a command says beside the servers."""
        result = self.pipeline.compose("exec", "--no-TTY", "shop", *command)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def hold(self, name: str, content: str) -> None:
        """Let the web server have a file, whole at once."""
        self.ask("sh", "-c", 'printf %s "$1" >/tmp/new && mv /tmp/new "/srv/$0"', name, content)

    @contextmanager
    def watching(self) -> Iterator[Container]:
        """Yield a container of ingest that stays."""
        options = ("--rm", "--detach", "--no-deps")
        started = self.pipeline.compose("run", *options, "ingest", "--watch")
        assert started.returncode == 0, started.stderr
        container = self.pipeline.engine.containers.get(started.stdout.strip())
        try:
            yield container
        finally:
            container.stop(timeout=10)

    def sql(self, query: str) -> str:
        """Return what PostgreSQL's own client answers."""
        options = ("-U", "postgres", "-d", "shop", "--no-align", "--tuples-only")
        return self.ask("psql", *options, "--command", query)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the latest artifact."""
        artifact = self.pipeline.latest("raw-data")
        tables = [parquet.read_table(path) for path in artifact.files("table")]
        rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
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
        run = ("run", "--detach", "--no-deps", "--entrypoint", "sleep", "ingest", "infinity")
        started = pipeline.compose(*run)
        assert started.returncode == 0, started.stderr
        waiting = engine.containers.get(started.stdout.strip())
        yield Shop(pipeline, credentials, waiting)
        waiting.remove(force=True)
        pipeline.remove()
        engine.images.remove(f"stagecoach/test-shop:{TAG}", noprune=True)


@pytest.fixture
def long_query(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """Run ingest as Compose does on a query that never ends; it has been started there."""
    shop.configure(
        'source = "postgresql://shop/shop"\ncredentials_file = "/run/secrets/source"\n'
        'query = "select pg_sleep(600)::text as a"'
    )
    command = ["docker", "compose", "run", "--rm", "--no-deps", "--no-TTY", "--name"]
    process = subprocess.Popen(
        [*command, f"{shop.pipeline.project}-long", "ingest"],
        env=shop.pipeline.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.wait(timeout=60)
