"""What the kit says of a run that published nothing, and which checks it then leaves out."""

import json
from pathlib import Path

import conformance.checks  # noqa: F401  # registers them
import pytest
from conformance.harness.checking import CHECKS
from conformance.harness.faults import Fault
from conformance.harness.once import Once
from conformance.harness.running import find_out
from conformance.harness.runs import Run, last_lines
from conformance.harness.stages import BATCH
from conformance.harness.subject import Subject
from conformance.validity.outcomes import check_ending
from conformance.validity.published import published

MODEL = "0123456789abcdef"
NEED_NO_ARTIFACT = {
    *("owner", "user", "declared", "publishes", "missing-source", "read-only-output"),
    *("read-only-root", "no-network", "plain-user", "small-tmp"),
    *("unknown-setting", "wrong-setting", "unknown-table", "broken-settings", "missing-settings"),
}


def run_that_ended(folder: Path, code: int, log: str) -> Run:
    return Run(code, log, 1.0, folder)


def refused_run(folder: Path) -> Run:
    (folder / MODEL).mkdir()
    verdict = {"accepted": False, "reasons": ["the graph differs by 0.05", "no better than a mean"]}
    (folder / MODEL / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
    (folder / "REFUSED").write_text(f"{MODEL}\n", encoding="utf-8")
    return run_that_ended(folder, 0, "training\nrefused\n")


def test_the_last_five_lines_of_a_log_are_shown_with_escaped_control_characters() -> None:
    log = "one\ntwo\n\nthree\x1b[31m\nfour\u202e\nfive\nsix\u2028seven\n"

    assert last_lines(log) == "two\nthree\\x1b[31m\nfour\\u202e\nfive\nsix\\u2028seven"


def test_a_failed_run_is_told_with_the_lines_above_the_last(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        published(run_that_ended(tmp_path, 1, "syntax error in csv.awk\nReport the lines above\n"))

    assert caught.value.what == "exit code 1:\nsyntax error in csv.awk\nReport the lines above"


def test_a_refused_model_is_told_with_the_reasons_of_its_gate(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        published(refused_run(tmp_path))

    assert caught.value.what == (
        f"{MODEL} was refused by its own gate: the graph differs by 0.05; no better than a mean;"
        " its log ends with:\ntraining\nrefused"
    )


def test_a_model_that_its_gate_refused_is_not_called_unpublished(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="refused by its own gate"):
        check_ending(refused_run(tmp_path), 65)


def test_a_run_that_ends_well_and_publishes_nothing_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="published nothing; its log ends with:\nnothing to do"):
        published(run_that_ended(tmp_path, 0, "nothing to do\n"))


@pytest.mark.parametrize("stage", BATCH)
def test_no_check_runs_an_image_for_an_artifact_that_it_does_not_publish(
    stage: str, tmp_path: Path
) -> None:
    # Without an engine, a check that starts a container fails.
    subject = Subject(None, "image:1", stage)
    subject.folder = tmp_path
    subject.once("first", lambda: run_that_ended(tmp_path, 1, "a bug"))
    needy = [
        check
        for check in CHECKS
        if stage in check.stages
        and check.name not in NEED_NO_ARTIFACT
        and not (check.name.startswith("refuses-"))
    ]

    verdicts = [find_out(check, subject) for check in needy]
    assert {v.check.name: v.what for v in verdicts if v.verdict != "skip"} == {}
    assert {v.what for v in verdicts} == {
        "the image publishes nothing from the tiny example; see the check `publishes`"
    }


def test_a_run_that_hangs_is_waited_for_once() -> None:
    once, runs = Once(), []

    def hang() -> None:
        runs.append("run")
        raise Fault("still running", "fix")

    for _ in range(2):
        with pytest.raises(Fault, match="still running"):
            once.make("first", hang)

    assert runs == ["run"]
