"""The gate of a stage: what is refused does not go live, is not made again, and can be accepted."""

import json
from typing import Any

import pytest

type Stage = Any
"""The fixture of conftest.py; its gate refuses numbers below the setting `least`."""


def verdict(stage: Stage, artifact_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((stage.out / artifact_id / "verdict.json").read_bytes())
    return found


def refused(stage: Stage) -> str:
    """Return the id that REFUSED names, or nothing."""
    path = stage.out / "REFUSED"
    return path.read_text().strip() if path.exists() else ""


@pytest.fixture
def live(stage: Stage) -> str:
    """The id of an artifact of 42 that is live; what is refused in the tests is 2."""
    stage.says()
    stage.provide("1")
    return str(stage.latest().id)


def refuse(stage: Stage) -> str:
    """Run with a limit that 2 does not reach; return the log."""
    stage.configure("least = 10")
    return str(stage.says())


def test_what_is_refused_is_published_and_does_not_become_the_latest(
    stage: Stage, live: str
) -> None:
    log = refuse(stage)

    assert stage.latest().id == live
    assert verdict(stage, refused(stage))["accepted"] is False
    line = log.splitlines()[-1]
    assert f"published, but refused: clean-data {refused(stage)}: 2, expected 10 or more" in line
    assert line.endswith(f"{live} stays live; fix the cause, or accept it anyway")


def test_without_anything_live_it_says_so(stage: Stage) -> None:
    stage.provide("1")

    assert "expected 10 or more; no clean-data is live; fix" in refuse(stage)
    assert not (stage.out / "LATEST").exists()


def test_what_is_refused_is_not_made_again_while_nothing_changes(stage: Stage, live: str) -> None:
    refuse(stage)
    before = stage.files

    log = stage.says()

    assert "refused as before: clean-data" in log
    assert "works" not in log
    assert "judges" not in log
    assert stage.files == before
    assert stage.latest().id == live


def test_other_limits_are_judged_without_new_work(stage: Stage, live: str) -> None:
    refuse(stage)
    name = refused(stage)
    stage.configure("least = 2")

    log = stage.says()

    assert f"judges clean-data {name} anew" in log
    assert "works" not in log
    assert stage.latest().id == name != live
    assert refused(stage) == ""


def test_another_live_one_is_compared_with_anew(stage: Stage, live: str) -> None:
    stage.configure("least_of_live = 0.5")
    stage.says()
    name = refused(stage)
    assert verdict(stage, name)["judged"]["live"] == live
    stage.provide("2")
    stage.run("--accept")
    other = stage.latest().id
    stage.provide("1")

    log = stage.says()

    assert f"judges clean-data {name} anew" in log
    assert verdict(stage, name)["judged"]["live"] == other
    assert stage.latest().id == name


@pytest.fixture
def left(stage: Stage) -> str:
    """The id of an artifact of 2, accepted, then left for 42, which is far better."""
    stage.provide("1")
    stage.configure("least_of_live = 0.5")
    stage.says()
    first = stage.latest().id
    stage.provide("21")
    stage.says()
    stage.provide("1")
    return str(first)


def test_who_goes_back_to_an_earlier_cause_goes_back_to_what_it_gave(
    stage: Stage, left: str
) -> None:
    log = stage.says()

    assert "published before" in log
    assert "judges" not in log
    assert stage.latest().id == left


def test_who_goes_back_by_a_forced_run_goes_back_to_it_too(stage: Stage, left: str) -> None:
    before = verdict(stage, left)

    assert "gave the same bytes as before: clean-data" in stage.says("--force")

    assert stage.latest().id == left
    assert verdict(stage, left) == before


def test_a_forced_run_judges_by_new_limits(stage: Stage, left: str) -> None:
    stage.configure("least_of_live = 0.6")

    assert "but refused: clean-data" in stage.says("--force")

    assert refused(stage) == left != stage.latest().id


def test_the_live_one_is_not_judged_again(stage: Stage) -> None:
    stage.says()
    before = stage.files
    stage.configure("least = 1000")

    assert "unchanged" in stage.says()
    assert stage.files == before


def test_accepting_makes_it_the_latest_and_is_recorded(stage: Stage, live: str) -> None:
    refuse(stage)
    name = refused(stage)

    log = stage.says("--accept", "the scale has changed")

    assert "works" not in log
    assert stage.latest().id == name != live
    found = verdict(stage, name)
    assert found["accepted"] is True
    assert found["reasons"] == ["2, expected 10 or more"]
    assert found["override"]["why"] == "the scale has changed"
    assert found["override"]["who"].startswith("uid ")
    assert found["override"]["when"].endswith("+00:00")
    assert refused(stage) == ""
    stage.latest().verify()


def test_what_is_accepted_by_hand_stays_accepted(stage: Stage, live: str) -> None:
    refuse(stage)
    stage.says("--accept")
    name = stage.latest().id
    stage.provide("21")
    stage.says()
    assert stage.latest().id == live
    stage.provide("1")

    log = stage.says()

    assert "published before" in log
    assert stage.latest().id == name


def test_who_accepts_it_while_it_is_judged_anew_has_the_last_word(stage: Stage, live: str) -> None:
    refuse(stage)
    name = refused(stage)
    stage.configure("least = 11\naccepts_meanwhile = true")

    assert f"judges clean-data {name} anew" in stage.says()

    assert stage.latest().id == name != live
    assert verdict(stage, name)["override"]["who"] == "Ada"


def test_accepting_at_once_publishes_and_records_the_refusal(stage: Stage, live: str) -> None:
    stage.configure("least = 10")

    log = stage.says("--accept")

    assert "works" in log
    assert stage.latest().id != live
    assert verdict(stage, stage.latest().id)["override"]["why"] == ""


def test_accepting_what_is_not_refused_records_nothing(stage: Stage) -> None:
    stage.says("--accept")

    assert "override" not in verdict(stage, stage.latest().id)


def test_a_refusal_can_fail_the_run_each_time(stage: Stage, live: str) -> None:
    stage.configure("least = 10\nfails = true")

    for _ in range(2):
        result = stage.run()

        assert result.returncode == 65
        last = result.stdout.splitlines()[-1]
        assert f"error: clean-data {refused(stage)} is refused: 2, expected 10 or more" in last
        assert stage.failure["exit_code"] == 65
    assert stage.latest().id == live


@pytest.mark.usefixtures("live")
def test_a_refusal_that_fails_the_run_says_every_reason_and_the_remedy(stage: Stage) -> None:
    stage.configure("least = 10\nleast_of_live = 0.5\nfails = true")

    said = stage.run().stdout.splitlines()[-1]

    cause = "2, expected 10 or more, and 2, expected 21 or more"
    hint = "fix the cause, or accept it anyway"
    assert said.endswith(f" is refused: {cause}; {hint}")
    assert stage.failure["cause"].endswith(cause)
    assert stage.failure["hint"] == hint


def test_a_success_forgets_the_refusal(stage: Stage, live: str) -> None:
    refuse(stage)
    stage.provide("21")

    assert "unchanged" in stage.says()
    assert refused(stage) == ""
    assert stage.latest().id == live


def test_a_pinned_volume_stays_whatever_the_gate_says(stage: Stage, live: str) -> None:
    (stage.out / "PINNED").write_text(f"{live}\n")
    refuse(stage)
    name = refused(stage)

    stage.says("--accept")

    assert verdict(stage, name)["accepted"] is True
    assert stage.latest().id == live


def test_a_forced_run_of_what_is_refused_leaves_it_refused(stage: Stage, live: str) -> None:
    refuse(stage)
    name = refused(stage)

    log = stage.says("--force")

    assert "gave the same bytes as before, but refused: clean-data" in log
    assert refused(stage) == name
    assert stage.latest().id == live


def test_a_damaged_one_is_made_again_and_judged(stage: Stage, live: str) -> None:
    refuse(stage)
    name = refused(stage)
    (stage.out / name / "table/part-00000.txt").write_text("torn to bits")

    log = stage.says()

    assert "works" in log
    assert f"refused: clean-data {name}" in log
    assert stage.latest().id == live


def test_the_limits_are_no_part_of_the_cause(stage: Stage) -> None:
    stage.configure("least = 1")
    stage.says()
    name = stage.latest().id
    stage.configure("least = 2")

    assert "unchanged" in stage.says()
    assert stage.latest().id == name
    assert "least" not in stage.latest().manifest["settings"]


def test_refused_ones_do_not_push_out_what_one_can_go_back_to(stage: Stage) -> None:
    accepted = []
    for number in (21, 22):
        stage.configure("keep = 2")
        stage.provide(str(number))
        stage.says()
        accepted.append(stage.latest().id)
    stage.configure("keep = 2\nleast = 10")
    for number in (1, 2, 3, 4):
        stage.provide(str(number))
        stage.says()

    kept = {path.parent.name for path in stage.out.glob("*/manifest.json")}

    assert kept >= set(accepted)
    assert len(kept) == 4
