"""Running a stage as a process: exit codes, skipping, reasons, signals, full disks."""

import errno
import importlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_contract import ContractError, OutputError, run_stage, running
from stage_contract.failures import as_stage_error

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


def says(result: subprocess.CompletedProcess[str]) -> str:
    """Return the log of a stage that ended with 0."""
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_a_first_run_publishes(stage: Stage) -> None:
    log = says(stage.run())

    assert "works: first run" in log
    artifact = stage.latest()
    assert f"published clean-data {artifact.id}, 1 rows" in log
    assert artifact.file("table/part-00000.txt").read_text() == "42"
    assert sorted(path.name for path in stage.out.iterdir()) == sorted(["LATEST", artifact.id])


def test_the_manifest_names_cause_and_lineage(stage: Stage) -> None:
    says(stage.run())

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


def test_the_run_says_what_may_differ_between_equal_runs(stage: Stage) -> None:
    says(stage.run())

    run = json.loads((stage.latest().path / "run.json").read_bytes())
    assert run.keys() == {"ancestors", "build", "finished", "seconds", "rows_per_second", "host"}
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
    says(stage.run())
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

    says(stage.run())

    assert not (stage.out / "FAILED.json").exists()


def test_a_failure_is_forgotten_with_the_next_skip(stage: Stage) -> None:
    says(stage.run())
    stage.configure('behaviour = "fall over"')
    stage.run()
    stage.configure("")

    assert "unchanged" in says(stage.run())

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
    assert stage.failure["hint"] == "did you mean factor?"


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
    says(stage.run())
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
def test_equal_bytes_in_a_forced_run_change_nothing(
    stage: Stage, arguments: list[str], variables: dict[str, str]
) -> None:
    says(stage.run())
    before = stage.files

    log = says(stage.run(*arguments, **variables))

    assert "works: forced" in log
    assert f"gave the same bytes as before: clean-data {stage.latest().id}" in log
    unchanged = {path for path, facts in stage.files.items() if before[path] == facts}
    assert unchanged == before.keys()


def test_an_image_without_a_build_digest_has_nothing_to_compare_with_when_forced(
    stage: Stage,
) -> None:
    stage.build = None

    assert "this image has no build digest" in says(stage.run("--force"))


def test_an_unchanged_run_says_so_and_rewrites_nothing(stage: Stage) -> None:
    says(stage.run())
    before = stage.files

    log = says(stage.run())

    assert f"unchanged: clean-data {stage.latest().id}, 1 rows" in log
    assert stage.files == before


def test_an_unchanged_run_does_not_import_the_work(stage: Stage) -> None:
    first = stage.run(PYTHONVERBOSE="1")
    second = stage.run(PYTHONVERBOSE="1")

    assert "import 'tiny_work'" in first.stderr
    assert "import 'tiny_work'" not in second.stderr


def test_an_unchanged_run_reads_no_data(stage: Stage) -> None:
    says(stage.run())
    (file,) = (stage.root / "in").glob("*/table/part-00000.txt")
    file.write_text("23")

    assert "unchanged" in says(stage.run())


def test_a_cause_that_was_published_before_is_named_again(stage: Stage) -> None:
    says(stage.run())
    first = stage.latest().id
    stage.configure("factor = 3")
    says(stage.run())
    stage.configure("")

    log = says(stage.run())

    assert f"published before: clean-data {first}, 1 rows, since settings.factor 3 → 2" in log
    assert stage.latest().id == first


def test_a_pinned_volume_keeps_its_pointer_and_the_log_says_so(stage: Stage) -> None:
    says(stage.run())
    first = stage.latest().id
    (stage.out / "PINNED").write_text(first)
    stage.configure("factor = 3")

    assert "published, but the volume is pinned: clean-data" in says(stage.run())
    assert "published before, but the volume is pinned: clean-data" in says(stage.run())

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
    says(stage.run())
    stage.configure(after)

    assert f"works, changed: {reason}\n" in says(stage.run())


def test_how_many_artifacts_are_kept_is_no_reason_to_work(stage: Stage) -> None:
    says(stage.run())
    stage.configure("keep = 1")

    assert "unchanged" in says(stage.run())


def test_a_changed_input_is_the_reason_to_work(stage: Stage) -> None:
    says(stage.run())
    stage.provide("22")

    assert "works, changed: input raw-data\n" in says(stage.run())


def test_an_input_made_anew_with_equal_content_is_no_reason_to_work(stage: Stage) -> None:
    says(stage.run())
    (pointer,) = (stage.root / "in").glob("LATEST")
    artifact = stage.root / "in" / pointer.read_text().strip()
    manifest = json.loads((artifact / "manifest.json").read_bytes()) | {"id": "b" * 16}
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    artifact.rename(artifact.with_name("b" * 16))
    pointer.write_text("b" * 16)

    assert "unchanged" in says(stage.run())


@pytest.mark.parametrize("part", ["code", "requirements.lock", "python"])
def test_a_changed_part_of_the_build_is_the_reason_to_work(stage: Stage, part: str) -> None:
    says(stage.run())
    stage.build[part] = "2"

    assert f"works, changed: build ({part})\n" in says(stage.run())


def test_a_build_without_traces_of_the_last_one_is_another_image(stage: Stage) -> None:
    says(stage.run())
    (stage.latest().path / "run.json").unlink()
    stage.build["code"] = "2"

    assert "works, changed: build (another image)" in says(stage.run())


def test_damage_is_the_reason_to_work(stage: Stage) -> None:
    says(stage.run())
    os.truncate(stage.latest().path / "table/part-00000.txt", 0)

    log = says(stage.run())

    assert "warning: what was published for this cause is damaged" in log
    assert "works, changed: the published files are damaged" in log
    stage.latest().verify()


@pytest.mark.parametrize("text", ["", "nonsense", "f" * 16])
def test_a_pointer_that_leads_nowhere_is_the_reason_to_work(stage: Stage, text: str) -> None:
    (stage.out / "LATEST").write_text(text)

    assert "works: the latest artifact can't be read" in says(stage.run())
    stage.latest().verify()


def test_a_pointer_that_leads_nowhere_is_mended_without_work(stage: Stage) -> None:
    says(stage.run())
    (stage.out / "LATEST").write_text("nonsense")

    assert "published before: clean-data" in says(stage.run())
    stage.latest().verify()


@pytest.mark.parametrize(
    "facts",
    [{"settings": "threshold: 5"}, {"inputs": ["a.csv"]}, {"stage": {}}, {"settings": "[]"}],
)
def test_what_a_foreign_image_published_before_is_a_reason_and_no_obstacle(
    stage: Stage, facts: dict[str, Any]
) -> None:
    says(stage.run())
    artifact = stage.latest()
    manifest = artifact.manifest | facts
    (artifact.path / "manifest.json").write_text(json.dumps(manifest))
    stage.configure("factor = 3")

    assert "works, changed: " in says(stage.run())


def test_an_image_without_a_build_digest_always_works(stage: Stage) -> None:
    stage.build = None
    for _ in range(2):
        assert "works: this image has no build digest, so it always runs" in says(stage.run())

    assert len(list(stage.out.glob("*/manifest.json"))) == 2
    assert "build" not in stage.latest().manifest["stage"]


def test_old_artifacts_are_pruned_after_a_publication(stage: Stage) -> None:
    for factor in (1, 2, 3):
        stage.configure(f"factor = {factor}\nkeep = 2")
        log = says(stage.run())

    assert "removed 1 older artifacts" in log
    assert len(list(stage.out.glob("*/manifest.json"))) == 2


def test_a_smaller_number_to_keep_holds_from_the_next_run_on_even_if_nothing_is_due(
    stage: Stage,
) -> None:
    for factor in (1, 2, 3):
        stage.configure(f"factor = {factor}")
        says(stage.run())
    stage.configure("factor = 3\nkeep = 1")

    log = says(stage.run())

    assert "unchanged" in log
    assert "removed 2 older artifacts" in log
    assert [path.parent for path in stage.out.glob("*/manifest.json")] == [stage.latest().path]


def test_what_was_kept_to_compare_goes_with_the_artifact_that_it_differs_from(
    stage: Stage,
) -> None:
    stage.configure('behaviour = "random"')
    says(stage.run())
    assert stage.run("--force").returncode == 70
    stage.configure("keep = 1")

    says(stage.run())

    assert list(stage.out.glob(".differs-*")) == []


@pytest.mark.parametrize("behaviour", ["sleep", "swallow the exit"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_stage_at_once_and_leaves_no_artifact_and_no_draft(
    stage: Stage, number: int, code: int, behaviour: str
) -> None:
    stage.configure(f'behaviour = "{behaviour}"')
    process = subprocess.Popen(stage.command(), env=stage.environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not list(stage.out.glob(".draft-*/asleep")):
        assert time.monotonic() < deadline

    process.send_signal(number)
    process.communicate(timeout=5)

    assert process.returncode == code
    assert list(stage.out.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next_one(stage: Stage) -> None:
    stage.configure('behaviour = "die"')
    assert stage.run().returncode == 9
    assert len(list(stage.out.glob(".draft-*"))) == 1
    stage.configure("")

    says(stage.run())

    assert list(stage.out.glob(".draft-*")) == []


def test_a_full_disk_gives_73_and_leaves_the_old_artifact(
    stage: Stage, mount_tmpfs: Callable[[str], Path]
) -> None:
    stage.out = mount_tmpfs("size=256k")
    says(stage.run())
    before = stage.latest().id
    stage.configure('behaviour = "fill the disk"')

    result = stage.run()

    assert result.returncode == 73, result.stdout + result.stderr
    assert "cannot be written (No space left on device); free space" in result.stdout
    assert stage.latest().id == before
    assert list(stage.out.glob(".draft-*")) == []
    assert stage.failure["exit_code"] == 73


def test_a_read_only_output_gives_73(stage: Stage, mount_tmpfs: Callable[[str], Path]) -> None:
    stage.out = mount_tmpfs("ro")

    result = stage.run()

    assert result.returncode == 73, result.stdout + result.stderr
    assert "not writable for uid" in result.stdout.splitlines()[-1]


def test_an_output_that_is_not_there_gives_73(stage: Stage) -> None:
    stage.out = stage.root / "nowhere"

    result = stage.run()

    assert result.returncode == 73
    assert "the image must create it: RUN install -d -o 10001" in result.stdout


@pytest.mark.parametrize(
    ("number", "place", "kind"),
    [
        (errno.ENOSPC, None, OutputError),
        (errno.EDQUOT, None, OutputError),
        (errno.EROFS, "/out/.draft-1/table", OutputError),
        (errno.EACCES, "/out/.draft-1/table", OutputError),
        (errno.EACCES, "/in/LATEST", ContractError),
        (errno.EIO, "/in/LATEST", type(None)),
    ],
)
def test_an_error_of_the_system_is_told_as_what_a_user_can_mend(
    number: int, place: str | None, kind: type
) -> None:
    error = OSError(number, os.strerror(number), place)

    assert type(as_stage_error(error, Path("/out"))) is kind


def test_an_error_of_the_system_on_the_input_names_the_input() -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/in/LATEST")

    assert str(as_stage_error(error, Path("/out"))).startswith("/in/LATEST: not readable for uid")


def test_no_space_while_publishing_gives_73(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def publish(*_arguments: Any, **_facts: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.syspath_prepend(str(HERE))
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(running, "publish", publish)
    tiny_stage = importlib.import_module("tiny_stage")

    with pytest.raises(SystemExit) as end:
        run_stage(tiny_stage.STAGE, [])

    assert end.value.code == 73
    assert "free space" in capsys.readouterr().out
    assert [path.name for path in stage.out.iterdir()] == ["FAILED.json"]


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
    help_text = re.sub(r"\s+", " ", says(stage.run("--help")))

    assert "reads /data/in, writes clean-data to /data/out" in help_text
    assert "the table [clean] of /config/$PIPELINE.toml" in help_text


def test_the_version_is_that_of_the_stage(stage: Stage) -> None:
    assert says(stage.run("--version")) == "clean 1.2.3\n"
