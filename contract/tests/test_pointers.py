"""Pointers by hand: rolling back to an artifact, and letting runs move LATEST again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, ContractError, SettingsError, open_latest
from stage_contract.artifacts.history import Author, read_actions
from stage_contract.artifacts.volumes import point_to
from stage_contract.pointers import roll_back, unpin

type Publish = Callable[..., Artifact]
type Stage = Any
"""The fixture of conftest.py."""

A, B, C = ("a" * 16, "b" * 16, "c" * 16)
KIND = "clean-data"
UNCHANGED = "; nothing changed, and nothing was recorded\n"


@pytest.fixture
def three(volume: Path, publish_example: Publish) -> Path:
    """A volume with three artifacts, the last of them the latest."""
    for age, name in enumerate("cba"):
        artifact = publish_example(volume, name)
        os.utime(artifact.path / "manifest.json", (1000 + age, 1000 + age))
    return volume


def pointers(volume: Path) -> dict[str, str]:
    return {
        name: (volume / name).read_text().strip()
        for name in ("LATEST", "PINNED")
        if (volume / name).exists()
    }


def tear(volume: Path, artifact_id: str) -> None:
    (volume / artifact_id / "schema.json").write_text("torn")


def run(volume: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stage_contract.pointers", *arguments],
        env=os.environ
        | {"STAGE_OUT": str(volume), "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_rolling_back_points_to_an_older_artifact_and_pins_it(three: Path) -> None:
    artifact = roll_back(three, C, kind=KIND)

    assert artifact.id == C
    assert pointers(three) == {"LATEST": C, "PINNED": C}


def test_a_run_after_it_publishes_and_leaves_the_pointers_alone(
    three: Path, publish_example: Publish
) -> None:
    roll_back(three, C, kind=KIND)
    publish_example(three, "d")

    assert open_latest(three, KIND).id == C
    assert (three / ("d" * 16) / "manifest.json").exists()


def test_rolling_back_twice_goes_where_the_second_says(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    roll_back(three, B, kind=KIND)

    assert pointers(three) == {"LATEST": B, "PINNED": B}


def test_the_latest_one_can_be_pinned_as_it_is(three: Path) -> None:
    roll_back(three, A, kind=KIND)

    assert pointers(three) == {"LATEST": A, "PINNED": A}


def test_an_unknown_id_is_answered_with_the_closest_one(three: Path) -> None:
    with pytest.raises(SettingsError, match=f"no such clean-data .*did you mean {B}"):
        roll_back(three, "b" * 15 + "0", kind=KIND)
    with pytest.raises(SettingsError, match=f"expected one of {A}, {B}, {C}"):
        roll_back(three, "../../etc/passwd", kind=KIND)

    assert pointers(three) == {"LATEST": A}


def test_a_damaged_artifact_is_not_pointed_to(three: Path) -> None:
    tear(three, B)

    with pytest.raises(ContractError, match=r"schema\.json has 4 bytes|does not match"):
        roll_back(three, B, kind=KIND)
    assert pointers(three) == {"LATEST": A}


def test_an_artifact_of_another_kind_is_not_pointed_to(three: Path) -> None:
    with pytest.raises(ContractError, match="holds clean-data, expected model"):
        roll_back(three, B, kind="model")
    assert pointers(three) == {"LATEST": A}


def test_unpinning_points_to_the_newest(three: Path, publish_example: Publish) -> None:
    roll_back(three, C, kind=KIND)
    publish_example(three, "d")

    assert unpin(three, kind=KIND).id == "d" * 16
    assert pointers(three) == {"LATEST": "d" * 16}


def test_unpinning_passes_over_a_damaged_artifact(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    tear(three, A)

    assert unpin(three, kind=KIND).id == B
    assert pointers(three) == {"LATEST": B}


def test_with_nothing_whole_a_volume_stays_pinned(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    for artifact_id in (A, B, C):
        tear(three, artifact_id)

    with pytest.raises(ContractError, match=r"no clean-data .* is whole and accepted; make rerun"):
        unpin(three, kind=KIND)
    assert pointers(three) == {"LATEST": C, "PINNED": C}


def test_as_a_process_it_says_what_it_did_in_one_line(three: Path) -> None:
    back = run(three, KIND, "rollback", C)
    again = run(three, KIND, "rollback", C)
    free = run(three, KIND, "unpin")

    assert (back.returncode, again.returncode, free.returncode) == (0, 0, 0)
    assert back.stdout == f"rollback  clean-data {C}: LATEST points to it and is pinned\n"
    assert again.stdout == f"rollback  clean-data {C}: was pinned already{UNCHANGED}"
    assert (
        free.stdout == f"unpin     clean-data {A}: unpinned, LATEST points to it instead of {C}\n"
    )


def test_unpinning_an_unpinned_volume_says_whether_latest_moved(three: Path) -> None:
    stayed = run(three, KIND, "unpin")
    point_to(three, C)
    moved = run(three, KIND, "unpin")

    said = f"unpin     clean-data {A}: the volume was not pinned, LATEST points to it"
    assert stayed.stdout == f"{said} as before{UNCHANGED}"
    assert moved.stdout == f"{said} instead of {C}\n"


@pytest.mark.parametrize("name", ["LATEST", "PINNED"])
def test_rolling_back_replaces_a_pipe_without_reading_it(three: Path, name: str) -> None:
    (three / name).unlink(missing_ok=True)
    os.mkfifo(three / name)

    ended = run(three, KIND, "rollback", C)

    assert (ended.returncode, pointers(three)) == (0, {"LATEST": C, "PINNED": C})


@pytest.mark.parametrize(("artifact_id", "exit_code"), [("0" * 16, 78), (B, 65)])
def test_as_a_process_it_ends_as_a_stage_does(
    three: Path, artifact_id: str, exit_code: int
) -> None:
    tear(three, B)

    ended = run(three, KIND, "rollback", artifact_id)

    assert ended.returncode == exit_code
    assert ended.stdout.count("\n") == 1
    assert ended.stdout.startswith("rollback  error: ")


def test_a_volume_that_is_not_there_gives_73(tmp_path: Path) -> None:
    assert run(tmp_path / "nothing", KIND, "unpin").returncode == 73


def test_it_logs_json_as_a_stage_does(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")

    line = json.loads(run(three, KIND, "rollback", C).stdout)

    assert (line["stage"], line["artifact"]) == ("rollback", C)


def refuse(volume: Path, artifact_id: str, **facts: object) -> None:
    verdict = {"accepted": False, "reasons": ["too small"]} | facts
    (volume / artifact_id / "verdict.json").write_text(json.dumps(verdict))


def test_accepting_points_to_what_was_refused_and_records_who_and_why(three: Path) -> None:
    refuse(three, B)
    (three / "REFUSED").write_text(f"{B}\n")

    said = run(three, KIND, "accept", B, "--by", "ada@example", "--why", "the scale has changed")

    assert said.stdout == (
        f"accept    clean-data {B}: its refusal is set aside, LATEST points to it (too small)\n"
    )
    assert pointers(three) == {"LATEST": B}
    assert not (three / "REFUSED").exists()
    override = json.loads((three / B / "verdict.json").read_bytes())["override"]
    assert (override["who"], override["why"]) == ("ada@example", "the scale has changed")


def test_accepting_what_was_not_refused_changes_no_verdict(three: Path) -> None:
    said = run(three, KIND, "accept", A)

    said_live = "was not refused, LATEST points to it as before"
    assert said.stdout == f"accept    clean-data {A}: {said_live}{UNCHANGED}"
    assert not (three / A / "verdict.json").exists()


def test_an_older_artifact_that_was_not_refused_is_not_accepted_but_rolled_back_to(
    three: Path,
) -> None:
    said = run(three, KIND, "accept", C)

    assert said.returncode == 78
    assert f"{C} was not refused, so there is nothing to accept" in said.stdout
    assert f"make rollback ID={C}" in said.stdout
    assert pointers(three) == {"LATEST": A}
    assert read_actions(three) == []


def test_accepting_on_a_pinned_volume_says_what_to_do(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    refuse(three, B)

    assert (
        "but the volume is pinned, make unpin (too small)" in run(three, KIND, "accept", B).stdout
    )
    assert pointers(three) == {"LATEST": C, "PINNED": C}


def test_accepting_an_unknown_or_damaged_one_changes_nothing(three: Path) -> None:
    refuse(three, B)
    tear(three, B)

    assert run(three, KIND, "accept", "0" * 16).returncode == 78
    assert run(three, KIND, "accept", B).returncode == 65
    assert "override" not in json.loads((three / B / "verdict.json").read_bytes())


def test_unpinning_passes_over_what_is_refused(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    refuse(three, A)

    assert unpin(three, kind=KIND).id == B


def test_going_to_what_is_refused_is_rolling_back(three: Path) -> None:
    refuse(three, B)

    assert roll_back(three, B, kind=KIND).id == B
    assert pointers(three) == {"LATEST": B, "PINNED": B}


def test_rolling_back_to_what_is_refused_says_so(three: Path) -> None:
    refuse(three, B)

    said = run(three, KIND, "rollback", B)

    assert said.returncode == 0
    assert "warning: the gate refused this clean-data: too small" in said.stdout


@pytest.mark.parametrize("text", ["[]", "{", ""])
def test_a_damaged_verdict_refuses_until_it_is_accepted(three: Path, text: str) -> None:
    roll_back(three, C, kind=KIND)
    (three / A / "verdict.json").write_text(text)

    assert unpin(three, kind=KIND).id == B
    said = run(three, KIND, "accept", A).stdout
    assert "its refusal is set aside, LATEST points to it (its verdict.json is damaged" in said
    assert json.loads((three / A / "verdict.json").read_bytes())["accepted"] is True
    assert pointers(three) == {"LATEST": A}


def test_an_empty_verdict_refuses_nothing(three: Path) -> None:
    roll_back(three, C, kind=KIND)
    (three / A / "verdict.json").write_text("{}")

    assert unpin(three, kind=KIND).id == A


@pytest.mark.parametrize("command", ["rollback", "accept"])
def test_the_first_digits_of_an_id_are_enough(three: Path, command: str) -> None:
    refuse(three, B)

    assert run(three, KIND, command, "bb").returncode == 0
    assert pointers(three)["LATEST"] == B


def test_digits_that_two_ids_begin_with_are_refused(three: Path, publish_example: Publish) -> None:
    publish_example(three, "ad")

    with pytest.raises(SettingsError, match=f"ID=a: {A} and {'ad' * 8} have this prefix"):
        roll_back(three, "a", kind=KIND)


def test_each_action_is_recorded_with_its_author_and_what_was_live_before(three: Path) -> None:
    refuse(three, B)
    author = ["--by", "ada@example", "--why", "prices look wrong"]

    for command in (["rollback", C], ["unpin"], ["accept", B]):
        assert run(three, KIND, *command, *author).returncode == 0

    assert [(line["action"], line["id"], line["previous"]) for line in read_actions(three)] == [
        ("rollback", C, A),
        ("unpin", A, C),
        ("accept", B, A),
    ]
    assert {(line["who"], line["why"]) for line in read_actions(three)} == {
        ("ada@example", "prices look wrong")
    }
    assert all(line["when"].endswith("+00:00") for line in read_actions(three))


def test_what_fails_is_not_recorded(three: Path) -> None:
    tear(three, B)

    assert run(three, KIND, "rollback", B).returncode == 65
    assert read_actions(three) == []


def test_a_damaged_line_of_the_history_hides_no_other_line(three: Path) -> None:
    (three / "history.jsonl").write_bytes(b'{"action": "roll\n[]\n\xff\n')
    roll_back(three, C, kind=KIND, author=Author(who="ada"))

    assert [line["who"] for line in read_actions(three)] == ["ada"]


def test_a_history_that_cannot_be_written_does_not_stop_the_action(three: Path) -> None:
    (three / "history.jsonl").mkdir()

    said = run(three, KIND, "rollback", C)

    assert said.returncode == 0
    assert "the rollback took effect but was not recorded in history.jsonl" in said.stdout
    assert pointers(three) == {"LATEST": C, "PINNED": C}


def test_a_full_volume_is_rolled_back_and_unpinned(
    mount_tmpfs: Callable[..., Path], publish_example: Publish
) -> None:
    volume = mount_tmpfs("size=400k")
    publish_example(volume, "a")
    publish_example(volume, "b")
    fill(volume)

    back = run(volume, KIND, "rollback", A)
    fill(volume)
    free = run(volume, KIND, "unpin")

    assert (back.returncode, free.returncode) == (0, 0), back.stdout + free.stdout
    assert pointers(volume) == {"LATEST": B}
    assert "took effect but was not recorded" in back.stdout


def fill(volume: Path) -> None:
    """Write until no byte fits, in pieces that get smaller."""
    for size in (65536, 4096, 1):
        with suppress(OSError), (volume / f"filling-{size}").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(size))


def test_unpinning_points_to_the_artifact_of_the_present_cause(stage: Stage) -> None:
    stage.configure("factor = 2")
    stage.says()
    first = stage.latest().id
    stage.configure("factor = 3")
    stage.says()
    roll_back(stage.out, stage.latest().id, kind=KIND)
    stage.configure("factor = 2")
    stage.says()

    assert unpin(stage.out, kind=KIND).id == first
    assert first in stage.says()


def test_the_remedy_for_a_damaged_artifact_is_one_that_works_for_it(three: Path) -> None:
    tear(three, A)
    latest = run(three, KIND, "rollback", A)
    roll_back(three, B, kind=KIND)
    newest = run(three, KIND, "accept", A)
    (three / C / "manifest.json").write_text("{")
    os.utime(three / C / "manifest.json", (1000, 1000))
    oldest = [run(three, KIND, command, C) for command in ("rollback", "accept")]

    assert {each.returncode for each in (latest, newest, *oldest)} == {65}
    assert "make repair makes it again" in latest.stdout
    assert "make rerun FORCE=1 makes it again" in newest.stdout
    for each, name in ((latest, A), (newest, A), *((each, C) for each in oldest)):
        assert f" error: {KIND} {name}" in each.stdout
    for each in oldest:
        assert "take another id of make models" in each.stdout
        assert "make prune removes it" in each.stdout
    assert not any("make repair" in each.stdout for each in (newest, *oldest))


def test_what_changes_nothing_says_so_and_is_not_recorded(three: Path) -> None:
    unchanged = [run(three, KIND, *command) for command in (["accept", A], ["unpin"])]
    roll_back(three, B, kind=KIND)
    before, inode = read_actions(three), (three / "PINNED").stat()
    unchanged += [run(three, KIND, command, B) for command in ("rollback", "accept")]

    assert [each.returncode for each in unchanged] == [0] * 4
    assert all("; nothing changed, and nothing was recorded" in each.stdout for each in unchanged)
    assert read_actions(three) == before
    assert (three / "PINNED").stat() == inode
    assert [action["action"] for action in before] == ["rollback"]


def test_what_changes_something_does_not_say_that_nothing_changed(three: Path) -> None:
    commands = (["rollback", A], ["unpin"], ["accept", B], ["unpin"])
    refuse(three, B)

    said = [run(three, KIND, *command).stdout for command in commands]

    assert not any("nothing changed" in each for each in said)
    assert [each["action"] for each in read_actions(three)] == [name for name, *_ in commands]
