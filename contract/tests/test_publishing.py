"""Publishing: all at once or not at all, whatever else happens on the volume."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, ContractError, NotReproducibleError, open_latest
from stage_contract.artifacts import publishing
from stage_contract.artifacts.publishing import (
    made_before,
    newest_first,
    open_draft,
    publish,
    write_json,
)
from stage_contract.artifacts.volumes import locked, remove_dead_drafts, try_lock

type Publish = Callable[..., Artifact]


def everything(volume: Path) -> dict[str, int]:
    paths = [path for path in volume.rglob("*") if path.name not in {"LATEST", "run.json"}]
    return {str(path): path.stat().st_ino for path in paths}


def names(volume: Path) -> list[str]:
    return sorted(path.name for path in volume.iterdir())


def test_a_publication_leaves_the_artifact_and_the_pointer_and_nothing_else(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, "a")

    assert names(volume) == ["LATEST", "a" * 16]
    assert (volume / "LATEST").read_text() == "a" * 16 + "\n"
    assert names(volume / ("a" * 16)) == ["manifest.json", "run.json", "schema.json", "table"]


def test_equal_cause_gives_an_equal_manifest(volume: Path, publish_example: Publish) -> None:
    other = volume / "other"
    other.mkdir()
    first, second = publish_example(volume), publish_example(other)

    assert (first.path / "manifest.json").read_bytes() == (
        second.path / "manifest.json"
    ).read_bytes()


def test_a_crash_while_filling_the_draft_leaves_the_previous_artifact(
    volume: Path, publish_example: Publish
) -> None:
    before = publish_example(volume, "a")

    def fill_half_and_crash() -> None:
        with open_draft(volume) as draft:
            (draft.path / "half").write_text("torn")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill_half_and_crash()

    assert open_latest(volume, "clean-data").id == before.id
    assert names(volume) == ["LATEST", before.id]


@pytest.mark.parametrize(
    "step", ["sync", "file_digest", "write_json", "_published", "_replace_folder", "point_to"]
)
def test_a_crash_at_any_step_of_publishing_leaves_the_previous_artifact(
    volume: Path, publish_example: Publish, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = publish_example(volume, "a")

    def crash(*_arguments: Any) -> None:
        raise RuntimeError(step)

    monkeypatch.setattr(publishing, step, crash)
    with pytest.raises(RuntimeError, match=step):
        publish_example(volume, "b")

    artifact = open_latest(volume, "clean-data")
    artifact.verify()
    assert artifact.id == before.id
    assert [name for name in names(volume) if name.startswith(".")] == []


def test_a_crash_before_the_pointer_moves_is_made_good_by_the_next_run(
    volume: Path, publish_example: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(publishing, "point_to", crash)
    with pytest.raises(RuntimeError):
        publish_example(volume, "b")
    monkeypatch.undo()
    assert names(volume) == ["b" * 16]

    publish_example(volume, "b")

    assert open_latest(volume, "clean-data").id == "b" * 16


def test_an_equal_id_moves_the_pointer_and_replaces_no_file_but_that_of_the_run(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, "a")
    publish_example(volume, "b")
    before = everything(volume)

    publish_example(volume, "a")

    assert open_latest(volume, "clean-data").id == "a" * 16
    assert everything(volume) == before


def test_what_was_made_again_is_the_newest_with_the_facts_of_its_last_run(
    volume: Path, publish_example: Publish
) -> None:
    run = publish_example(volume, "a").path / "run.json"
    run.write_text('{"host": "of the first run"}', encoding="utf-8")
    publish_example(volume, "b")

    publish_example(volume, "a")

    assert [path.name for path in newest_first(volume)] == ["a" * 16, "b" * 16]
    assert json.loads(run.read_bytes()) == {"host": "test"}


def test_a_pointer_that_names_the_artifact_already_is_not_written_again(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, "a")
    before = (volume / "LATEST").stat()

    publish_example(volume, "a")

    after = (volume / "LATEST").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("damage", ["torn", "missing", "extra", "no manifest", "a file", "a link"])
def test_damaged_remains_under_the_same_id_are_replaced(
    volume: Path, publish_example: Publish, damage: str
) -> None:
    artifact = publish_example(volume, "a")
    file = artifact.path / "schema.json"
    match damage:
        case "torn":
            file.write_text("")
        case "missing":
            file.unlink()
        case "extra":
            (artifact.path / "extra").touch()
        case "no manifest":
            (artifact.path / "manifest.json").unlink()
        case "a file":
            shutil.rmtree(artifact.path)
            artifact.path.touch()
        case "a link":
            shutil.rmtree(artifact.path)
            artifact.path.symlink_to(volume / "nowhere")

    publish_example(volume, "a")

    open_latest(volume, "clean-data").verify()
    with locked(volume):
        remove_dead_drafts(volume)
    assert [name for name in names(volume) if "draft" in name and damage != "a link"] == []


def test_a_malformed_pointer_is_replaced(volume: Path, publish_example: Publish) -> None:
    (volume / "LATEST").write_text("what is this")

    publish_example(volume, "a")

    assert open_latest(volume, "clean-data").id == "a" * 16


def test_a_pinned_volume_gets_the_artifact_but_keeps_its_pointer(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, "a")
    (volume / "PINNED").write_text("a" * 16)

    publish_example(volume, "b")

    assert open_latest(volume, "clean-data").id == "a" * 16
    assert (volume / ("b" * 16) / "manifest.json").exists()


def test_other_bytes_for_the_same_cause_are_an_error_and_both_are_kept(
    volume: Path, publish_example: Publish
) -> None:
    published = publish_example(volume, "a", text="1")

    with pytest.raises(
        NotReproducibleError, match="not reproducible: clean-data aaaaaaaaaaaaaaaa was"
    ) as end:
        publish_example(volume, "a", text="2")

    assert open_latest(volume, "clean-data").content == published.content
    (kept,) = volume.glob(".differs-*")
    assert "other bytes in 2 files, first schema.json" in str(end.value)
    assert kept.name in str(end.value)
    assert (kept / "table/part-00000.txt").read_text() == "2"


def test_where_a_clock_had_a_say_the_first_of_two_writers_wins(
    volume: Path, publish_example: Publish
) -> None:
    first = publish_example(volume, "a", text="1", may_differ=True)
    before = everything(volume)
    facts = (first.path / "run.json").stat()

    second = publish_example(volume, "a", text="2", may_differ=True)

    assert second.manifest == first.manifest
    assert everything(volume) == before
    assert (first.path / "run.json").stat().st_ino == facts.st_ino
    open_latest(volume, "clean-data").verify()
    assert names(volume) == ["LATEST", first.id]


def test_only_the_newest_of_differing_artifacts_is_kept_beside_the_published(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, "a", text="1")
    for text in ("2", "3"):
        with pytest.raises(NotReproducibleError):
            publish_example(volume, "a", text=text)

    (kept,) = volume.glob(".differs-*")
    assert (kept / "table/part-00000.txt").read_text() == "3"


def test_a_link_in_a_draft_is_not_published(volume: Path) -> None:
    with open_draft(volume) as draft:
        (draft.path / "data").symlink_to("/etc/hostname")

        with pytest.raises(ContractError, match="data is a link"):
            publish(draft, volume, {"id": "a" * 16}, run={})

    assert names(volume) == []


def test_facts_of_the_run_stand_beside_the_files(volume: Path, publish_example: Publish) -> None:
    with open_draft(volume) as draft:
        (draft.path / "run.json").write_text("a stage's own")
        (draft.path / "model.onnx").write_text("graph")
        draft.verdict = {"better": True}
        manifest = publish_example(volume).manifest | {"id": "b" * 16}
        artifact = publish(draft, volume, manifest, run={"host": "h"})

    assert [entry["path"] for entry in artifact.manifest["files"]] == ["model.onnx"]
    assert json.loads((artifact.path / "verdict.json").read_bytes()) == {"better": True}
    assert json.loads((artifact.path / "run.json").read_bytes()) == {"host": "h"}
    artifact.verify()


def test_a_number_that_json_does_not_know_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "report.json", {"r2": float("nan")})

    assert names(tmp_path) == []


def test_a_file_that_can_not_be_replaced_leaves_no_draft_of_it(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(IsADirectoryError):
        write_json(tmp_path / "report.json", {})

    assert names(tmp_path) == ["report.json"]


def test_dead_drafts_are_removed_by_the_next_run_and_live_ones_are_not(volume: Path) -> None:
    (volume / ".draft-dead/table").mkdir(parents=True)
    (volume / ".draft-LATEST-7").write_text("half a poin")
    with open_draft(volume) as alive, open_draft(volume):
        assert not (volume / ".draft-dead").exists()
        assert not (volume / ".draft-LATEST-7").exists()
        assert alive.path.exists()

    assert names(volume) == []


def test_a_draft_of_another_process_counts_as_alive_while_it_runs(volume: Path) -> None:
    with open_draft(volume) as draft:
        child = os.fork()
        if child == 0:
            with try_lock(draft.path) as is_free:
                os._exit(1 if is_free else 0)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_draft_can_be_read_by_everybody(volume: Path) -> None:
    with open_draft(volume) as draft:
        assert draft.path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_draft_finds_what_its_cause_gave_before_here_or_on_the_volume_to_replay(
    volume: Path, publish_example: Publish, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    before = publish_example(volume, "a")
    here = volume
    if elsewhere:
        here = volume.with_name("scratch")
        here.mkdir()
        monkeypatch.setenv("STAGE_REPLAY", str(volume))

    with open_draft(here) as draft:
        draft.id = before.id
        found = made_before(draft)

    assert found is not None
    assert found.path == before.path


@pytest.mark.parametrize("draft_id", [None, "b" * 16])
def test_a_draft_of_another_cause_or_one_not_known_yet_finds_nothing(
    volume: Path, publish_example: Publish, draft_id: str | None
) -> None:
    publish_example(volume, "a")

    with open_draft(volume) as draft:
        draft.id = draft_id

        assert made_before(draft) is None


def test_what_was_damaged_is_not_replayed(volume: Path, publish_example: Publish) -> None:
    before = publish_example(volume, "a")
    damaged = before.path / before.manifest["files"][0]["path"]
    damaged.write_bytes(damaged.read_bytes()[:-1])

    with open_draft(volume) as draft:
        draft.id = before.id

        assert made_before(draft) is None
