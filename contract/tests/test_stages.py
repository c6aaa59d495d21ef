"""Running a stage as a process: what it publishes, exit codes, what a user reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, origin_of_artifact

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


def test_a_first_run_publishes(stage: Stage) -> None:
    log = stage.says()

    assert "works: first run" in log
    artifact = stage.latest()
    assert f"published clean-data {artifact.id}, 1 rows" in log
    assert artifact.file("table/part-00000.txt").read_text() == "42"
    assert sorted(path.name for path in stage.out.iterdir()) == sorted(["LATEST", artifact.id])


def test_the_manifest_names_cause_and_lineage(stage: Stage) -> None:
    stage.says()

    manifest = stage.latest().manifest
    raw = stage.provide("21").manifest
    assert manifest["stage"]["name"] == "clean"
    assert manifest["stage"]["version"] == "1.2.3"
    assert json.loads(manifest["settings"]) == {
        "factor": 2,
        "behaviour": "multiply",
        "options": [],
    }
    assert manifest["inputs"] == [{"kind": "raw-data", "content": raw["content"]}]
    assert manifest["lineage"] == [
        *raw["lineage"],
        {
            "stage": "clean",
            "kind": "raw-data",
            "content": raw["content"],
            "rows": 1,
            "rejected": 0,
        },
    ]


@pytest.mark.parametrize(
    ("counted", "carried"),
    [
        ({"type": 3}, {"rejected_by_reason": {"type": 3}}),
        ({}, {}),
        (None, {}),
        (["of another", "form"], {}),
    ],
)
def test_the_lineage_carries_rejected_rows_by_reason(
    tmp_path: Path, counted: object, carried: dict[str, Any]
) -> None:
    manifest = {"kind": "clean-data", "content": "c" * 64, "rows": 7, "lineage": []}
    manifest |= {"stage": {"name": "clean"}, "metrics": {"rejected_by_reason": counted}}
    _, lineage = origin_of_artifact(Artifact(tmp_path, manifest))

    assert lineage == [
        {"stage": "clean", "kind": "clean-data", "content": "c" * 64, "rows": 7, "rejected": None}
        | carried
    ]


def test_the_run_says_what_may_differ_between_equal_runs(stage: Stage) -> None:
    stage.says()

    run = json.loads((stage.latest().path / "run.json").read_bytes())
    timing = {"finished", "seconds", "rows_per_second"}
    assert run.keys() == {"ancestors", "build", "host", "pipeline"} | timing
    assert run["build"] == stage.build


@pytest.mark.parametrize(
    ("behaviour", "exit_code", "cause", "hint"),
    [
        ("reject the input", 65, "table: 21 is odd", "expected an even number, add one"),
        ("miss the source", 69, "https://example.org: no answer within 10 s", "check the address"),
        ("fall over", 1, "'price'", ""),
    ],
)
def test_a_failing_run_ends_with_its_code_and_leaves_the_cause_on_the_volume(
    stage: Stage, behaviour: str, exit_code: int, cause: str, hint: str
) -> None:
    stage.says()
    before = stage.latest().id
    stage.configure(f'behaviour = "{behaviour}"')

    result = stage.run()

    assert result.returncode == exit_code
    failure = stage.failure
    assert failure.pop("when").startswith("20")
    assert failure == {
        "stage": "clean",
        "exit_code": exit_code,
        "cause": cause,
        "hint": hint,
    }
    assert stage.latest().id == before
    assert list(stage.out.glob(".*")) == []


def test_an_error_of_the_user_is_the_last_line_of_the_log(stage: Stage) -> None:
    stage.configure('behaviour = "reject the input"')

    result = stage.run()

    assert result.stdout.splitlines()[-1] == (
        "clean     error: table: 21 is odd; expected an even number, add one"
    )
    assert result.stderr == ""


def test_a_bug_shows_its_traceback(stage: Stage) -> None:
    stage.configure('behaviour = "fall over"')

    assert "KeyError: 'price'" in stage.run().stderr


def test_a_failure_is_forgotten_with_the_next_publication(stage: Stage) -> None:
    stage.configure('behaviour = "fall over"')
    stage.run()
    stage.configure("")

    stage.says()

    assert not (stage.out / "FAILED.json").exists()


def test_a_failure_is_forgotten_with_the_next_skip(stage: Stage) -> None:
    stage.says()
    stage.configure('behaviour = "fall over"')
    stage.run()
    stage.configure("")

    assert "unchanged" in stage.says()

    assert not (stage.out / "FAILED.json").exists()


def test_an_input_that_was_tampered_with_gives_65(stage: Stage) -> None:
    (file,) = (stage.root / "in").glob("*/table/part-00000.txt")
    file.write_text("23")

    result = stage.run()

    assert result.returncode == 65
    assert "part-00000.txt does not match its SHA-256" in result.stdout


def test_an_input_with_an_unlisted_file_gives_65(stage: Stage) -> None:
    (folder,) = (stage.root / "in").glob("*/table")
    (folder / "part-00001.txt").write_text("23")

    result = stage.run()

    assert result.returncode == 65
    assert "part-00001.txt is not in the manifest" in result.stdout


def test_an_unknown_setting_gives_78_with_the_one_that_was_meant(stage: Stage) -> None:
    stage.configure("facter = 3")

    result = stage.run()

    assert result.returncode == 78
    assert "tiny.toml: [clean] facter is not a setting; did you mean factor?" in result.stdout
    assert stage.failure["hint"] == "did you mean factor? (line 2)"


def test_a_wrong_keep_is_found_before_any_work(stage: Stage) -> None:
    stage.configure("keep = 0")

    result = stage.run()

    assert result.returncode == 78
    assert "[clean] keep = 0: expected 1 or more" in result.stdout
    assert not (stage.out / "LATEST").exists()


def test_a_pipeline_file_that_is_missing_gives_78(stage: Stage) -> None:
    result = stage.run(PIPELINE="tinny")

    assert result.returncode == 78
    assert "tinny.toml: no such pipeline file; did you mean tiny?" in result.stdout


@pytest.mark.parametrize("behaviour", ["multiply", "reject the input"])
def test_a_log_for_machines_is_one_json_object_a_line(stage: Stage, behaviour: str) -> None:
    stage.configure(f'behaviour = "{behaviour}"')

    result = stage.run(LOG_FORMAT="json")

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 2
    assert {line["stage"] for line in lines} == {"clean"}
    assert {"time", "level", "event"} <= lines[-1].keys()
    assert lines[-1].get("exit_code", 0) == result.returncode


def test_help_says_what_the_stage_reads_and_writes(stage: Stage) -> None:
    help_text = re.sub(r"\s+", " ", stage.says("--help"))

    assert "reads /data/in, writes clean-data to /data/out" in help_text
    assert "the table [clean] of /config/$PIPELINE.toml" in help_text


def test_the_version_is_that_of_the_stage(stage: Stage) -> None:
    assert stage.says("--version") == "clean 1.2.3\n"
