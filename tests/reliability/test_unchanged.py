"""A run that finds nothing due: no heavy library is imported, no file is written."""

import re
import shutil
import subprocess
import sys
from functools import cache

import pytest
from support.local_stages import LocalPipeline
from support.running import BATCH

LIGHT = {
    *("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"),
    *("quiet_interrupt", "stage_contract"),
}
"""What settings need; everything else that is not part of Python is for the work."""

CODE = {"clean": {"clean", "type_inference"}, "train": {"train", "modelling"}}
"""Packages of a stage's folder, where there are more than the one of its name."""


def libraries(result: subprocess.CompletedProcess[str]) -> set[str]:
    """Return what was imported that is not part of Python, nor of how this machine starts it."""
    return imported(result.stderr) - imported(_bare_start())


@cache
def _bare_start() -> str:
    """Return what this machine's Python imports for a program of nothing."""
    command = [sys.executable, "-X", "importtime", "-c", ""]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def imported(log: str) -> set[str]:
    names = re.findall(r"^import time: +\d+ .*\| +(\w+)", log, re.MULTILINE)
    # How Python was built stands in a module of Python's own that it does not list.
    own = re.compile("_sysconfigdata_.*")
    return {name for name in names if name not in sys.stdlib_module_names and not own.match(name)}


@pytest.mark.parametrize("stage", BATCH)
def test_nothing_heavy_is_imported_to_find_out_that_nothing_is_due(
    pipeline: LocalPipeline, stage: str
) -> None:
    unchanged = pipeline.run(stage, options=("-X", "importtime"))
    shutil.rmtree(pipeline.latest(stage).path)
    works = pipeline.run(stage, options=("-X", "importtime"))

    assert "unchanged" in unchanged.stdout
    assert libraries(unchanged) == LIGHT | CODE.get(stage, {stage})
    assert "published" in works.stdout
    assert "pyarrow" in libraries(works)


@pytest.mark.parametrize("stage", BATCH)
def test_a_volume_without_work_is_the_same_to_the_last_inode(
    pipeline: LocalPipeline, stage: str
) -> None:
    def state() -> dict[str, tuple[int, int, int]]:
        facts = {str(path): path.stat() for path in pipeline.volume(stage).rglob("*")}
        return {
            name: (fact.st_ino, fact.st_mtime_ns, fact.st_ctime_ns) for name, fact in facts.items()
        }

    before = state()

    assert "unchanged" in pipeline.run(stage).stdout
    assert state() == before
