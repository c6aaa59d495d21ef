"""What the tests of reruns share: a small pipeline that has run once, copied for each test."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.local_stages import SETTINGS, LocalPipeline
from support.running import BATCH, KINDS, ROOT


@pytest.fixture(scope="session")
def environments() -> None:
    """Make the stages' Python environments, where they are missing."""
    names = [f"{stage}-tests" for stage in BATCH]
    subprocess.run([ROOT / "scripts/envs.sh", *names], check=True)


@pytest.fixture(scope="session")
def has_run(tmp_path_factory: pytest.TempPathFactory, environments: None) -> LocalPipeline:  # noqa: ARG001  # made before a stage runs
    """A pipeline of every third penguin that has run once; to be copied, not to be changed."""
    pipeline = LocalPipeline(tmp_path_factory.mktemp("pipeline"))
    for folder in ("data", "pipelines", *(f"volumes/{kind}" for kind in KINDS)):
        (pipeline.root / folder).mkdir(parents=True)
    header, *rows = (ROOT / "data/penguins.csv").read_text("utf-8").splitlines(keepends=True)
    pipeline.source.write_text(header + "".join(rows[::3]), encoding="utf-8")
    pipeline.packages.write_text("Package: libc6\nVersion: 2.41-12\n", encoding="utf-8")
    pipeline.settings.write_text(SETTINGS, encoding="utf-8")
    assert set(pipeline.run_all().values()) == {"first run"}
    return pipeline


@pytest.fixture
def pipeline(has_run: LocalPipeline, tmp_path: Path) -> LocalPipeline:
    """A pipeline that has run once, of the test's own."""
    root = tmp_path / "pipeline"
    shutil.copytree(has_run.root, root)
    return LocalPipeline(root)
