"""What `make verify` and `make status` make of volumes: on copies of the contract's examples."""

import errno
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from history import __main__ as history_commands
from history.__main__ import print_lines
from history.container_runs import ContainerRun, parse_runs
from history.file_differences import first_difference
from history.lineage import broken_links, refusals, summary, uncompared
from history.listing import history
from history.reproducibility import compare_stage
from history.status import ServeState, status
from history.verification import verify_lineage
from history.volumes import Volume, volumes
from pyarrow import Table, parquet
from stage_contract import Artifact, ContractError, NotReproducibleError
from support.running import BATCH, KINDS, ROOT

EXAMPLES = ROOT / "contract/examples"
OTHER_ID = "0123456789abcdef"
SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def live(tmp_path: Path) -> list[Volume]:
    return copy_of_examples(tmp_path / "live")


@pytest.fixture
def scratch(tmp_path: Path) -> list[Volume]:
    return copy_of_examples(tmp_path / "scratch")


def copy_of_examples(root: Path) -> list[Volume]:
    for kind in KINDS:
        shutil.copytree(EXAMPLES / kind, root / kind)
    return volumes(root)


def rename(volume: Volume, artifact_id: str, **facts: Any) -> None:
    """Publish the live artifact under another id, with other facts in its manifest."""
    artifact = volume.open()
    manifest = artifact.manifest | {"id": artifact_id} | facts
    (artifact.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    artifact.path.rename(volume.path / artifact_id)
    (volume.path / "LATEST").write_text(artifact_id, encoding="utf-8")


def test_a_source_elsewhere_is_shown_by_its_address_and_not_looked_for(
    live: list[Volume], tmp_path: Path
) -> None:
    address = "postgresql://shop.example/shop"
    raw = live[0].open()
    inputs = [{"source": address, "bytes": 7, "sha256": SHA256_OF_NOTHING}]
    rename(live[0], raw.id, inputs=inputs)

    assert list(broken_links(live, tmp_path, {})) == []
    assert any(f"  made from {address}: 7 bytes" in line for line in verify_lineage(live, tmp_path))


def without_build(artifact: Artifact) -> dict[str, Any]:
    return {name: fact for name, fact in artifact.manifest["stage"].items() if name != "build"}


def test_equal_artifacts_are_said_to_be_equal(live: list[Volume], scratch: list[Volume]) -> None:
    for stage in BATCH:
        assert " again, the same " in compare_stage(stage, live=live, scratch=scratch)


def test_counts_that_differ_are_not_reproducible(live: list[Volume], scratch: list[Volume]) -> None:
    clean = scratch[1]
    rename(clean, clean.open().id, metrics={"rejected": 7})

    with pytest.raises(
        NotReproducibleError, match=r"clean made other bytes .* the manifest's metr"
    ):
        compare_stage("clean", live=live, scratch=scratch)


def test_another_cause_is_not_compared(live: list[Volume], scratch: list[Volume]) -> None:
    rename(scratch[3], OTHER_ID, settings='{"seed":1}')

    with pytest.raises(ContractError, match=r"another cause than a new run of train \(.*rerun"):
        compare_stage("train", live=live, scratch=scratch)


def test_a_stage_without_build_is_compared_by_settings_and_input(
    live: list[Volume], scratch: list[Volume]
) -> None:
    for volume, artifact_id in ((live[1], "a" * 16), (scratch[1], "b" * 16)):
        rename(volume, artifact_id, stage=without_build(volume.open()))

    assert "clean-data aaaaaaaaaaaaaaaa again" in compare_stage("clean", live=live, scratch=scratch)


def put_another_one_live(volume: Volume, **facts: Any) -> Artifact:
    """Make an artifact with other facts the latest; return the one that was the latest."""
    published = volume.open()
    shutil.copytree(published.path, volume.path / "copy")
    rename(volume, OTHER_ID, **facts)
    (volume.path / "copy").rename(volume.path / published.id)
    return published


@pytest.mark.parametrize("pointer", ["PINNED", "REFUSED", "neither"])
def test_another_model_made_again_is_not_taken_for_the_live_one(
    live: list[Volume], scratch: list[Volume], pointer: str
) -> None:
    model = live[3]
    published = put_another_one_live(model, settings='{"seed":1}')
    named = OTHER_ID if pointer == "PINNED" else published.id
    (model.path / pointer).write_text(named, encoding="utf-8")
    remedy = {"PINNED": "unpin", "REFUSED": f"accept ID={published.id}", "neither": "rerun"}

    with pytest.raises(ContractError) as error:
        compare_stage("train", live=live, scratch=scratch)

    said = str(error.value)
    assert f"train made model {published.id} again, byte by byte, but {OTHER_ID} is live" in said
    assert "another cause (settings." in said
    assert said.endswith(f"or run make {remedy[pointer]} first")


def test_a_pinned_volume_before_train_is_compared_by_what_was_published_beside_the_pinned_one(
    live: list[Volume], scratch: list[Volume]
) -> None:
    published = put_another_one_live(live[1], settings="{}")

    assert f"clean-data {published.id} again" in compare_stage("clean", live=live, scratch=scratch)


@pytest.mark.parametrize("folder", ["", "/srv/tables"])
def test_the_walk_leads_from_the_model_to_the_source(
    folder: str, live: list[Volume], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", folder)

    lines = [*verify_lineage(live, EXAMPLES)]

    assert [line.split()[0] for line in lines] == [*reversed(KINDS), "made"]
    assert f"made from {folder or 'data'}/houses.csv" in lines[-1]


def test_the_walk_goes_by_content_where_the_latest_is_another_one(live: list[Volume]) -> None:
    made_from = put_another_one_live(live[1], content=SHA256_OF_NOTHING, files=[])

    lines = [*verify_lineage(live, EXAMPLES)]

    assert f"clean-data {made_from.id}, which is not the latest:" in lines[2]


def test_the_walk_ends_where_a_byte_is_wrong(live: list[Volume]) -> None:
    file = live[2].open().path / "transform.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    with pytest.raises(ContractError, match=r"transform\.onnx does not match its SHA-256"):
        list(verify_lineage(live, EXAMPLES))


@pytest.mark.parametrize("pointer", ["", OTHER_ID])
def test_the_walk_ends_where_a_latest_names_no_artifact(live: list[Volume], pointer: str) -> None:
    (live[1].path / "LATEST").write_text(pointer, encoding="utf-8")

    with pytest.raises(ContractError, match=r"clean-data/.*make (rerun|repair)"):
        list(verify_lineage(live, EXAMPLES))


def test_the_walk_calls_a_damaged_manifest_damaged_and_not_pruned(live: list[Volume]) -> None:
    (live[1].open().path / "manifest.json").write_text("{", encoding="utf-8")

    with pytest.raises(ContractError, match=r"not JSON .*; make repair makes it again"):
        list(verify_lineage(live, EXAMPLES))


def test_a_source_file_that_is_gone_is_called_gone_where_it_was(
    live: list[Volume], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", "/home/ada/tables")

    [link] = broken_links(live, tmp_path, {})
    with pytest.raises(ContractError) as error:
        list(verify_lineage(live, tmp_path))

    assert link.text == str(error.value)
    assert link.text.startswith("/home/ada/tables/houses.csv: no such file, but raw-data ")
    assert link.text.endswith(" was made from it; restore it")


@pytest.mark.parametrize(
    ("function", "command"), [("verify_lineage", "walk"), ("damaged", "damaged")]
)
def test_a_file_that_can_not_be_read_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    function: str,
    command: str,
) -> None:
    def denied(*_arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/volumes/model/a/model.onnx")

    monkeypatch.setattr(history_commands, function, denied)

    assert history_commands.main([command]) == 65
    said = capsys.readouterr().err
    assert said.startswith("/volumes/model/a/model.onnx: not readable for uid")
    assert said.count("\n") == 1


def test_the_walk_ends_where_what_it_was_made_from_is_gone(live: list[Volume]) -> None:
    shutil.rmtree(put_another_one_live(live[1], content=SHA256_OF_NOTHING, files=[]).path)

    with pytest.raises(ContractError, match=r"made from clean-data with content .* raise `keep`"):
        list(verify_lineage(live, EXAMPLES))


def test_a_link_that_does_not_hold_is_named_with_what_its_stage_did(live: list[Volume]) -> None:
    rename(live[1], OTHER_ID, inputs=[{"kind": "raw-data", "content": "0" * 64}])
    now = time.time()
    ended_well, failed = (
        ContainerRun(0, now + 9, frozenset()),
        ContainerRun(3, now + 9, frozenset()),
    )
    before = ContainerRun(0, now - 9, frozenset())

    def said(run: ContainerRun | None) -> str:
        runs = {"clean": run} if run else {}
        first, *_ = broken_links(live, EXAMPLES, runs)
        return first.advice("make rerun").rpartition("; ")[2]

    assert said(None) == said(before) == "clean has not run since, make rerun"
    assert said(ended_well) == "clean exited with 0 but published nothing for it"
    assert said(failed) == "clean failed with exit code 3"


def test_a_run_leaves_a_trace_by_publishing_or_by_naming_what_stands(live: list[Volume]) -> None:
    clean = live[1]
    later = time.time() + 60

    assert not ContainerRun(0, later, frozenset()).had_effect(clean)
    assert not ContainerRun(0, later, frozenset([OTHER_ID])).had_effect(clean)
    assert ContainerRun(0, later, frozenset([clean.open().id])).had_effect(clean)
    assert ContainerRun(0, time.time() - 60, frozenset()).had_effect(clean)


def test_a_time_that_was_set_is_no_trace(live: list[Volume]) -> None:
    clean, later = live[1], time.time() + 60
    for path in (clean.path / "LATEST", clean.open().path):
        os.utime(path, (later + 60, later + 60))

    assert not ContainerRun(0, later, frozenset()).had_effect(clean)


def test_runs_are_read_as_the_shell_writes_them() -> None:
    said = "2026-01-31T12:00:00.2Z=a0 2026-01-31T12:00:00.122Z=b1 2026-01-31T11:59:50Z=c2"
    runs = parse_runs(
        [f"clean 0 2026-01-31T12:00:00.123456789Z {said}", "", "train 1 2026-01-31T12:00:01Z"]
    )

    assert runs["clean"].artifact_ids == {
        "a0",
        "b1",
    }  # a moment before is now, c2 is of an earlier run
    assert runs["train"].exit_code == 1
    assert runs["train"].started - runs["clean"].started == pytest.approx(0.876544)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "said"),
    [
        (".json", '{"a": {"b": [1, 2]}}', '{"a": {"b": [1, 3]}}', "a.b.1 2 → 3"),
        (".json", '{"a": 1}', '{"a": 1, "b": "x"}', "b absent → x"),
        (".json", '{"a": 1}', '{"a":1}', "8 bytes → 7 bytes, first at byte 5"),
        (".json", '{"a": 1', '{"a": 2', "7 bytes → 7 bytes, first at byte 6"),
        (".jsonl", "1\n2\n", "1\n3\n", "line 2: 2 → 3"),
        (".jsonl", "1\n", "1\n2\n", "line 2: absent → 2"),
        (".onnx", "abc", "abd", "3 bytes → 3 bytes, first at byte 2"),
        (".onnx", "abc", "ab", "3 bytes → 2 bytes, first at byte 2"),
    ],
)
def test_the_first_difference_of_two_files_is_told_as_closely_as_can_be(
    tmp_path: Path, suffix: str, old: str, new: str, said: str
) -> None:
    was, now = tmp_path / f"was{suffix}", tmp_path / f"now{suffix}"
    was.write_text(old, encoding="utf-8")
    now.write_text(new, encoding="utf-8")

    assert first_difference(was, now).strip() == said


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ({"a": [1, 2], "b": ["x", "z"]}, "row 2, column b: y → z"),
        ({"a": [1], "b": ["x"]}, "2 rows → 1 rows"),
        ({"a": [1.0, 2.0], "b": ["x", "y"]}, "schema a: int64"),
    ],
)
def test_the_first_difference_of_two_tables_is_a_cell(
    tmp_path: Path, new: dict[str, list[Any]], said: str
) -> None:
    was, now = tmp_path / "was.parquet", tmp_path / "now.parquet"
    parquet.write_table(Table.from_pydict({"a": [1, 2], "b": ["x", "y"]}), was)
    parquet.write_table(Table.from_pydict(new), now)

    assert first_difference(was, now).startswith(said)


def test_a_file_that_one_side_lacks_is_new_or_missing(tmp_path: Path) -> None:
    there = tmp_path / "there.json"
    there.touch()

    assert first_difference(there, tmp_path / "gone.json") == "is missing"
    assert first_difference(tmp_path / "gone.json", there) == "is new"


def refuse(volume: Volume, *, beside: bool = True, **facts: Any) -> str:
    """Let the last run have made a model that is refused, beside the live one or in its place."""
    live = volume.open()
    verdict = {"accepted": False, "reasons": ["r2 0.2, expected 0.9 at least"]}
    if beside:
        shutil.copytree(live.path, volume.path / OTHER_ID)
        manifest = live.manifest | {"id": OTHER_ID} | facts
        (volume.path / OTHER_ID / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    else:
        (volume.path / "LATEST").unlink()
    name = OTHER_ID if beside else live.id
    (volume.path / name / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
    (volume.path / "REFUSED").write_text(f"{name}\n", encoding="utf-8")
    return live.id


def test_a_refused_model_does_not_break_the_chain_and_is_told(live: list[Volume]) -> None:
    model = live[3]
    name = refuse(model)
    # The live model may be of older features: what the last run made is what counts.
    rename(model, name, inputs=[{"kind": "feature-data", "content": SHA256_OF_NOTHING}])

    report = status(live, EXAMPLES, {}, containers={}, serve=ServeState())

    said = [*report.lines()]
    assert report.level == 1
    assert any(line.startswith("the lineage is complete, from source to model") for line in said)
    assert [*broken_links(live, EXAMPLES, {})] == []
    told = f"train refused model {OTHER_ID}: r2 0.2, expected 0.9 at least; {name} stays live; fix"
    assert said[-1].startswith(told)
    (again,) = refusals(live)
    assert again.startswith(told)
    assert [*summary(live)][-1] == (
        f"model {name} is older than its input above, because train refused model {OTHER_ID}"
    )


def test_a_refused_model_of_older_features_does_not_hide_that_a_run_is_due(
    live: list[Volume],
) -> None:
    older = [{"kind": "feature-data", "content": SHA256_OF_NOTHING}]
    name = refuse(live[3], inputs=older)
    rename(live[3], name, inputs=older)

    assert "train has not run since" in next(broken_links(live, EXAMPLES, {})).text


def test_with_nothing_but_a_refused_model_the_chain_ends_there(live: list[Volume]) -> None:
    name = refuse(live[3], beside=False)

    (link,) = broken_links(live, EXAMPLES, {})

    assert link.text == (
        f"train has no accepted artifact yet: model {name}: r2 0.2, expected 0.9 at least; no model"
        f" is live; fix the cause, or accept it anyway: make accept ID={name}"
    )


def test_history_names_what_is_refused_and_who_accepted_it(live: list[Volume]) -> None:
    model = live[3]
    refuse(model)
    refused = "\n".join(history(live, "train", ""))
    verdict = {"accepted": True, "reasons": ["r2 0.2, expected 0.9 at least"]}
    verdict["override"] = {"when": "2026-01-31T12:00:00+00:00", "who": "ada@host", "why": "a test"}
    (model.path / OTHER_ID / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
    accepted = "\n".join(history(live, "train", ""))

    assert "refused: r2 0.2, expected 0.9 at least" in refused
    assert "accepted by ada@host (a test), though r2 0.2, expected 0.9 at least" in accepted


def test_a_model_that_only_the_scratch_run_refuses_is_compared_all_the_same(
    live: list[Volume], scratch: list[Volume]
) -> None:
    refuse(scratch[3], beside=False)

    assert "train: model " in compare_stage("train", live=live, scratch=scratch)


def publish_without_a_gate(model: Volume, verdict: dict[str, Any]) -> None:
    """Publish a copy of the live model, as a trainer with this verdict.json does."""
    first = model.open().path
    shutil.copytree(first, model.path / OTHER_ID)
    (model.path / OTHER_ID / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
    (model.path / "LATEST").write_text(OTHER_ID, encoding="utf-8")


def train_ran(*, seconds_ago: float) -> dict[str, ContainerRun]:
    return {"train": ContainerRun(0, time.time() - seconds_ago, frozenset())}


def test_a_model_that_no_gate_compared_with_the_one_before_it_is_a_warning(
    live: list[Volume],
) -> None:
    before = live[3].open().id
    publish_without_a_gate(live[3], {"accepted": True})

    (warning,) = uncompared(live[3], train_ran(seconds_ago=60))

    assert warning == (
        f"warning: model {OTHER_ID} was not compared with {before}, the model before it, because"
        " the image of train has no gate; make models lists the scores of both, make rollback"
        f" ID={before} goes back"
    )


def test_a_model_that_a_gate_compared_or_an_earlier_run_made_is_none(live: list[Volume]) -> None:
    assert [*uncompared(live[3], train_ran(seconds_ago=60))] == []
    publish_without_a_gate(live[3], {"accepted": True})
    assert [*uncompared(live[3], train_ran(seconds_ago=-60))] == []
    assert [*uncompared(live[3], {})] == []
    publish = {"accepted": True, "judged": {"live": None, "limits": {}}}
    (live[3].path / OTHER_ID / "verdict.json").write_text(json.dumps(publish), encoding="utf-8")
    assert [*uncompared(live[3], train_ran(seconds_ago=60))] == []


def test_no_name_in_an_artifact_forges_or_hides_a_line(
    live: list[Volume], capsys: pytest.CaptureFixture[str]
) -> None:
    address = "https://a/\x1b[2J\n\u202emodel is live"
    rename(live[0], live[0].open().id, inputs=[{"source": address, "bytes": 7, "sha256": "0" * 64}])

    print_lines(summary(live))

    printed = capsys.readouterr().out
    assert "https://a/\\x1b[2J\\n\\u202emodel is live" in printed
    assert all(line.isprintable() for line in printed.removesuffix("\n").split("\n"))
