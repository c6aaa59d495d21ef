"""A forced run: works anew, and compares with what an equal cause has given before."""

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize(
    ("behaviour", "difference"),
    [
        ("random", "other bytes in table/part-00000.txt"),
        ("count differently", "other bytes in the manifest's metrics"),
    ],
)
def test_other_bytes_in_a_forced_run_give_70_and_both_are_kept(
    stage: Stage, behaviour: str, difference: str
) -> None:
    stage.configure(f'behaviour = "{behaviour}"')
    stage.says()
    before = stage.latest()

    result = stage.run("--force")

    assert result.returncode == 70
    assert f"not reproducible: clean-data {before.id} was published with" in result.stdout
    assert difference in result.stdout
    assert stage.latest().manifest == before.manifest
    stage.latest().verify()
    (kept,) = stage.out.glob(".differs-*/manifest.json")
    assert f"make diff A={before.id} B={kept.parent.name}" in result.stdout.splitlines()[-1]
    assert stage.failure["exit_code"] == 70


@pytest.mark.parametrize(
    ("arguments", "variables"), [(["--force"], {}), ([], {"STAGE_FORCE": "1"})]
)
def test_equal_bytes_in_a_forced_run_change_nothing_but_the_facts_of_the_run(
    stage: Stage, arguments: list[str], variables: dict[str, str]
) -> None:
    stage.says()
    before = stage.files

    log = stage.says(*arguments, **variables)

    assert "works: forced" in log
    assert f"gave the same bytes as before: clean-data {stage.latest().id}" in log
    changed = {path for path, facts in stage.files.items() if before[path] != facts}
    artifact = stage.latest().path
    assert changed == {str(artifact), str(artifact / "run.json"), str(artifact / "manifest.json")}


def test_an_image_without_a_build_digest_has_nothing_to_compare_with_when_forced(
    stage: Stage,
) -> None:
    stage.build = None

    assert "this image has no build digest" in stage.says("--force")
