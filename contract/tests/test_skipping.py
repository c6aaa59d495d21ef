"""When a stage works and when not, and how much of earlier runs is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


def test_an_unchanged_run_says_so_and_rewrites_nothing(stage: Stage) -> None:
    stage.says()
    before = stage.files

    log = stage.says()

    assert f"unchanged: clean-data {stage.latest().id}, 1 rows" in log
    assert stage.files == before


def test_an_unchanged_run_does_not_import_the_work(stage: Stage) -> None:
    first = stage.run(PYTHONVERBOSE="1")
    second = stage.run(PYTHONVERBOSE="1")

    assert "import 'tiny_work'" in first.stderr
    assert "import 'tiny_work'" not in second.stderr


def test_an_unchanged_run_reads_no_data(stage: Stage) -> None:
    stage.says()
    (file,) = (stage.root / "in").glob("*/table/part-00000.txt")
    file.write_text("23")

    assert "unchanged" in stage.says()


def test_a_cause_that_was_published_before_is_named_again(stage: Stage) -> None:
    stage.says()
    first = stage.latest().id
    stage.configure("factor = 3")
    stage.says()
    stage.configure("")

    log = stage.says()

    assert f"published before: clean-data {first}, 1 rows, since settings.factor 3 → 2" in log
    assert stage.latest().id == first


def test_a_pinned_volume_keeps_its_pointer_and_the_log_says_so(stage: Stage) -> None:
    stage.says()
    first = stage.latest().id
    (stage.out / "PINNED").write_text(first)
    stage.configure("factor = 3")

    assert "published, but the volume is pinned: clean-data" in stage.says()
    assert "published before, but the volume is pinned: clean-data" in stage.says()

    assert stage.latest().id == first


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("", "factor = 3", "settings.factor 2 → 3"),
        ('options = ["a"]', "", 'settings.options ["a"] → []'),
        ("", 'factor = 3\noptions = ["ä"]', 'settings.factor 2 → 3, settings.options [] → ["ä"]'),
    ],
)
def test_a_changed_setting_is_the_reason_to_work(
    stage: Stage, before: str, after: str, reason: str
) -> None:
    stage.configure(before)
    stage.says()
    stage.configure(after)

    assert f"works, changed: {reason}\n" in stage.says()


def test_how_many_artifacts_are_kept_is_no_reason_to_work(stage: Stage) -> None:
    stage.says()
    stage.configure("keep = 1")

    assert "unchanged" in stage.says()


def test_a_changed_input_is_the_reason_to_work(stage: Stage) -> None:
    stage.says()
    stage.provide("22")

    assert "works, changed: input raw-data\n" in stage.says()


def test_an_input_made_anew_with_equal_content_is_no_reason_to_work(stage: Stage) -> None:
    stage.says()
    (pointer,) = (stage.root / "in").glob("LATEST")
    artifact = stage.root / "in" / pointer.read_text().strip()
    manifest = json.loads((artifact / "manifest.json").read_bytes()) | {"id": "b" * 16}
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    artifact.rename(artifact.with_name("b" * 16))
    pointer.write_text("b" * 16)

    assert "unchanged" in stage.says()


@pytest.mark.parametrize("part", ["code", "requirements.lock", "python"])
def test_a_changed_part_of_the_build_is_the_reason_to_work(stage: Stage, part: str) -> None:
    stage.says()
    stage.build[part] = "2"

    assert f"works, changed: build ({part})\n" in stage.says()


def test_a_build_without_traces_of_the_last_one_is_another_image(stage: Stage) -> None:
    stage.says()
    (stage.latest().path / "run.json").unlink()
    stage.build["code"] = "2"

    assert "works, changed: build (another image)" in stage.says()


def test_damage_is_the_reason_to_work(stage: Stage) -> None:
    stage.says()
    os.truncate(stage.latest().path / "table/part-00000.txt", 0)

    log = stage.says()

    assert "warning: the artifact of this cause is damaged" in log
    assert "works, changed: the published files are damaged" in log
    stage.latest().verify()


@pytest.mark.parametrize("text", ["", "nonsense", "f" * 16])
def test_a_pointer_that_leads_nowhere_is_the_reason_to_work(stage: Stage, text: str) -> None:
    (stage.out / "LATEST").write_text(text)

    assert "works: the latest artifact can't be read" in stage.says()
    stage.latest().verify()


def test_a_pointer_that_leads_nowhere_is_mended_without_work(stage: Stage) -> None:
    stage.says()
    (stage.out / "LATEST").write_text("nonsense")

    assert "published before: clean-data" in stage.says()
    stage.latest().verify()


@pytest.mark.parametrize(
    "facts",
    [{"settings": "threshold: 5"}, {"inputs": ["a.csv"]}, {"stage": {}}, {"settings": "[]"}],
)
def test_what_a_foreign_image_published_before_is_a_reason_and_no_obstacle(
    stage: Stage, facts: dict[str, Any]
) -> None:
    stage.says()
    artifact = stage.latest()
    manifest = artifact.manifest | facts
    (artifact.path / "manifest.json").write_text(json.dumps(manifest))
    stage.configure("factor = 3")

    assert "works, changed: " in stage.says()


def test_an_image_without_a_build_digest_always_works(stage: Stage) -> None:
    stage.build = None
    for _ in range(2):
        assert "works: this image has no build digest, so it always runs" in stage.says()

    assert len(list(stage.out.glob("*/manifest.json"))) == 2
    assert "build" not in stage.latest().manifest["stage"]


def test_old_artifacts_are_pruned_after_a_publication(stage: Stage) -> None:
    for factor in (1, 2, 3):
        stage.configure(f"factor = {factor}\nkeep = 2")
        log = stage.says()

    assert "removed 1 older artifacts" in log
    assert len(list(stage.out.glob("*/manifest.json"))) == 2


def test_a_smaller_number_to_keep_holds_from_the_next_run_on_even_if_nothing_is_due(
    stage: Stage,
) -> None:
    for factor in (1, 2, 3):
        stage.configure(f"factor = {factor}")
        stage.says()
    stage.configure("factor = 3\nkeep = 1")

    log = stage.says()

    assert "unchanged" in log
    assert "removed 2 older artifacts" in log
    assert [path.parent for path in stage.out.glob("*/manifest.json")] == [stage.latest().path]


def test_what_was_kept_to_compare_goes_with_the_artifact_that_it_differs_from(
    stage: Stage,
) -> None:
    stage.configure('behaviour = "random"')
    stage.says()
    assert stage.run("--force").returncode == 70
    stage.configure("keep = 1")

    stage.says()

    assert list(stage.out.glob(".differs-*")) == []


@pytest.fixture
def remote(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a stage whose source is known only once it was read."""

    def says(held: str, *arguments: str) -> str:
        (stage.root / "held").write_text(held, encoding="utf-8")
        monkeypatch.setenv("HELD", str(stage.root / "held"))
        command = [sys.executable, str(HERE / "tiny_remote.py"), *arguments]
        result = subprocess.run(
            command, env=stage.environment, capture_output=True, text=True, check=True, timeout=60
        )
        return result.stdout

    return says


def test_what_is_known_only_by_reading_is_always_read(
    stage: Stage, remote: Callable[..., str]
) -> None:
    assert "works: first run" in remote("21")
    first = stage.latest()

    again = remote("21")

    assert "works: only reading tiny://held again tells whether it has changed" in again
    assert f"gave the same bytes as before: clean-data {first.id}" in again
    assert first.manifest["inputs"] == [{"source": "tiny://held", "bytes": 2, "sha256": "21" * 32}]
    assert json.loads((first.path / "run.json").read_bytes())["etag"] == "21"


def test_other_content_of_what_is_known_only_by_reading_is_another_artifact(
    stage: Stage, remote: Callable[..., str]
) -> None:
    remote("21")
    first = stage.latest().id

    remote("22")

    assert stage.latest().id != first
    remote("21", "--force")
    assert stage.latest().id == first


def test_settings_that_changed_are_the_reason_to_read(
    stage: Stage, remote: Callable[..., str]
) -> None:
    remote("21")
    stage.configure("factor = 3")

    assert "works, changed: settings.factor 2 → 3\n" in remote("21")
