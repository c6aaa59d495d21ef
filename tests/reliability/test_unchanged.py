"""A run that finds nothing due: no heavy library is imported, no file is written."""

import re
import shutil
import subprocess
import sys

import pytest
from local_stages import LocalPipeline
from running import BATCH

HEAVY = {
    *("pyarrow", "pandas", "numpy", "scipy", "sklearn", "joblib"),
    *("onnx", "onnxruntime", "skl2onnx", "chardet", "zstandard"),
}
"""What takes tenths of a second to import, and is for the work."""


def libraries(result: subprocess.CompletedProcess[str]) -> set[str]:
    """Return what was imported that is no part of Python."""
    imported = re.findall(r"^import time: .*\| +(\w+)", result.stderr, re.MULTILINE)
    return {name for name in imported if name not in sys.stdlib_module_names}


@pytest.mark.parametrize("stage", BATCH)
def test_nothing_heavy_is_imported_to_find_out_that_nothing_is_due(
    pipeline: LocalPipeline, stage: str
) -> None:
    unchanged = pipeline.run(stage, options=("-X", "importtime"))
    shutil.rmtree(pipeline.latest(stage).path)
    works = pipeline.run(stage, options=("-X", "importtime"))

    assert "unchanged" in unchanged.stdout
    assert {"pydantic", stage} <= libraries(unchanged)
    assert not libraries(unchanged) & HEAVY
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
